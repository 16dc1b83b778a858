//! Single records: decoding, encoding, walking a row of them.

use std::fmt;

use crate::dialect::Dialect;
use crate::layout::{BATCH_TAG, BATCH_WORD, Layout, MARK_TAG, MAX_PAYLOAD_BYTES, WORD};
use crate::tags::Tag;

const CLIENT: u32 = 1 << 30;
const BACKEND: u32 = 1 << 31;
const NUMBER_BITS_30: u32 = (1 << 30) - 1;
const NUMBER_BITS_HIGH: u32 = (1 << 19) - 1;
/// The version field of ordinary records with three header words.
const VERSION: u32 = 1 << 16;

/// A transaction number; 0 stands for "not part of a transaction".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Vxid(pub u64);

impl fmt::Display for Vxid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Which side of the proxy a record belongs to. Sessions carry [`Side::Client`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Side {
    /// Neither.
    #[default]
    None,
    /// A client's connection or request.
    Client,
    /// An attempt at a backend.
    Backend,
}

impl Side {
    /// `c`, `b` or `-`, as the tools print it.
    pub const fn letter(self) -> char {
        match self {
            Side::None => '-',
            Side::Client => 'c',
            Side::Backend => 'b',
        }
    }
}

/// The header of a record, decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The tag's number in the writer's table.
    pub number: u8,
    /// Payload bytes, with the NUL of a text. For a batch: the bytes of all its records.
    pub len_bytes: u32,
    /// The transaction; 0 in a batch.
    pub vxid: Vxid,
    /// The side; [`Side::None`] in a batch.
    pub side: Side,
}

impl Head {
    /// Decodes the header words at the start of `bytes`.
    ///
    /// Returns `None` when `bytes` is shorter than a header. Any words decode to something; whether
    /// that is a record is for [`Head::is_batch`], [`Head::is_mark`] and the caller's bounds to say.
    #[inline]
    pub fn decode(layout: Layout, bytes: &[u8]) -> Option<Head> {
        let word = |index: usize| {
            let at = index * WORD;
            Some(u32::from_ne_bytes(bytes.get(at..at + WORD)?.try_into().ok()?))
        };
        let (first, second) = (word(0)?, word(1)?);
        let third = match layout {
            Layout::Words2 => None,
            Layout::Words3 => Some(word(2)?),
        };
        let number = first.to_be_bytes()[0];
        if number == BATCH_TAG {
            return Some(Head {
                number,
                // An inner record of a filler has its length in word 0 and zero in word 1.
                len_bytes: if first & 0xffff != 0 { first & 0xffff } else { second },
                vxid: Vxid(0),
                side: Side::None,
            });
        }
        let (vxid, side) = owner(second, third);
        Some(Head { number, len_bytes: first & 0xffff, vxid, side })
    }

    /// Whether this is a batch (or an inner record of a filler).
    pub const fn is_batch(&self) -> bool {
        self.number == BATCH_TAG
    }

    /// Whether this is an end or wrap mark.
    pub const fn is_mark(&self) -> bool {
        self.number == MARK_TAG
    }

    /// Bytes of the whole record: header and payload, padded to a word.
    #[inline]
    pub fn record_bytes(&self, layout: Layout) -> usize {
        // 32 bits fit usize on every platform with a 64-bit mapping; saturate rather than wrap elsewhere.
        let len = usize::try_from(self.len_bytes).unwrap_or(usize::MAX - 2 * WORD);
        layout.head_bytes().saturating_add(len.div_ceil(WORD).saturating_mul(WORD))
    }
}

/// Transaction and side, from the words behind the first.
#[inline]
pub(crate) const fn owner(second: u32, third: Option<u32>) -> (Vxid, Side) {
    let (vxid, marks) = match third {
        None => ((second & NUMBER_BITS_30) as u64, second),
        Some(high) => (((high & NUMBER_BITS_HIGH) as u64) << 32 | second as u64, high),
    };
    let side = if marks & CLIENT != 0 {
        Side::Client
    } else if marks & BACKEND != 0 {
        Side::Backend
    } else {
        Side::None
    };
    (Vxid(vxid), side)
}

