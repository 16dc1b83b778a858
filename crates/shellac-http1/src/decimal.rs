//! Numbers as text, without asking for memory.

/// A number's decimal digits.
#[derive(Clone, Copy, Debug)]
pub struct Decimal {
    digits: [u8; 20],
    first: usize,
}

impl Decimal {
    /// The digits of `number`, at least one.
    ///
    /// ```
    /// assert_eq!(shellac_http1::Decimal::new(1024).as_bytes(), b"1024");
    /// ```
    pub fn new(number: u64) -> Decimal {
        let mut digits = [b'0'; 20];
        let mut first = digits.len();
        let mut rest = number;
        while rest >= 10 {
            first -= 2;
            digits[first..first + 2].copy_from_slice(&pair(rest % 100));
            rest /= 100;
        }
        if rest > 0 || first == digits.len() {
            first -= 1;
            digits[first] = digit(rest);
        }
        Decimal { digits, first }
    }

    /// The digits.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.digits[self.first..]
    }
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
