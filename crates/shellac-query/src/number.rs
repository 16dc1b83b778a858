//! Numbers, as the two generations of tools read them.
//!
//! Operands with a point are decimal numbers, others are integers of C. How a subject is read depends on the
//! operand that it is compared with. The older generation takes the number that a subject starts with, to the
//! thousandth; the newer one reads it as C does and wants nothing behind it.

use std::cmp::Ordering;

use shellac_format::Vxid;

use crate::query::Compat;
use crate::subject::is_space;

/// One of the six comparisons of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Unequal,
    Less,
    Greater,
    AtMost,
    AtLeast,
}

impl Order {
    /// Whether a comparison that came out like this is the wanted one. Numbers that have no order are unequal.
    pub(crate) fn holds(self, ordering: Option<Ordering>) -> bool {
        match self {
            Order::Equal => ordering == Some(Ordering::Equal),
            Order::Unequal => ordering != Some(Ordering::Equal),
            Order::Less => ordering == Some(Ordering::Less),
            Order::Greater => ordering == Some(Ordering::Greater),
            Order::AtMost => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
            Order::AtLeast => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
        }
    }

    /// Whether a transaction's number compares so with an operand.
    pub(crate) fn holds_for_vxid(self, vxid: Vxid, operand: i64) -> bool {
        let vxid = i64::try_from(vxid.0).unwrap_or(i64::MAX);
        self.holds(Some(vxid.cmp(&operand)))
    }
}

/// A decimal operand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Decimal {
    /// The older generation keeps three digits behind the point; in thousandths they are exact.
    Thousandths(i64),
    /// The newer one has the numbers of C.
    Float(f64),
}

impl Decimal {
    /// Reads an operand.
    pub(crate) fn operand(compat: Compat, text: &[u8]) -> Option<Decimal> {
        match compat {
            Compat::V7 => {
                let (thousandths, rest) = thousandths(text)?;
                skip_blanks(rest).is_empty().then_some(Decimal::Thousandths(thousandths))
            }
            Compat::V9 => {
                let (number, rest) = c_float(text)?;
                rest.iter().all(|&byte| is_space(byte)).then_some(Decimal::Float(number))
            }
        }
    }

    /// Compares the number in a subject with this operand; `None` when there is none.
    pub(crate) fn test(self, order: Order, subject: Subject<'_>) -> Option<bool> {
        let ordering = match self {
            Decimal::Thousandths(operand) => Some(thousandths(subject.open_ended)?.0.cmp(&operand)),
            Decimal::Float(operand) => whole_float(subject.text)?.partial_cmp(&operand),
        };
        Some(order.holds(ordering))
    }
}

/// A subject that is to be read as a number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    /// The subject.
    pub(crate) text: &'a [u8],
    /// The same with what stands behind it in the record: the older generation reads on.
    pub(crate) open_ended: &'a [u8],
}

/// Reads an integer operand: C syntax, any base, clamped; white space around it, and nothing is zero.
pub(crate) fn integer_operand(text: &[u8]) -> Option<i64> {
    let (number, rest) = c_integer(text);
    let number = number.map_or(0, |number| number.value);
    rest.iter().all(|&byte| is_space(byte)).then_some(number)
}

/// The number in a subject that is compared with an integer.
pub(crate) fn integer_subject(compat: Compat, subject: Subject<'_>) -> Option<i64> {
    match compat {
        Compat::V7 => {
            let (whole, rest) = digits(subject.open_ended)?;
            if rest.first() == Some(&b'.') {
                return Some(thousandths(subject.open_ended)?.0 / 1000);
            }
            whole.value()
        }
        Compat::V9 => {
            let (number, rest) = c_integer(subject.text);
            if matches!(rest, [b'.' | b'e', ..]) {
                let number = whole_float(subject.text)?.trunc();
                // The ends are powers of two, so they are exact.
                let fits =
                    (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number);
                #[allow(clippy::cast_possible_truncation, reason = "the line above")]
                return fits.then_some(number as i64);
            }
            let number = number.filter(|number| rest.is_empty() && !number.clamped)?;
            Some(number.value)
        }
    }
}

/// An integer as C reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CInteger {
    pub(crate) value: i64,
    /// Whether it is the nearest number that fits.
    pub(crate) clamped: bool,
}

/// `strtoll` with base 0: white space, sign, `0x` or `0` or decimal, and the rest. Without digits everything is
/// the rest.
pub(crate) fn c_integer(text: &[u8]) -> (Option<CInteger>, &[u8]) {
    let (negative, start) = sign(skip_space(text));
    let (base, start) = match start {
        [b'0', b'x' | b'X', rest @ ..] if rest.first().is_some_and(u8::is_ascii_hexdigit) => {
            (16, rest)
        }
        [b'0', ..] => (8, start),
        _ => (10, start),
    };
    let digit = |byte: u8| char::from(byte).to_digit(base);
    let len = start.iter().take_while(|&&byte| digit(byte).is_some()).count();
    if len == 0 {
        return (None, text);
    }
    let (digits, rest) = start.split_at(len);
    let magnitude = digits.iter().try_fold(0i128, |number, &byte| {
        let number = number * i128::from(base) + i128::from(digit(byte).unwrap_or(0));
        (number <= i128::from(u64::MAX)).then_some(number)
    });
    let number = magnitude.map(|number| if negative { -number } else { number });
    let fitting = number.and_then(|number| i64::try_from(number).ok());
    let nearest = if negative { i64::MIN } else { i64::MAX };
    let value = CInteger { value: fitting.unwrap_or(nearest), clamped: fitting.is_none() };
    (Some(value), rest)
}

