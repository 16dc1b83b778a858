//! Numbers in records, which are copied digit by digit: no number loses a decimal on its way.

use crate::lines::Text;

/// So many digits before the point fit in 64 bits whatever they are.
const MAX_DIGITS: usize = 19;
/// More decimals are no measurement.
const MAX_DECIMALS: usize = 19;

/// Whether JSON knows the text as a number, and readers can hold it: `-12`, `0.500`, not `007`, `.5` or `1e9`.
pub(super) fn is_number(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let starts_right = digits == 1 || (digits <= MAX_DIGITS && text.first() != Some(&b'0'));
    if digits == 0 || !starts_right {
        return false;
    }
    match &text[digits..] {
        [] => true,
        [b'.', decimals @ ..] => {
            (1..=MAX_DECIMALS).contains(&decimals.len()) && decimals.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    }
}

/// Whether it is a whole number, as a count or a status is.
pub(super) fn is_whole(text: &[u8]) -> bool {
    let starts_right = text.len() == 1 || text.first() != Some(&b'0');
    (1..=MAX_DIGITS).contains(&text.len()) && starts_right && text.iter().all(u8::is_ascii_digit)
}

/// The numbers from 0 to 99, two digits each.
const PAIRS: &[u8; 200] = &{
    let (mut pairs, mut at) = ([0; 200], 0);
    while at < 200 {
        let (tens, ones) = (at / 20, at / 2 % 10);
        (pairs[at], pairs[at + 1]) = (b"0123456789"[tens], b"0123456789"[ones]);
        at += 2;
    }
    pairs
};

/// Appends a whole number.
pub(super) fn push_number(value: u64, out: &mut Text) {
    const ROOM_BYTES: usize = 20;
    let mut digits = [b'0'; ROOM_BYTES];
    let (mut at, mut rest) = (ROOM_BYTES, value);
    while rest > 99 {
        let [pair, ..] = (rest % 100 * 2).to_le_bytes();
        rest /= 100;
        at -= 2;
        digits[at..at + 2].copy_from_slice(&PAIRS[usize::from(pair)..][..2]);
    }
    let [pair, ..] = (rest * 2).to_le_bytes();
    digits[at - 2..at].copy_from_slice(&PAIRS[usize::from(pair)..][..2]);
    // A number of one digit has no zero before it.
    at -= if rest > 9 { 2 } else { 1 };
    out.push_piece(&shifted(&digits, at), ROOM_BYTES - at);
}

/// The end of some digits, from `at` on, as the start of a piece.
#[inline(always)]
fn shifted(digits: &[u8; 20], at: usize) -> [u8; 20] {
    let mut both = [0; 40];
    both[..20].copy_from_slice(digits);
    *both[at.min(20)..].first_chunk().expect("a piece is behind each of them")
}

#[cfg(test)]
mod tests;
