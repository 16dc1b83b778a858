//! Records of a transaction that are not published yet.

use shellac_format::layout::WORD;
use shellac_format::record::{STAMP_BYTES, Stamp};

use super::text::{ROOM_BYTES, Text, Times, put};

/// A buffer of this size goes out although its transaction goes on.
const FULL_BYTES: usize = 12 << 10;
/// Texts up to here are written on the short way.
const SHORT_BYTES: usize = 64;

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
    /// The same for texts that are written on the short way.
    longest_short: usize,
}

impl Buffer {
    /// An empty one for texts of at most `longest` bytes without their NUL.
    pub(super) fn new(longest: usize) -> Buffer {
        let len = FULL_BYTES + STAMP_BYTES + longest + ROOM_BYTES;
        let longest_short = longest.min(SHORT_BYTES);
        Buffer { bytes: vec![0; len].into_boxed_slice(), at: 0, longest, longest_short }
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

    /// Adds a record of `bytes` and returns `true`; changes nothing and returns `false` when that needs
    /// [`Buffer::plain`], or another buffer.
    #[inline(always)]
    pub(super) fn short(&mut self, stamp: &Stamp, number: u8, bytes: &[u8]) -> bool {
        let rest = self.bytes.get_mut(self.at..);
        // One look at how much is left; after it all lengths are known, or known to be below this.
        let room =
            rest.and_then(|rest| rest.first_chunk_mut::<{ STAMP_BYTES + SHORT_BYTES + WORD }>());
        let Some(record) = room.filter(|_| bytes.len() <= self.longest_short) else { return false };
        self.at += write(record, stamp, number, bytes);
        true
    }

    /// Adds a record of `label` and `times` and returns `true`; changes nothing and returns `false` when that needs
    /// [`Buffer::text`], or another buffer.
    #[inline(always)]
    pub(super) fn stamped(
        &mut self,
        stamp: &Stamp,
        number: u8,
        label: &str,
        times: &Times<'_>,
    ) -> bool {
        let rest = self.bytes.get_mut(self.at..);
        let room =
            rest.and_then(|rest| rest.first_chunk_mut::<{ STAMP_BYTES + SHORT_BYTES + WORD }>());
        let (label, len) = (label.as_bytes(), label.len() + Times::USUAL_BYTES);
        let usual = len <= self.longest_short && times.is_usual();
        let Some(record) = room.filter(|_| usual) else { return false };
        record[..STAMP_BYTES].copy_from_slice(stamp.head());
        record[..WORD].copy_from_slice(&stamp.first_word(number, len + 1));
        let text = &mut record[stamp.head_bytes()..];
        text[padded(len) - WORD..padded(len)].copy_from_slice(&[0; WORD]);
        put(text, label);
        let Some(room) = text[label.len()..].first_chunk_mut() else { return false };
        times.usual(room);
        self.at += stamp.head_bytes() + padded(len);
        true
    }

    /// Adds a record of `bytes`, of which what is too long is cut off.
    ///
    /// # Panics
    ///
    /// If it is full or missing, as does [`Buffer::text`].
    pub(super) fn plain(&mut self, stamp: &Stamp, number: u8, bytes: &[u8]) {
        let bytes = &bytes[..bytes.len().min(self.longest)];
        self.at += write(&mut self.bytes[self.at..], stamp, number, bytes);
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

/// Writes a record to the start of `record`; returns its length.
#[inline(always)]
fn write(record: &mut [u8], stamp: &Stamp, number: u8, bytes: &[u8]) -> usize {
    record[..STAMP_BYTES].copy_from_slice(stamp.head());
    record[..WORD].copy_from_slice(&stamp.first_word(number, bytes.len() + 1));
    let text = &mut record[stamp.head_bytes()..];
    // NUL and padding, and in front of them up to three bytes that come now.
    let end = padded(bytes.len());
    text[end - WORD..end].copy_from_slice(&[0; WORD]);
    put(text, bytes);
    stamp.head_bytes() + end
}

/// Bytes of a text of `len` bytes with its NUL and the padding.
#[inline]
const fn padded(len: usize) -> usize {
    (len & !(WORD - 1)) + WORD
}
