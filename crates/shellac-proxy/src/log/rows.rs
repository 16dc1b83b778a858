//! Rows of records that are the same in nearly every transaction: put together once, and copied from then on.

use shellac_format::record::{STAMP_BYTES, Stamp};
use shellac_format::{Layout, Side, Tag, Vxid};

use shellac_format::layout::WORD;

use super::buffer::Buffer;
use super::events::BodyKind;

/// A row of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    /// A request is passed to a backend: all states up to that.
    Pass,
    /// A request to a backend is about to be sent.
    Fetch,
    /// A response is about to be delivered.
    Deliver,
    /// The beginning of a head to a client that says `200 OK`.
    RespOk,
    /// The same of a head from a backend.
    BerespOk,
    /// How a response is kept, and how its body comes: one for each kind.
    NoBody,
    Chunked,
    Length,
    Eof,
}

impl Row {
    /// All of them, each at its number.
    const ALL: [Row; 9] = [
        Row::Pass,
        Row::Fetch,
        Row::Deliver,
        Row::RespOk,
        Row::BerespOk,
        Row::NoBody,
        Row::Chunked,
        Row::Length,
        Row::Eof,
    ];

    /// How a response is kept, and that its body comes as `kind`.
    pub(super) const fn body(kind: BodyKind) -> Row {
        match kind {
            BodyKind::None => Row::NoBody,
            BodyKind::Chunked => Row::Chunked,
            BodyKind::Length => Row::Length,
            BodyKind::Eof => Row::Eof,
        }
    }

    /// Tags and texts.
    pub(super) const fn records(self) -> &'static [(Tag, &'static [u8])] {
        match self {
            Row::Pass => &[
                (Tag::VclCall, b"RECV"),
                (Tag::VclReturn, b"pass"),
                (Tag::VclCall, b"HASH"),
                (Tag::VclReturn, b"lookup"),
                (Tag::VclCall, b"PASS"),
                (Tag::VclReturn, b"fetch"),
            ],
            Row::Fetch => &[(Tag::VclCall, b"BACKEND_FETCH"), (Tag::VclReturn, b"fetch")],
            Row::Deliver => &[(Tag::VclCall, b"DELIVER"), (Tag::VclReturn, b"deliver")],
            Row::RespOk => &[
                (Tag::RespProtocol, b"HTTP/1.1"),
                (Tag::RespStatus, b"200"),
                (Tag::RespReason, b"OK"),
            ],
            Row::BerespOk => &[
                (Tag::BerespProtocol, b"HTTP/1.1"),
                (Tag::BerespStatus, b"200"),
                (Tag::BerespReason, b"OK"),
            ],
            Row::NoBody => const { &kept(BodyKind::None) },
            Row::Chunked => const { &kept(BodyKind::Chunked) },
            Row::Length => const { &kept(BodyKind::Length) },
            Row::Eof => const { &kept(BodyKind::Eof) },
        }
    }
}

/// Tags and texts of [`Row::body`].
const fn kept(kind: BodyKind) -> [(Tag, &'static [u8]); 3] {
    [(Tag::Filters, b""), (Tag::Storage, b"malloc Transient"), (Tag::FetchBody, kind.text())]
}

/// The blocks of all rows.
pub(super) struct Blocks([Block; Row::ALL.len()]);

impl Blocks {
    /// None yet: everything is written one by one.
    pub(super) const NONE: Blocks = Blocks([Block::NONE; Row::ALL.len()]);

    /// Of texts of at most `longest` bytes, with tags as `number` says: 0 for one that is left out.
    pub(super) fn new(layout: Layout, longest: usize, number: impl Fn(Tag) -> u8) -> Blocks {
        Blocks(Row::ALL.map(|row| Block::new(row, layout, longest, &number)))
    }

    /// The block of `row`.
    #[inline]
    pub(super) const fn of(&self, row: Row) -> &Block {
        &self.0[row as usize]
    }
}

/// The most records that a row has.
const MOST: usize = 6;

/// A row as it is copied: records of no transaction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    /// Of a length that is known, so that copying it is a few moves.
    bytes: [u8; Block::BYTES],
    /// How many of them there are.
    len: usize,
    /// Where the records start.
    starts: [u8; MOST],
    records: usize,
    whole: bool,
}

impl Block {
    /// More than any row has.
    pub(super) const BYTES: usize = 128;

    const NONE: Block =
        Block { bytes: [0; Block::BYTES], len: 0, starts: [0; MOST], records: 0, whole: false };

    fn new(row: Row, layout: Layout, longest: usize, number: impl Fn(Tag) -> u8) -> Block {
        let stamp = Stamp::new(layout, Vxid(0), Side::None);
        let mut buffer = Buffer::new(longest);
        let mut block = Block { whole: true, ..Block::NONE };
        for (tag, text) in row.records() {
            let number = number(*tag);
            if number == 0 {
                continue;
            }
            let start = u8::try_from(buffer.records().len());
            let (Some(place), Ok(start)) = (block.starts.get_mut(block.records), start) else {
                return Block::NONE;
            };
            *place = start;
            block.records += 1;
            buffer.plain(&stamp, number, text);
        }
        let records = buffer.records();
        let Some(bytes) = block.bytes.get_mut(..records.len()) else { return Block::NONE };
        bytes.copy_from_slice(records);
        block.len = records.len();
        block
    }

    /// Whether it is the whole row, and not none for a row that is written one by one.
    #[inline]
    pub(super) const fn is_whole(&self) -> bool {
        self.whole
    }

    /// Bytes of its records.
    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// How many records it has.
    #[inline]
    pub(super) const fn records(&self) -> usize {
        self.records
    }

    /// Writes its records as those of the transaction of `stamp`. What is behind them is to be written over.
    #[inline(always)]
    pub(super) fn write(&self, room: &mut [u8; Block::BYTES], stamp: &Stamp) {
        const THREE_WORDS: usize = 3 * WORD;
        *room = self.bytes;
        let owner: &[u8; STAMP_BYTES] = stamp.head();
        let starts = self.starts[..self.records].iter().map(|start| usize::from(*start) + WORD);
        // Headers end with the words of their transaction: of lengths that are known here.
        if stamp.head_bytes() == THREE_WORDS {
            starts.for_each(|at| room[at..at + 2 * WORD].copy_from_slice(&owner[WORD..3 * WORD]));
        } else {
            starts.for_each(|at| room[at..at + WORD].copy_from_slice(&owner[WORD..2 * WORD]));
        }
    }
}

#[cfg(test)]
mod tests;