/// `strtod`, and the rest.
fn c_float(text: &[u8]) -> Option<(f64, &[u8])> {
    let unsigned = skip_space(text);
    let (negative, start) = sign(unsigned);
    let (number, rest) = match start {
        [b'0', b'x' | b'X', rest @ ..] => {
            hexadecimal_float(rest).or_else(|| decimal_float(start))?
        }
        _ => decimal_float(start)?,
    };
    Some((if negative { -number } else { number }, rest))
}

/// A number that takes the whole text.
fn whole_float(text: &[u8]) -> Option<f64> {
    c_float(text).filter(|(_, rest)| rest.is_empty()).map(|(number, _)| number)
}

fn decimal_float(text: &[u8]) -> Option<(f64, &[u8])> {
    for (word, number) in
        [(&b"infinity"[..], f64::INFINITY), (b"inf", f64::INFINITY), (b"nan", f64::NAN)]
    {
        if let Some((start, rest)) = text.split_at_checked(word.len())
            && start.eq_ignore_ascii_case(word)
        {
            return Some((number, rest));
        }
    }
    let (whole, rest) = split_digits(text);
    let (part, rest) = match rest {
        [b'.', rest @ ..] => split_digits(rest),
        _ => (&[][..], rest),
    };
    if whole.is_empty() && part.is_empty() {
        return None;
    }
    let rest = match rest {
        [b'e' | b'E', exponent @ ..] => match split_digits(sign(exponent).1) {
            ([], _) => rest,
            (_, rest) => rest,
        },
        _ => rest,
    };
    let text = std::str::from_utf8(&text[..text.len() - rest.len()]).ok()?;
    Some((text.parse().ok()?, rest))
}

fn hexadecimal_float(text: &[u8]) -> Option<(f64, &[u8])> {
    let mut mantissa = 0u64;
    let mut exponent = 0i32;
    let (mut digits, mut behind_point) = (0, false);
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        if *byte == b'.' && !behind_point {
            behind_point = true;
        } else if let Some(digit) = char::from(*byte).to_digit(16) {
            digits += 1;
            // Digits that no longer fit count for the exponent only.
            if mantissa >> 60 == 0 {
                mantissa = mantissa << 4 | u64::from(digit);
                exponent -= if behind_point { 4 } else { 0 };
            } else if !behind_point {
                exponent = exponent.saturating_add(4);
            }
        } else {
            break;
        }
        rest = after;
    }
    if digits == 0 {
        return None;
    }
    if let [b'p' | b'P', power @ ..] = rest {
        let (negative, power) = sign(power);
        let (power, after) = split_digits(power);
        if !power.is_empty() {
            let shift = power.iter().fold(0i32, |number, byte| {
                number.saturating_mul(10).saturating_add(i32::from(byte - b'0'))
            });
            exponent = exponent.saturating_add(if negative { -shift } else { shift });
            rest = after;
        }
    }
    #[allow(clippy::cast_precision_loss, reason = "a float has no more digits")]
    let number = mantissa as f64;
    // In two steps: the power alone may be out of range where the number is not.
    let half = exponent / 2;
    Some((number * 2f64.powi(half) * 2f64.powi(exponent - half), rest))
}

/// The integer that a text starts with, as the older generation reads it.
struct Digits {
    negative: bool,
    /// `None` for more than 15 digits.
    magnitude: Option<i64>,
    len: usize,
}

impl Digits {
    /// The integer, when there are digits and not too many.
    fn value(&self) -> Option<i64> {
        let magnitude = self.magnitude.filter(|_| self.len > 0)?;
        Some(if self.negative { -magnitude } else { magnitude })
    }
}

/// Blanks, `-`, up to 15 digits, blanks. Only before a point the digits may be missing.
fn digits(text: &[u8]) -> Option<(Digits, &[u8])> {
    let text = skip_blanks(text);
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let (digits, rest) = split_digits(text);
    let rest = match digits {
        [] if rest.first() != Some(&b'.') => return None,
        [] => rest,
        _ => skip_blanks(rest),
    };
    let magnitude = (digits.len() <= 15)
        .then(|| digits.iter().fold(0, |number, byte| number * 10 + i64::from(byte - b'0')));
    Some((Digits { negative, magnitude, len: digits.len() }, rest))
}

/// A number with twelve digits before the point and three behind; more digits behind are cut off.
fn thousandths(text: &[u8]) -> Option<(i64, &[u8])> {
    let (whole, rest) = digits(text)?;
    let magnitude = whole.magnitude.filter(|&magnitude| magnitude <= 999_999_999_999)?;
    let (part, rest) = match rest {
        [b'.', rest @ ..] => split_digits(rest),
        _ => (&[][..], rest),
    };
    if whole.len == 0 && part.is_empty() {
        return None;
    }
    let part = [100, 10, 1]
        .into_iter()
        .zip(part)
        .fold(0, |number, (place, byte)| number + place * i64::from(byte - b'0'));
    let thousandths = magnitude * 1000 + part;
    Some((if whole.negative { -thousandths } else { thousandths }, rest))
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take_while(|byte| byte.is_ascii_digit()).count())
}

const fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

fn skip_space(text: &[u8]) -> &[u8] {
    &text[text.iter().take_while(|&&byte| is_space(byte)).count()..]
}

fn skip_blanks(text: &[u8]) -> &[u8] {
    &text[text.iter().take_while(|&&byte| byte == b' ' || byte == b'\t').count()..]
}

#[cfg(test)]
mod tests;
