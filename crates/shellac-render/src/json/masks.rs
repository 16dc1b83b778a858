//! What is known of 64 bytes, a bit for each: which are odd, blanks or digits. So words and numbers are found without a
//! look at every byte.

use shellac_sys::wide::Ask;

use super::number::is_number;

/// Which bytes do not stand for themselves in a JSON string or on a terminal.
#[inline(always)]
pub(super) fn odd<const LEN: usize>(ask: impl Ask, bytes: &[u8; LEN]) -> u64 {
    // From DEL on, and behind 255 what is before the blank.
    ask.within_or(bytes, 0x7f, 0xa0, [b'"', b'\\'])
}

/// Which bytes are digits.
#[inline(always)]
pub(super) fn digits<const LEN: usize>(ask: impl Ask, bytes: &[u8; LEN]) -> u64 {
    ask.within(bytes, b'0', 9)
}

/// What is known of the bytes of a chunk that has nothing odd.
#[derive(Clone, Copy, Debug)]
pub(super) struct Masks {
    pub(super) blanks: u64,
    digits: u64,
}

impl Masks {
    #[inline(always)]
    pub(super) fn of(ask: impl Ask, chunk: &[u8; 64]) -> Masks {
        Masks { blanks: ask.equal(chunk, b' '), digits: digits(ask, chunk) }
    }

    /// Whether the bytes of the chunk from one place to another are a number.
    #[inline(always)]
    pub(super) fn is_number(self, chunk: &[u8; 64], from: usize, end: usize) -> bool {
        let (from, end) = (from.min(63), end.min(63));
        let digits = (self.digits >> from).trailing_ones() as usize;
        // Most are counts and ports.
        let is_count = digits > 0
            && digits < 20
            && from + digits == end
            && (digits == 1 || chunk[from] != b'0');
        is_count || is_other_number(chunk, from, end)
    }
}

#[inline(never)]
fn is_other_number(chunk: &[u8; 64], from: usize, end: usize) -> bool {
    chunk.get(from..end).is_some_and(is_number)
}

#[cfg(test)]
mod tests;
