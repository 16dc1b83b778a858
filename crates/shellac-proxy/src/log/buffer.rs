//! Records of a transaction that are not published yet.

use shellac_format::layout::WORD;
use shellac_format::record::{STAMP_BYTES, Stamp};

use super::rows::Block;
use super::text::{Face, ROOM_BYTES, Text, Times, put};

/// A buffer of this size goes out although its transaction goes on.
const FULL_BYTES: usize = 12 << 10;
/// Texts up to here are written on the short way.
const SHORT_BYTES: usize = 64;
/// Labels of times are no longer, on the short way.
const LABEL_BYTES: usize = 16;
/// What may be written behind a text and its NUL.
const BEHIND_BYTES: usize = 16;
/// Room for any record that is written on the short way.
const SHORT_ROOM_BYTES: usize = STAMP_BYTES + SHORT_BYTES + BEHIND_BYTES;

/// Room for records, put together in place.
///
/// Its length never changes, and while it is not full there is room for the longest record.
#[derive(Default)]
pub(super) struct Buffer {
    bytes: Box<[u8]>,
    /// Where the next record starts, a whole number of words.
    at: usize,
    /// Bytes of the longest text, without its NUL.
    longest: usize,
}

impl Buffer {
    /// An empty one for texts of at most `longest` bytes without their NUL.
    pub(super) fn new(longest: usize) -> Buffer {
        let len = FULL_BYTES + STAMP_BYTES + longest + ROOM_BYTES;
        Buffer { bytes: vec![0; len].into_boxed_slice(), at: 0, longest }
    }

    /// Whether it has no room at all: what stands where a transaction has no buffer.
    #[inline]
    pub(super) fn is_missing(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether there is something to publish.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.at == 0
    }

