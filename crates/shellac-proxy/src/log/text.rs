//! Text of a record, put together in place: numbers and times by hand, no formatting machinery.

use std::net::SocketAddr;

use shellac_http1::Decimal;
use shellac_http1::decimal::{digit, eight_digits, short};

/// More than any number or time takes; so much room is there behind the longest text.
pub(super) const ROOM_BYTES: usize = 64;
/// A number below this has at most eight digits.
const SHORT: u64 = 100_000_000;

/// The payload of the record that is being written. What does not fit is cut off.
pub(crate) struct Text<'a> {
    /// The longest text, and [`ROOM_BYTES`].
    out: &'a mut [u8],
    len: usize,
    longest: usize,
}

impl<'a> Text<'a> {
    /// At the start of `out`, which has [`ROOM_BYTES`] more than the `longest`.
    #[inline]
    pub(super) fn new(out: &'a mut [u8], longest: usize) -> Text<'a> {
        Text { out, len: 0, longest }
    }

    /// Bytes as they are.
    #[inline]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        if bytes.len() > self.longest - self.len {
            return self.cut(bytes);
        }
        // In a branch of its own: a length that is known when this is compiled is a move.
        put(&mut self.out[self.len..], bytes);
        self.len += bytes.len();
        self
    }

    /// As many bytes as fit.
    #[cold]
    fn cut(&mut self, bytes: &[u8]) -> &mut Self {
        let room = self.longest - self.len;
        self.out[self.len..self.longest].copy_from_slice(&bytes[..room]);
        self.len = self.longest;
        self
    }

    /// A word and, in front of it, a blank.
    pub(crate) fn word(&mut self, word: &[u8]) -> &mut Self {
        self.bytes(b" ").bytes(word)
    }

    /// A decimal number.
    pub(crate) fn number(&mut self, number: u64) -> &mut Self {
        if number >= SHORT {
            return self.number(number / SHORT).fixed(eight_digits(number % SHORT), 8);
        }
        let (digits, len) = short(number);
        self.fixed(digits, len)
    }

    /// A blank and a decimal number.
    #[inline]
    pub(crate) fn field(&mut self, number: u64) -> &mut Self {
        self.bytes(b" ").number(number)
    }

    /// Decimal numbers with a blank between each two.
    pub(crate) fn numbers<const N: usize>(&mut self, numbers: [u64; N]) -> &mut Self {
        // A blank and eight digits each, all in one look.
        let most = 9 * N;
        let fits = most <= self.longest - self.len && numbers.iter().all(|number| *number < SHORT);
        let room = self.out.get_mut(self.len..).filter(|_| fits);
        let Some(out) = room.and_then(|out| out.get_mut(..most)) else {
            for (at, number) in numbers.into_iter().enumerate() {
                self.bytes(if at == 0 { b"" } else { b" " }).number(number);
            }
            return self;
        };
        let mut at = 0;
        for number in numbers {
            let (digits, len) = short(number);
            out[at..at + 8].copy_from_slice(&digits);
            out[at + len] = b' ';
            at += len + 1;
        }
        self.len += at.saturating_sub(1);
        self
    }

    /// Microseconds as seconds with six decimals.
    pub(crate) fn seconds(&mut self, micros: u64) -> &mut Self {
        // Nearly always less than ten seconds.
        if micros < 10_000_000 {
            return self.fixed(short_seconds(micros), 8);
        }
        let (whole, rest) = (micros / 1_000_000, micros % 1_000_000);
        self.number(whole / 10).fixed(fraction(digit(whole), rest), 8)
    }

    /// `: `, a time in microseconds since 1970, and two that have passed, as seconds with six decimals.
    #[cold]
    pub(super) fn times(&mut self, at: &Times<'_>) -> &mut Self {
        self.bytes(b": ").seconds(at.wall).bytes(b" ").seconds(at.whole);
        self.bytes(b" ").seconds(at.part)
    }

    /// The first `len` bytes of `block`, at most all of it: of a length that is known, so it is a move and not a call.
    #[inline]
    fn fixed<const N: usize>(&mut self, block: [u8; N], len: usize) -> &mut Self {
        if N > ROOM_BYTES || len > self.longest - self.len {
            return self.bytes(&block[..len]);
        }
        // What is behind `len` is written over.
        self.out[self.len..self.len + N].copy_from_slice(&block);
        self.len += len;
        self
    }

    /// Ends the text with a NUL and zeros up to the next word; returns its length without them.
    #[inline]
    pub(super) fn finish(self) -> usize {
        self.out[self.len..self.len + 4].copy_from_slice(&[0; 4]);
        self.len
    }
}

