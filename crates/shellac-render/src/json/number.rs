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
    is_number(text) && text.iter().all(u8::is_ascii_digit)
}

/// Appends a whole number.
pub(super) fn push_number(value: u64, out: &mut Text) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = value;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10).to_le_bytes()[0];
        rest /= 10;
        if rest == 0 {
            return out.push(&digits[at..]);
        }
    }
}