/// A record: its header and where its payload lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// The tag's number in the writer's table.
    pub number: u8,
    /// The transaction.
    pub vxid: Vxid,
    /// The side.
    pub side: Side,
    /// The payload with the NUL of a text, at most 65,535 bytes.
    pub payload: &'a [u8],
}

impl<'a> Record<'a> {
    /// The tag in `dialect`, or `None` for a number that has no name there.
    #[inline]
    pub fn tag(&self, dialect: Dialect) -> Option<Tag> {
        Tag::from_number(dialect, self.number)
    }

    /// The payload up to the first NUL: what a text tag says.
    pub fn text(&self) -> &'a [u8] {
        match self.payload.iter().position(|&byte| byte == 0) {
            Some(end) => &self.payload[..end],
            None => self.payload,
        }
    }
}

/// Why a row of records cannot be walked any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The header itself is cut off.
    #[error("record header cut off at byte {at}: {have} bytes left")]
    ShortHead {
        /// Where the header starts, in bytes from the start of the row.
        at: usize,
        /// Bytes that are left.
        have: usize,
    },
    /// The payload runs past the end.
    #[error("record at byte {at} needs {need} bytes, {have} are left")]
    ShortPayload {
        /// Where the record starts, in bytes from the start of the row.
        at: usize,
        /// Bytes the whole record needs.
        need: usize,
        /// Bytes that are left.
        have: usize,
    },
    /// A zero word or a mark stands where a record should.
    #[error("no record at byte {at}: tag {number}")]
    NotARecord {
        /// Where, in bytes from the start of the row.
        at: usize,
        /// The tag number found.
        number: u8,
    },
}

/// Walks records that lie one after the other, as in a batch or a file.
///
/// Headers of batches and fillers in between are stepped over, not into: a batch's records follow its
/// header, so they come out one by one; a filler's inner records are skipped whole. After an error the
/// iterator ends, for nothing behind a broken length can be trusted.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    layout: Layout,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Records<'a> {
    /// Walks `bytes`, which starts with a record.
    pub const fn new(layout: Layout, bytes: &'a [u8]) -> Self {
        Records { layout, bytes, at: 0 }
    }

    /// Where the next record starts, in bytes from the start of the row.
    pub const fn position(&self) -> usize {
        self.at
    }

    fn fail(&mut self, error: RecordError) -> Option<Result<Record<'a>, RecordError>> {
        self.at = self.bytes.len();
        Some(Err(error))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, RecordError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = &self.bytes[self.at..];
            if rest.is_empty() {
                return None;
            }
            let at = self.at;
            let Some(head) = Head::decode(self.layout, rest) else {
                return self.fail(RecordError::ShortHead { at, have: rest.len() });
            };
            if head.is_batch()
                && rest[..WORD]
                    == (u32::from_ne_bytes([rest[0], rest[1], rest[2], rest[3]]) & 0xffff_0000)
                        .to_ne_bytes()
            {
                self.at += self.layout.head_bytes();
                continue;
            }
            if head.number == 0 || head.is_mark() {
                return self.fail(RecordError::NotARecord { at, number: head.number });
            }
            let need = head.record_bytes(self.layout);
            if need > rest.len() {
                return self.fail(RecordError::ShortPayload { at, need, have: rest.len() });
            }
            self.at += need;
            if head.is_batch() {
                continue;
            }
            let start = self.layout.head_bytes();
            // `need <= rest.len()` bounds the length, so the conversion and the slice hold.
            let len = head.len_bytes as usize;
            return Some(Ok(Record {
                number: head.number,
                vxid: head.vxid,
                side: head.side,
                payload: &rest[start..start + len],
            }));
        }
    }
}

/// Bytes that [`Stamp::head`] has: a header and what is written over by the text behind it.
pub const STAMP_BYTES: usize = 4 * WORD;

/// What all records of a transaction have in their headers.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    /// A header without tag and length, and zeros.
    bytes: [u8; STAMP_BYTES],
    layout: Layout,
}

