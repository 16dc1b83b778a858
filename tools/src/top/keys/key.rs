//! The part of a payload that is counted.

/// Which part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// The whole text: up to the first NUL.
    Text,
    /// Its first field: up to the first colon or space.
    Field,
}

/// Bytes that are looked at together. What ends before has its length without a branch, so that one short text after the
/// other costs the same whatever they are.
const WINDOW_BYTES: usize = size_of::<u128>();
/// Each byte 1, each byte 128.
const ONES: u128 = u128::MAX / 0xff;
const TOPS: u128 = ONES << 7;

impl Key {
    /// The key of a payload of `len_bytes`, which begins as `window` does, as the lower bytes of a number; 0 is none. `None`:
    /// it is longer than 15 bytes.
    #[inline]
    pub(super) fn short(self, window: &[u8; WINDOW_BYTES], len_bytes: usize) -> Option<u128> {
        let word = u128::from_le_bytes(*window);
        let ends = match self {
            Key::Text => zeros(word),
            Key::Field => {
                zeros(word) | zeros(word ^ of(b':')) | zeros(word ^ of(b' ')) | controls(word)
            }
        };
        let len =
            (ends.trailing_zeros() / u8::BITS).min(u32::try_from(len_bytes).unwrap_or(u32::MAX));
        // Bits of the text; all of them are none that the shift can do.
        let bits = len * u8::BITS;
        (bits < u128::BITS).then(|| word & !(u128::MAX << bits))
    }

    /// The key of a payload.
    pub(super) fn of(self, payload: &[u8]) -> &[u8] {
        let end = match self {
            Key::Text => memchr::memchr(0, payload),
            Key::Field => {
                payload.iter().position(|byte| matches!(byte, 0 | b':' | b' ' | b'\t'..=b'\r'))
            }
        };
        &payload[..end.unwrap_or(payload.len())]
    }
}

/// Each byte this one.
const fn of(byte: u8) -> u128 {
    ONES * byte as u128
}

/// The top bit of the first byte that is 0, and perhaps of some behind it.
const fn zeros(word: u128) -> u128 {
    word.wrapping_sub(ONES) & !word & TOPS
}

/// The top bits of the bytes from tab to carriage return. None of the sums carries: they are of seven bits each.
const fn controls(word: u128) -> u128 {
    let low = word & !TOPS;
    let from_tab = low + of(0x80 - b'\t');
    let behind = low + of(0x80 - (b'\r' + 1));
    from_tab & !behind & !word & TOPS
}

#[cfg(test)]
mod tests;
