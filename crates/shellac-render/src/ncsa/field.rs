//! Parts of a payload, as the stock tool takes them apart.

use std::ops::Range;

use super::wide::{gathered, spaces};

/// What C calls a space.
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// `range` of `bytes` without spaces at its ends.
#[inline]
pub(super) fn trimmed(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let Range { mut start, mut end } = range;
    while start < end && is_space(bytes[start]) {
        start += 1;
    }
    while end > start && is_space(bytes[end - 1]) {
        end -= 1;
    }
    start..end
}

/// The `wanted`th word of `range`, from 1.
pub(super) fn word(bytes: &[u8], range: Range<usize>, wanted: usize) -> Option<Range<usize>> {
    let Range { start, end } = range;
    // A bit for each byte that is a space, if they fit.
    let Some(spaces) = spaces_of(bytes, start, end) else {
        return one_by_one(bytes, range, wanted);
    };
    let mut beginnings = !spaces & (spaces << 1 | 1);
    for _ in 1..wanted {
        beginnings &= beginnings.wrapping_sub(1);
    }
    if beginnings == 0 {
        return None;
    }
    let first = beginnings.trailing_zeros();
    let len = (spaces >> first).trailing_zeros();
    let first = start + first as usize;
    Some(first..first + len as usize)
}

/// A bit for each byte from `start` on that is a space; what is behind `end` counts as one, and there is such a bit.
#[inline]
fn spaces_of(bytes: &[u8], start: usize, end: usize) -> Option<u64> {
    const BITS: usize = u64::BITS as usize;
    let len = end.checked_sub(start).filter(|len| *len < BITS)?;
    // What is there behind the end is looked at too, as that costs less than knowing where it is.
    let (words, _) = bytes.get(start..start + len.next_multiple_of(8))?.as_chunks::<8>();
    let mut bits = u64::MAX << len;
    for (at, word) in words.iter().enumerate() {
        bits |= gathered(spaces(u64::from_le_bytes(*word))) << (8 * at);
    }
    Some(bits)
}

/// The same for what is longer, or lies where nothing is behind it.
fn one_by_one(bytes: &[u8], range: Range<usize>, wanted: usize) -> Option<Range<usize>> {
    let Range { mut start, end } = range;
    let mut number = 0;
    loop {
        while start < end && is_space(bytes[start]) {
            start += 1;
        }
        if start == end {
            return None;
        }
        let mut stop = start;
        while stop < end && !is_space(bytes[stop]) {
            stop += 1;
        }
        number += 1;
        if number == wanted {
            return Some(start..stop);
        }
        start = stop;
    }
}

/// What is behind `prefix`, in upper or lower case, and the blanks that follow it.
#[inline]
pub(super) fn after(bytes: &[u8], range: Range<usize>, prefix: &[u8]) -> Option<Range<usize>> {
    let Range { start, end } = range;
    let text = &bytes[start..end];
    if text.len() < prefix.len() || !text[..prefix.len()].eq_ignore_ascii_case(prefix) {
        return None;
    }
    Some(behind_blanks(bytes, start + prefix.len()..end))
}

/// `range` from behind the blanks at its start on.
#[inline]
pub(super) fn behind_blanks(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let blanks = bytes[range.clone()].iter().take_while(|&&byte| byte == b' ').count();
    range.start + blanks..range.end
}

/// A number as `strtod` reads it, all of the text.
pub(super) fn decimal(text: &[u8]) -> Option<f64> {
    exact(text).or_else(|| std::str::from_utf8(text).ok()?.parse().ok())
}

/// Digits, a point, digits, few enough for a number without rounding before the division.
fn exact(text: &[u8]) -> Option<f64> {
    const POWERS: [f64; 10] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
    const MAX_EXACT: u64 = 1 << 53;
    let mut mantissa: u64 = 0;
    let mut point = None;
    if text.len() > 18 {
        return None;
    }
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => mantissa = mantissa * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() && at > 0 => point = Some(at),
            _ => return None,
        }
    }
    let decimals = point.map_or(0, |at| text.len() - at - 1);
    if text.is_empty() || mantissa > MAX_EXACT {
        return None;
    }
    #[allow(clippy::cast_precision_loss, reason = "it is at most 2^53")]
    POWERS.get(decimals).map(|power| mantissa as f64 / power)
}

#[cfg(test)]
mod tests;
