//! Text of a record, put together in place: numbers and times by hand, no formatting machinery.

use std::net::SocketAddr;

use shellac_http1::decimal::{Decimal, digit, pair};

use crate::clock::Micros;

/// The payload of the record that is being written. What does not fit is cut off.
pub(crate) struct Text<'a> {
    out: &'a mut Vec<u8>,
    /// How long `out` may get.
    end: usize,
}

impl<'a> Text<'a> {
    /// At the end of `out`, and at most `longest` bytes.
    #[inline]
    pub(crate) fn new(out: &'a mut Vec<u8>, longest: usize) -> Text<'a> {
        let end = out.len() + longest;
        Text { out, end }
    }

    /// Bytes as they are.
    #[inline]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        let room = self.end - self.out.len();
        // Whole in a branch of its own: a length that is known when this is compiled is a move and not a call.
        if bytes.len() <= room {
            self.out.extend_from_slice(bytes);
        } else {
            self.out.extend_from_slice(&bytes[..room]);
        }
        self
    }

    /// A word and, in front of it, a blank.
    pub(crate) fn word(&mut self, word: &[u8]) -> &mut Self {
        self.bytes(b" ").bytes(word)
    }

    /// A decimal number.
    pub(crate) fn number(&mut self, number: u64) -> &mut Self {
        let digits = Decimal::new(number);
        self.bytes(digits.as_bytes())
    }

    /// A blank and a decimal number.
    pub(crate) fn field(&mut self, number: u64) -> &mut Self {
        self.bytes(b" ").number(number)
    }

    /// Microseconds as seconds with six decimals.
    pub(crate) fn seconds(&mut self, micros: u64) -> &mut Self {
        let (whole, rest) = (micros / 1_000_000, micros % 1_000_000);
        // Nearly always less than ten seconds, or a time of this century: of a length that is known.
        match whole {
            // What happens together has the same time.
            0 if rest == 0 => self.bytes(b"0.000000"),
            0..10 => self.bytes(&fraction(digit(whole), rest)),
            1_000_000_000..10_000_000_000 => {
                let [a, b] = pair(whole / 100_000_000);
                let [c, d] = pair(whole / 1_000_000 % 100);
                let [e, f] = pair(whole / 10_000 % 100);
                let [g, h] = pair(whole / 100 % 100);
                let [i, j] = pair(whole % 100);
                self.bytes(&[a, b, c, d, e, f, g, h, i]).bytes(&fraction(j, rest))
            }
            _ => self.number(whole / 10).bytes(&fraction(digit(whole), rest)),
        }
    }

    /// The time between two points as seconds with six decimals.
    pub(crate) fn elapsed(&mut self, from: Micros, to: Micros) -> &mut Self {
        self.seconds(to.since(from))
    }
}

/// A digit, a point, and six digits of millionths.
fn fraction(last: u8, millionths: u64) -> [u8; 8] {
    let [a, b] = pair(millionths / 10_000);
    let [c, d] = pair(millionths / 100 % 100);
    let [e, f] = pair(millionths % 100);
    [last, b'.', a, b, c, d, e, f]
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
