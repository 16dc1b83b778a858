//! Text of a record, put together in place: numbers and times by hand, no formatting machinery.

use std::net::SocketAddr;

use crate::clock::Micros;

/// The payload of the record that is being written, at the end of a transaction's buffer.
pub(crate) struct Text<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Text<'a> {
    /// Appends to `out`.
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Text<'a> {
        Text { out }
    }

    /// Bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.out.extend_from_slice(bytes);
        self
    }

    /// A word and, in front of it, a blank.
    pub(crate) fn word(&mut self, word: &[u8]) -> &mut Self {
        self.out.push(b' ');
        self.bytes(word)
    }

    /// A decimal number.
    pub(crate) fn number(&mut self, number: u64) -> &mut Self {
        let digits = Decimal::new(number);
        self.bytes(digits.as_bytes())
    }

    /// A blank and a decimal number.
    pub(crate) fn field(&mut self, number: u64) -> &mut Self {
        self.out.push(b' ');
        self.number(number)
    }

    /// Microseconds as seconds with six decimals.
    pub(crate) fn seconds(&mut self, micros: u64) -> &mut Self {
        self.number(micros / 1_000_000);
        let mut rest = micros % 1_000_000;
        let mut digits = *b".000000";
        for digit in digits[1..].iter_mut().rev() {
            *digit = b'0' + remainder(rest);
            rest /= 10;
        }
        self.bytes(&digits)
    }

    /// The time between two points as seconds with six decimals.
    pub(crate) fn elapsed(&mut self, from: Micros, to: Micros) -> &mut Self {
        self.seconds(to.since(from))
    }
}

/// A number's decimal digits.
pub(crate) struct Decimal {
    digits: [u8; 20],
    first: usize,
}

impl Decimal {
    /// The digits of `number`, at least one.
    pub(crate) fn new(number: u64) -> Decimal {
        let mut digits = [b'0'; 20];
        let mut first = digits.len();
        let mut rest = number;
        loop {
            first -= 1;
            digits[first] = b'0' + remainder(rest);
            rest /= 10;
            if rest == 0 {
                return Decimal { digits, first };
            }
        }
    }

    /// The digits.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.digits[self.first..]
    }
}

#[allow(clippy::cast_possible_truncation, reason = "a remainder by ten is below ten")]
const fn remainder(number: u64) -> u8 {
    (number % 10) as u8
}

/// Both ends of a connection as the log shows them, made once per connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AddressText {
    /// `ADDRESS PORT`.
    pub(crate) text: Vec<u8>,
    /// Length of the address alone.
    pub(crate) host_len: usize,
}

impl AddressText {
    /// The text of `address`.
    pub(crate) fn new(address: SocketAddr) -> AddressText {
        let mut text = address.ip().to_canonical().to_string().into_bytes();
        let host_len = text.len();
        text.push(b' ');
        text.extend_from_slice(Decimal::new(u64::from(address.port())).as_bytes());
        AddressText { text, host_len }
    }

    /// Whether it is that of a connection without addresses.
    pub(crate) fn is_nowhere(&self) -> bool {
        self.text == b"0.0.0.0 0"
    }

    /// The address without its port.
    pub(crate) fn host(&self) -> &[u8] {
        &self.text[..self.host_len]
    }
}
