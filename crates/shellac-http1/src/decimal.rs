//! Numbers as text, without asking for memory.

/// A number's decimal digits.
#[derive(Clone, Copy, Debug)]
pub struct Decimal {
    digits: [u8; 24],
    first: usize,
}

impl Decimal {
    /// The digits of `number`, at least one.
    ///
    /// ```
    /// assert_eq!(shellac_http1::Decimal::new(1024).as_bytes(), b"1024");
    /// ```
    pub fn new(number: u64) -> Decimal {
        let mut digits = [0; 24];
        let first = fill(&mut digits, number);
        Decimal { digits, first }
    }

    /// The digits.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.digits[self.first..]
    }
}

/// Writes the digits of `number` at the end of `room`, at least one, and says where they begin. There has to be room for 24, as they are
/// written by eights.
#[inline]
pub(crate) fn fill(room: &mut [u8], number: u64) -> usize {
    let end = room.len() - 8;
    let (front, last) = (number / SHORT, eight_digits(number % SHORT));
    room[end..].copy_from_slice(&last);
    match front {
        0 => end + zeros(last),
        // Numbers of transactions have up to sixteen digits.
        1..SHORT => {
            let first = eight_digits(front);
            room[end - 8..end].copy_from_slice(&first);
            end - 8 + zeros(first)
        }
        _ => {
            let (first, middle) = (eight_digits(front / SHORT), eight_digits(front % SHORT));
            room[end - 16..end - 8].copy_from_slice(&first);
            room[end - 8..end].copy_from_slice(&middle);
            end - 16 + zeros(first)
        }
    }
}

/// The eight digits of a number below a hundred million, the first of them zeros where it has fewer.
///
/// All at once: the number is divided into two halves, those into pairs and those into digits, each step for all parts of
/// a 64-bit word.
#[inline]
pub const fn eight_digits(number: u64) -> [u8; 8] {
    // Per part `x`: `x - (x / n) * n` stays, and the quotient, by a reciprocal that is exact there, goes in front of it.
    let halves = (number / 10_000) | (number % 10_000) << 32;
    let hundreds = ((halves * 10_486) >> 20) & 0x7f_0000_007f;
    let pairs = ((halves - 100 * hundreds) << 16) + hundreds;
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    let digits = ((pairs - 10 * tens) << 8) + tens;
    (digits | ZEROS).to_le_bytes()
}

/// A number below a hundred million without zeros in front: its digits, what follows them, and how many there are.
#[inline]
pub const fn short(number: u64) -> ([u8; 8], usize) {
    let digits = eight_digits(number);
    let zeros = zeros(digits);
    ((u64::from_le_bytes(digits) >> (8 * zeros)).to_le_bytes(), 8 - zeros)
}

/// The sixteen digits of a number below ten to the sixteenth.
#[inline]
const fn sixteen_digits(number: u64) -> [u8; 16] {
    let first = u64::from_le_bytes(eight_digits(number / SHORT));
    let last = u64::from_le_bytes(eight_digits(number % SHORT));
    (first as u128 | (last as u128) << 64).to_le_bytes()
}

/// A number below ten to the sixteenth without zeros in front, as [`short`]: its digits, zero bytes behind them, and how many
/// there are. `None` for a larger one.
#[inline]
pub const fn long(number: u64) -> Option<([u8; 16], usize)> {
    if number >= LONG {
        return None;
    }
    if number < SHORT {
        let (digits, len) = short(number);
        return Some(((u64::from_le_bytes(digits) as u128).to_le_bytes(), len));
    }
    let digits = sixteen_digits(number);
    let zeros = long_zeros(digits);
    Some(((u128::from_le_bytes(digits) >> (8 * zeros)).to_le_bytes(), 16 - zeros))
}

/// [`zeros`] of sixteen digits.
#[inline]
const fn long_zeros(digits: [u8; 16]) -> usize {
    const ALL: u128 = (ZEROS as u128) << 64 | ZEROS as u128;
    ((u128::from_le_bytes(digits) ^ ALL | 1 << 120).trailing_zeros() / 8) as usize
}

/// How many of eight digits are zeros in front. A zero has one digit.
#[inline]
const fn zeros(digits: [u8; 8]) -> usize {
    ((u64::from_le_bytes(digits) ^ ZEROS | 1 << 56).trailing_zeros() / 8) as usize
}

/// The first number that has more than eight digits.
const SHORT: u64 = 100_000_000;
/// The first number that has more than sixteen digits.
const LONG: u64 = SHORT * SHORT;

/// A number below ten thousand without zeros in front, as [`short`]: half the work, and most numbers are that small.
#[inline]
pub const fn tiny(number: u32) -> ([u8; 4], usize) {
    let digits = u32::from_le_bytes(four_digits(number));
    let zeros = ((digits ^ 0x3030_3030 | 1 << 24).trailing_zeros() / 8) as usize;
    ((digits >> (8 * zeros)).to_le_bytes(), 4 - zeros)
}

/// The four digits of a number below ten thousand.
#[inline]
pub const fn four_digits(number: u32) -> [u8; 4] {
    let hundreds = (number * 5_243) >> 19;
    let pairs = ((number - 100 * hundreds) << 16) + hundreds;
    let tens = ((pairs * 103) >> 10) & 0x000f_000f;
    let digits = ((pairs - 10 * tens) << 8) + tens;
    (digits | 0x3030_3030).to_le_bytes()
}

/// Eight times `0`.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// Whether `text` is what [`Decimal::new`] makes of `number`.
pub(crate) fn is_decimal(text: &[u8], number: u64) -> bool {
    let mut rest = number;
    let Some((first, others)) = text.split_first() else { return false };
    for &byte in others.iter().rev() {
        if byte != digit(rest) {
            return false;
        }
        rest /= 10;
    }
    // The first of several digits is no zero.
    rest < 10 && *first == digit(rest) && (rest > 0 || others.is_empty())
}

/// The last digit of a number.
#[allow(clippy::cast_possible_truncation, reason = "a remainder by ten is below ten")]
pub const fn digit(number: u64) -> u8 {
    b'0' + (number % 10) as u8
}

/// The two digits of a number below a hundred.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "a remainder by the length of the table")]
pub const fn pair(number: u64) -> [u8; 2] {
    PAIRS[(number % PAIRS.len() as u64) as usize]
}

/// `00` to `99`, and as many more that nobody asks for that a place in it is a mask and not a division.
const PAIRS: [[u8; 2]; 128] = {
    let mut pairs = [[0; 2]; 128];
    let mut number = 0;
    while number < pairs.len() {
        pairs[number] = [digit(number as u64 / 10), digit(number as u64)];
        number += 1;
    }
    pairs
};

#[cfg(test)]
mod tests;