impl Stamp {
    /// Of a transaction; `vxid` is reduced to the bits of the layout.
    pub fn new(layout: Layout, vxid: Vxid, side: Side) -> Stamp {
        let marks = match side {
            Side::None => 0,
            Side::Client => CLIENT,
            Side::Backend => BACKEND,
        };
        let [low, high] = split(vxid.0 & layout.max_vxid());
        let words = match layout {
            Layout::Words2 => [0, low | marks, 0],
            Layout::Words3 => [0, low, high | marks],
        };
        let mut stamp = Stamp { bytes: [0; STAMP_BYTES], layout };
        for (place, word) in stamp.bytes.chunks_exact_mut(WORD).zip(words) {
            place.copy_from_slice(&word.to_ne_bytes());
        }
        stamp
    }

    /// Bytes of a header: the first ones of [`Stamp::head`].
    #[inline]
    pub const fn head_bytes(&self) -> usize {
        self.layout.head_bytes()
    }

    /// A header without tag and length, and zeros behind it.
    #[inline]
    pub const fn head(&self) -> &[u8; STAMP_BYTES] {
        &self.bytes
    }

    /// The first word of a header, with the tag and the length of a payload of at most 65,535 bytes.
    #[inline]
    pub fn first_word(&self, number: u8, len_bytes: usize) -> [u8; WORD] {
        debug_assert!(len_bytes <= MAX_PAYLOAD_BYTES, "{len_bytes} bytes fit no header");
        #[allow(clippy::cast_possible_truncation, reason = "the other bits are cut off first")]
        let len = (len_bytes & MAX_PAYLOAD_BYTES) as u32;
        let version = match self.layout {
            Layout::Words2 => 0,
            Layout::Words3 => VERSION,
        };
        (u32::from(number) << 24 | version | len).to_ne_bytes()
    }
}

/// Appends one record to `out`, padded to a word.
///
/// `payload` is written as it is: a text brings its NUL. It is cut at 65,535 bytes, the most a header
/// can say; `vxid` is reduced to the bits of the layout.
pub fn encode(
    out: &mut Vec<u8>,
    layout: Layout,
    number: u8,
    vxid: Vxid,
    side: Side,
    payload: &[u8],
) {
    let payload = &payload[..payload.len().min(MAX_PAYLOAD_BYTES)];
    let stamp = Stamp::new(layout, vxid, side);
    out.extend_from_slice(&stamp.first_word(number, payload.len()));
    out.extend_from_slice(&stamp.bytes[WORD..stamp.head_bytes()]);
    out.extend_from_slice(payload);
    let padding = payload.len().next_multiple_of(WORD) - payload.len();
    out.extend_from_slice(&[0; WORD][..padding]);
}

/// Appends one text record: `text` and its NUL, cut so that both fit `max_len_bytes`.
pub fn encode_text(
    out: &mut Vec<u8>,
    layout: Layout,
    number: u8,
    vxid: Vxid,
    side: Side,
    text: &[u8],
    max_len_bytes: usize,
) {
    let room = max_len_bytes.clamp(1, MAX_PAYLOAD_BYTES) - 1;
    let text = &text[..text.len().min(room)];
    let start = out.len();
    encode(out, layout, number, vxid, side, text);
    let padded = (text.len() + 1).next_multiple_of(WORD);
    out.resize(start + layout.head_bytes() + padded, 0);
    // The NUL counts: raise the length in word 0 by one.
    let word = u32::from_ne_bytes([out[start], out[start + 1], out[start + 2], out[start + 3]]) + 1;
    out[start..start + WORD].copy_from_slice(&word.to_ne_bytes());
}

/// Appends the header of a batch of `len_bytes` payload bytes (a multiple of 4).
pub fn encode_batch_head(out: &mut Vec<u8>, layout: Layout, len_bytes: u32) {
    out.extend_from_slice(&BATCH_WORD.to_ne_bytes());
    out.extend_from_slice(&len_bytes.to_ne_bytes());
    if layout == Layout::Words3 {
        out.extend_from_slice(&0u32.to_ne_bytes());
    }
}

fn split(number: u64) -> [u32; 2] {
    let bytes = number.to_le_bytes();
    [
        u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]),
        u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]),
    ]
}

#[cfg(test)]
mod tests;
