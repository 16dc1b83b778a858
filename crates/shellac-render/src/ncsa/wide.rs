//! Eight bytes at once, in a number: what short texts are looked through with, whose lengths nobody can foretell.
//!
//! The first byte is the lowest. An answer has the top bit of each byte that it is about.

/// The top bits of all bytes.
const TOPS: u64 = of(0x80);

/// Each byte this one.
const fn of(byte: u8) -> u64 {
    u64::MAX / 0xff * byte as u64
}

/// The bytes that are 0.
const fn zeros(word: u64) -> u64 {
    // The sum does not carry: it is of seven bits each.
    !(((word & !TOPS) + !TOPS) | word) & TOPS
}

/// The bytes that are spaces to C.
#[inline]
pub(super) const fn spaces(word: u64) -> u64 {
    let low = word & !TOPS;
    let from_tab = low + of(0x80 - b'\t');
    let behind = low + of(0x80 - (b'\r' + 1));
    (from_tab & !behind & !word & TOPS) | zeros(word ^ of(b' '))
}

/// The bytes that do not stand for themselves within quotation marks: the first of them, and perhaps some behind it.
#[inline]
pub(super) const fn odd(word: u64) -> u64 {
    let below_blank = word.wrapping_sub(of(b' '));
    let above_tilde = word.wrapping_add(of(0x80 - 0x7f)) | word;
    ((below_blank & !word) | above_tilde) & TOPS | zeros(word ^ of(b'"')) | zeros(word ^ of(b'\\'))
}

/// Whether all bytes stand for themselves within quotation marks.
#[inline]
pub(super) fn all_plain(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    let is_odd = |byte: u8| !(b' '..=b'~').contains(&byte) || byte == b'"' || byte == b'\\';
    let tops = words.iter().fold(0, |tops, word| tops | odd(u64::from_le_bytes(*word)));
    let tops_of_rest = match bytes.last_chunk::<8>() {
        // Some of it is looked at twice, which costs less than one byte after the other.
        Some(word) => odd(u64::from_le_bytes(*word)),
        None => u64::from(rest.iter().any(|&byte| is_odd(byte))),
    };
    tops | tops_of_rest == 0
}

/// A bit for each byte, that of the first the lowest.
#[inline]
pub(super) const fn gathered(tops: u64) -> u64 {
    // Each product has a place of its own, so nothing carries.
    (tops >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

#[cfg(test)]
mod tests;