    /// Whether there may be no room for another record.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.at >= FULL_BYTES
    }

    /// Whole records.
    #[inline]
    pub(super) fn records(&self) -> &[u8] {
        &self.bytes[..self.at]
    }

    #[inline]
    pub(super) fn clear(&mut self) {
        self.at = 0;
    }

    /// Room for a record on the short way of a text of `len` bytes; `None` when that needs another way, or another buffer.
    #[inline(always)]
    fn short_room(&mut self, len: usize) -> Option<&mut [u8; SHORT_ROOM_BYTES]> {
        if len > self.longest {
            return None;
        }
        self.bytes.get_mut(self.at..)?.first_chunk_mut()
    }

    /// Adds a record of `bytes` and returns `true`; changes nothing and returns `false` when that needs
    /// [`Buffer::plain`], or another buffer.
    #[inline(always)]
    pub(super) fn short(&mut self, stamp: &Stamp, number: u8, bytes: &[u8]) -> bool {
        // After these looks at what there is all lengths are known, or known to be below what they may be.
        if bytes.len() > SHORT_BYTES {
            return false;
        }
        let Some(record) = self.short_room(bytes.len()) else { return false };
        self.at += write(record, Start::of(stamp, number), bytes);
        true
    }

    /// Adds a record of `len` bytes that `fill` writes, to room for [`SHORT_BYTES`] and [`BEHIND_BYTES`] of which the last
    /// of the text, its NUL and padding are zero, and returns `true`; changes nothing and returns `false` when that needs
    /// [`Buffer::text`], or another buffer.
    #[inline(always)]
    pub(super) fn filled(
        &mut self,
        stamp: &Stamp,
        number: u8,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> bool {
        if len > SHORT_BYTES {
            return false;
        }
        let Some(record) = self.short_room(len) else { return false };
        record[..STAMP_BYTES].copy_from_slice(stamp.head());
        record[..WORD].copy_from_slice(&stamp.first_word(number, len + 1));
        let text = &mut record[stamp.head_bytes()..];
        text[padded(len) - WORD..padded(len)].copy_from_slice(&[0; WORD]);
        fill(text);
        self.at += stamp.head_bytes() + padded(len);
        true
    }

    /// Adds a record for each of `texts`, up to the first for which [`Buffer::short`] would be `false`. Returns how many, and
    /// that one.
    #[inline(always)]
    pub(super) fn shorts<'t>(
        &mut self,
        stamp: &Stamp,
        number: u8,
        texts: &mut impl Iterator<Item = &'t [u8]>,
    ) -> (u64, Option<&'t [u8]>) {
        // Nothing in the loop is in memory but what is copied.
        let (start, longest) = (Start::of(stamp, number), self.longest.min(SHORT_BYTES));
        let (bytes, mut at, mut done) = (&mut *self.bytes, self.at, 0);
        let rest = loop {
            let Some(text) = texts.next() else { break None };
            let room = bytes.get_mut(at..).and_then(|rest| rest.first_chunk_mut());
            let Some(record) = room.filter(|_| text.len() <= longest) else { break Some(text) };
            let record: &mut [u8; SHORT_ROOM_BYTES] = record;
            at += write(record, start, text);
            done += 1;
        };
        self.at = at;
        (done, rest)
    }

    /// Adds a record of `label` and `times`, which `face` shows, and returns `true`; changes nothing and returns `false`
    /// when that needs [`Buffer::text`], or another buffer.
    #[inline(always)]
    pub(super) fn stamped(
        &mut self,
        stamp: &Stamp,
        number: u8,
        label: &str,
        times: &Times,
        face: &Face,
    ) -> bool {
        let label = label.as_bytes();
        if label.len() > LABEL_BYTES {
            return false;
        }
        let len = label.len() + Times::BYTES;
        let Some(record) = self.short_room(len) else { return false };
        record[..STAMP_BYTES].copy_from_slice(stamp.head());
        record[..WORD].copy_from_slice(&stamp.first_word(number, len + 1));
        let text = &mut record[stamp.head_bytes()..];
        put(text, label);
        let front = label.len();
        text[front..front + face.text().len()].copy_from_slice(face.text());
        // NUL and padding, and in front of them what comes now.
        text[padded(len) - WORD..padded(len)].copy_from_slice(&[0; WORD]);
        text[front + Face::BYTES..len].copy_from_slice(&times.last(face));
        self.at += stamp.head_bytes() + padded(len);
        true
    }

    /// Adds the records of `block` and returns `true`; changes nothing and returns `false` when they need to be written one
    /// by one.
    #[inline(always)]
    pub(super) fn row(&mut self, stamp: &Stamp, block: &Block) -> bool {
        let rest = self.bytes.get_mut(self.at..);
        let Some(room) = rest.and_then(|rest| rest.first_chunk_mut()) else { return false };
        if !block.is_whole() {
            return false;
        }
        block.write(room, stamp);
        self.at += block.len();
        true
    }

    /// Adds a record of `bytes`, of which what is too long is cut off.
    ///
    /// # Panics
    ///
    /// If it is full or missing, as does [`Buffer::text`].
    pub(super) fn plain(&mut self, stamp: &Stamp, number: u8, bytes: &[u8]) {
        let bytes = &bytes[..bytes.len().min(self.longest)];
        self.at += write(&mut self.bytes[self.at..], Start::of(stamp, number), bytes);
    }

    /// Adds a record of what `fill` writes, of which what is too long is cut off.
    #[inline]
    pub(super) fn text(&mut self, stamp: &Stamp, number: u8, fill: impl FnOnce(&mut Text<'_>)) {
        let record = &mut self.bytes[self.at..];
        record[..STAMP_BYTES].copy_from_slice(stamp.head());
        let mut text = Text::new(&mut record[stamp.head_bytes()..], self.longest);
        fill(&mut text);
        let len = text.finish();
        record[..WORD].copy_from_slice(&stamp.first_word(number, len + 1));
        self.at += stamp.head_bytes() + padded(len);
    }
}

/// What the records of a transaction with one tag start with.
#[derive(Clone, Copy)]
struct Start {
    head: [u8; STAMP_BYTES],
    head_bytes: usize,
    /// The first word of one without a text but its NUL. The length is in its low bits.
    first: u32,
}

impl Start {
    #[inline(always)]
    fn of(stamp: &Stamp, number: u8) -> Start {
        let first = u32::from_ne_bytes(stamp.first_word(number, 1));
        Start { head: *stamp.head(), head_bytes: stamp.head_bytes(), first }
    }
}

/// Writes a record to the start of `record`; returns its length.
#[inline(always)]
fn write(record: &mut [u8], start: Start, bytes: &[u8]) -> usize {
    record[..STAMP_BYTES].copy_from_slice(&start.head);
    #[allow(clippy::cast_possible_truncation, reason = "at most 65,534 bytes, see `Grammar`")]
    let first = start.first + bytes.len() as u32;
    record[..WORD].copy_from_slice(&first.to_ne_bytes());
    let text = &mut record[start.head_bytes..];
    // NUL and padding, and in front of them up to three bytes that come now.
    let end = padded(bytes.len());
    text[end - WORD..end].copy_from_slice(&[0; WORD]);
    put(text, bytes);
    start.head_bytes + end
}

/// Bytes of a text of `len` bytes with its NUL and the padding.
#[inline]
const fn padded(len: usize) -> usize {
    (len & !(WORD - 1)) + WORD
}
