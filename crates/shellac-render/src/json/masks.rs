//! What is known of 64 bytes, a bit for each: which are blanks and which are digits. So words and numbers are found
//! without a look at every byte.

use super::number::is_number;

const ONES: u64 = u64::MAX / 255;
const HIGH: u64 = ONES << 7;
const LOW: u64 = !HIGH;

/// The highest bits of eight bytes as eight bits.
#[inline(always)]
const fn gathered(high: u64) -> u64 {
    (high >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// The highest bit of each byte that is this one.
#[inline(always)]
const fn equal(word: u64, byte: u8) -> u64 {
    let rest = word ^ (ONES * byte as u64);
    // No sum of seven bits and less than 128 leaves its byte.
    !(((rest & LOW) + LOW) | rest) & HIGH
}

/// Where the first colon of a chunk is; 64 without one.
#[inline(always)]
pub(super) fn colon(chunk: &[u8; 64]) -> usize {
    for (at, bytes) in chunk.as_chunks::<8>().0.iter().enumerate() {
        let found = equal(u64::from_le_bytes(*bytes), b':');
        if found != 0 {
            return at * 8 + (found.trailing_zeros() / 8) as usize;
        }
    }
    64
}

/// What is known of the bytes of a chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Masks {
    blanks: u64,
    digits: u64,
}

impl Masks {
    #[inline(always)]
    pub(super) fn of(chunk: &[u8; 64]) -> Masks {
        let mut masks = Masks { blanks: 0, digits: 0 };
        for (at, bytes) in chunk.as_chunks::<8>().0.iter().enumerate() {
            let word = u64::from_le_bytes(*bytes);
            let value = word ^ (ONES * 0x30);
            let digits = !(((value & LOW) + ONES * 0x76) | value) & HIGH;
            masks.blanks |= gathered(equal(word, b' ')) << (8 * at);
            masks.digits |= gathered(digits) << (8 * at);
        }
        masks
    }

    /// Where the first blank at `from` or behind it is, or `end`.
    #[inline(always)]
    pub(super) fn blank(self, from: usize, end: usize) -> usize {
        let left = self.blanks.checked_shr(u32::try_from(from).unwrap_or(u32::MAX)).unwrap_or(0);
        (from + left.trailing_zeros() as usize).min(end)
    }

    /// Whether the bytes of the chunk from one place to another are a number.
    #[inline(always)]
    pub(super) fn is_number(self, chunk: &[u8; 64], from: usize, end: usize) -> bool {
        let (from, end) = (from.min(63), end.min(63));
        if chunk[from] == b'-' {
            return chunk.get(from..end).is_some_and(is_number);
        }
        let digits = (self.digits >> from).trailing_ones() as usize;
        let digits = digits.min(end.saturating_sub(from));
        let starts_right = digits == 1 || (digits > 1 && digits < 20 && chunk[from] != b'0');
        let behind = from + digits;
        if !starts_right || behind == end {
            return starts_right && behind == end;
        }
        let decimals_at = behind + 1;
        if chunk[behind.min(63)] == b'.' && decimals_at < end && end - decimals_at < 20 {
            let decimals = (self.digits >> decimals_at).trailing_ones() as usize;
            return decimals_at + decimals >= end;
        }
        chunk.get(from..end).is_some_and(is_number)
    }
}

#[cfg(test)]
mod tests;