/// What a `Timestamp` says, in microseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times<'a> {
    /// The second that was written last.
    pub(super) face: &'a Face,
    /// Since 1970.
    pub(super) wall: u64,
    /// Since the start of the task.
    pub(super) whole: u64,
    /// Since the `Timestamp` before.
    pub(super) part: u64,
}

impl Times<'_> {
    /// Bytes of [`Times::usual`].
    pub(super) const USUAL_BYTES: usize = 37;

    /// Whether it is one of nearly all: in the second of `face`, and less than ten seconds since the others.
    #[inline]
    pub(super) const fn is_usual(&self) -> bool {
        self.face.shows(self.wall) && self.whole < 10_000_000 && self.part < 10_000_000
    }

    /// Writes what [`Text::times`] would, if it is usual.
    #[inline]
    pub(super) fn usual(&self, out: &mut [u8; Times::USUAL_BYTES]) {
        out[..11].copy_from_slice(&self.face.text);
        out[11..19].copy_from_slice(&fraction(self.face.last, self.wall - self.face.micros));
        out[19] = b' ';
        out[20..28].copy_from_slice(&short_seconds(self.whole));
        out[28] = b' ';
        out[29..].copy_from_slice(&short_seconds(self.part));
    }
}

/// The whole seconds of a time of this century as text: they are the same for a million microseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Face {
    /// When the second began, in microseconds since 1970.
    micros: u64,
    /// How long it lasts: nothing for a time of another century.
    span: u64,
    /// `: ` and its digits but the last.
    text: [u8; 11],
    last: u8,
}

impl Face {
    /// One that shows the second of `micros`, if that has ten digits.
    pub(super) fn at(micros: u64) -> Face {
        let whole = micros / 1_000_000;
        let span = if (1_000_000_000..10_000_000_000).contains(&whole) { 1_000_000 } else { 0 };
        let [a, b, c, d, e, f, g, h] = eight_digits(whole / 10 % SHORT);
        let first = digit(whole / 1_000_000_000);
        let text = [b':', b' ', first, a, b, c, d, e, f, g, h];
        Face { micros: whole * 1_000_000, span, text, last: digit(whole) }
    }

    /// Whether it shows the second of `micros`.
    #[inline]
    pub(super) const fn shows(&self, micros: u64) -> bool {
        micros.wrapping_sub(self.micros) < self.span
    }
}

/// A digit, a point, and six digits of millionths.
#[inline]
fn fraction(last: u8, millionths: u64) -> [u8; 8] {
    let [_, _, a, b, c, d, e, f] = eight_digits(millionths);
    [last, b'.', a, b, c, d, e, f]
}

/// Microseconds below ten seconds, as seconds.
#[inline]
fn short_seconds(micros: u64) -> [u8; 8] {
    // What happens together has the same time.
    if micros == 0 {
        return *b"0.000000";
    }
    let [_, last, a, b, c, d, e, f] = eight_digits(micros);
    [last, b'.', a, b, c, d, e, f]
}

/// Copies `bytes` to the start of `out`, which has room for them.
///
/// Nearly all pieces of a log are short. Those are copied as two or four blocks that overlap where the length is not theirs,
/// in place, for a call of the C library's function costs more than that.
#[inline(always)]
pub(super) fn put(out: &mut [u8], bytes: &[u8]) {
    let len = bytes.len();
    let out = &mut out[..len];
    if len >= 16 {
        if len <= 32 {
            ends::<16>(out, bytes);
        } else if len <= 64 {
            ends::<16>(&mut out[..32], &bytes[..32]);
            ends::<16>(&mut out[len - 32..], &bytes[len - 32..]);
        } else {
            out.copy_from_slice(bytes);
        }
    } else if len >= 8 {
        ends::<8>(out, bytes);
    } else if len >= 4 {
        ends::<4>(out, bytes);
    } else if len > 0 {
        out[0] = bytes[0];
        out[len / 2] = bytes[len / 2];
        out[len - 1] = bytes[len - 1];
    }
}

/// Copies the first and the last `N` bytes.
#[inline(always)]
fn ends<const N: usize>(out: &mut [u8], bytes: &[u8]) {
    if let (Some(first), Some(last)) = (bytes.first_chunk::<N>(), bytes.last_chunk::<N>()) {
        let (first, last) = (*first, *last);
        let from = out.len() - N;
        out[..N].copy_from_slice(&first);
        out[from..].copy_from_slice(&last);
    }
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
