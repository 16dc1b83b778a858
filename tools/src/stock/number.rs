//! Numbers in arguments, read as C reads them, because scripts rely on what it accepts.

use std::time::Duration;

/// `strtol`: blanks, a sign, digits of the base, and what follows. No digits: 0 and the whole text.
///
/// `radix` 0 takes `0x` for 16 and `0` for 8. A number that is too large is the largest.
pub(crate) fn strtol(text: &str, radix: u32) -> (i64, &str) {
    let digits = text.trim_start_matches(is_blank);
    let (negative, digits) = match digits.as_bytes().first() {
        Some(b'-') => (true, &digits[1..]),
        Some(b'+') => (false, &digits[1..]),
        _ => (false, digits),
    };
    let hexadecimal = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
        .filter(|rest| rest.starts_with(|it: char| it.is_ascii_hexdigit()));
    let (radix, digits) = match (radix, hexadecimal) {
        (0, Some(rest)) => (16, rest),
        (0, None) if digits.starts_with('0') => (8, digits),
        (0, None) => (10, digits),
        (radix, _) => (radix, digits),
    };
    let len = digits.chars().take_while(|it| it.is_digit(radix)).count();
    if len == 0 {
        return (0, text);
    }
    let value =
        digits[..len].chars().filter_map(|it| it.to_digit(radix)).fold(0, |value, digit| {
            let next = i64::saturating_mul(value, i64::from(radix));
            if negative {
                next.saturating_sub(digit.into())
            } else {
                next.saturating_add(digit.into())
            }
        });
    (value, &digits[len..])
}

/// A decimal number with or without a fraction, of at most this many digits, and what follows it.
const MAX_DIGITS: usize = 15;

fn decimal(text: &str) -> Option<(f64, &str)> {
    let start = text.trim_start_matches(is_blank);
    let unsigned = start.strip_prefix('-').unwrap_or(start);
    let len = unsigned.bytes().take_while(|byte| byte.is_ascii_digit()).count();
    let mut end = len;
    let mut digits = len;
    if unsigned[len..].starts_with('.') {
        let fraction = unsigned[len + 1..].bytes().take_while(u8::is_ascii_digit).count();
        digits += fraction;
        end += 1 + fraction;
    }
    if digits == 0 || digits > MAX_DIGITS {
        return None;
    }
    let signed = &start[..start.len() - unsigned.len() + end];
    Some((signed.parse().ok()?, &unsigned[end..]))
}

/// A number of seconds by itself.
pub(crate) fn seconds(text: &str) -> Option<f64> {
    let (value, rest) = decimal(text)?;
    rest.trim_start_matches(is_blank).is_empty().then_some(value)
}

/// A number with a unit, `ms s m h d w` or `y`, of more than no time.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let (value, rest) = decimal(text)?;
    let scale = match rest.trim_matches(is_blank) {
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        "w" => 7.0 * 86_400.0,
        "y" => 365.0 * 86_400.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(value * scale).ok().filter(|it| !it.is_zero())
}

/// `strtod` without its words and without hexadecimal numbers: a number at the start, whatever follows.
pub(crate) fn decimal_start(text: &[u8]) -> Option<f64> {
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let sign = usize::from(matches!(text.first(), Some(b'-' | b'+')));
    let whole = digits(sign);
    let mut end = sign + whole;
    let mut count = whole;
    if text.get(end) == Some(&b'.') {
        count += digits(end + 1);
        end += 1 + digits(end + 1);
    }
    if count == 0 {
        return None;
    }
    if let Some(b'e' | b'E') = text.get(end) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'-' | b'+')));
        let exponent = digits(end + 1 + sign);
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    std::str::from_utf8(&text[..end]).ok()?.parse().ok()
}

/// What C calls a space.
pub(crate) const fn is_blank(it: char) -> bool {
    matches!(it, ' ' | '\t'..='\r')
}

#[cfg(test)]
mod tests;
