//! Text of a record, put together in place: numbers and times by hand, no formatting machinery.

use std::net::SocketAddr;

use shellac_http1::Decimal;
use shellac_http1::decimal::{digit, eight_digits, four_digits, long, short, tiny};

/// More than any number or time takes; so much room is there behind the longest text.
pub(super) const ROOM_BYTES: usize = 64;
/// A number below this has at most eight digits.
const SHORT: u64 = 100_000_000;
/// Ten seconds: microseconds below this are seconds of one digit.
const SHORT_MICROS: u64 = 10_000_000;

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
    // Where it is called what is known of the text stays in registers.
    #[inline(always)]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.len = append(self.out, self.len, self.longest, bytes);
        self
    }

    /// A few bytes that are known when this is compiled.
    #[inline(always)]
    pub(super) fn mark<const N: usize>(&mut self, bytes: &[u8; N]) -> &mut Self {
        self.fixed(*bytes, N)
    }

    /// [`Parts`].
    pub(super) fn parts(&mut self, parts: &Parts<'_>) -> &mut Self {
        self.bytes(parts.first).piece(parts.between).bytes(parts.second).piece(parts.last)
    }

    /// A piece.
    #[inline(always)]
    pub(super) fn piece(&mut self, piece: Piece) -> &mut Self {
        self.fixed(piece.bytes, piece.len)
    }

    /// A word and, in front of it, a blank.
    #[inline(always)]
    pub(crate) fn word(&mut self, word: &[u8]) -> &mut Self {
        self.mark(b" ").bytes(word)
    }

    /// A decimal number.
    #[inline(always)]
    pub(crate) fn number(&mut self, number: u64) -> &mut Self {
        self.len = append_number(self.out, self.len, self.longest, number);
        self
    }

    /// A blank and a decimal number.
    #[inline(always)]
    pub(crate) fn field(&mut self, number: u64) -> &mut Self {
        self.mark(b" ").number(number)
    }

    /// Decimal numbers with a blank between each two.
    pub(crate) fn numbers<const N: usize>(&mut self, numbers: [u64; N]) -> &mut Self {
        // A blank and eight digits each, all in one look: no bit is as high as in a number of nine digits.
        let most = 9 * N;
        let bits = numbers.iter().fold(0, |bits, number| bits | number);
        let fits = most <= self.longest - self.len && bits < SHORT.next_power_of_two() / 2;
        let room = self.out.get_mut(self.len..).filter(|_| fits);
        let Some(out) = room.and_then(|out| out.get_mut(..most)) else {
            for (at, number) in numbers.into_iter().enumerate() {
                self.bytes(if at == 0 { b"" } else { b" " }).number(number);
            }
            return self;
        };
        let mut at = 0;
        for number in numbers {
            let len = if let Some(number) = as_tiny(number) {
                let (digits, len) = tiny(number);
                out[at..at + 4].copy_from_slice(&digits);
                len
            } else {
                let (digits, len) = short(number);
                out[at..at + 8].copy_from_slice(&digits);
                len
            };
            out[at + len] = b' ';
            at += len + 1;
        }
        self.len += at.saturating_sub(1);
        self
    }

    /// Microseconds as seconds with six decimals.
    #[inline(always)]
    pub(crate) fn seconds(&mut self, micros: u64) -> &mut Self {
        self.len = append_seconds(self.out, self.len, self.longest, micros);
        self
    }

    /// `: `, a time in microseconds since 1970, and two that have passed, as seconds with six decimals.
    pub(super) fn times(&mut self, times: Times) -> &mut Self {
        let Times { wall, whole, part } = times;
        self.bytes(b": ").seconds(wall).bytes(b" ").seconds(whole).bytes(b" ").seconds(part)
    }

    /// The first `len` bytes of `block`, at most all of it: of a length that is known, so it is a move and not a call.
    #[inline(always)]
    fn fixed<const N: usize>(&mut self, block: [u8; N], len: usize) -> &mut Self {
        self.len = append_fixed(self.out, self.len, self.longest, block, len);
        self
    }

    /// Ends the text with a NUL and zeros up to the next word; returns its length without them.
    #[inline]
    pub(super) fn finish(self) -> usize {
        self.out[self.len..self.len + 4].copy_from_slice(&[0; 4]);
        self.len
    }
}

/// Adds bytes behind the first `len` of `out`, as many as fit `longest`; returns how many there are then.
// One copy of it for all records: what is known of the text comes and goes in registers.
#[inline(never)]
fn append(out: &mut [u8], len: usize, longest: usize, bytes: &[u8]) -> usize {
    if bytes.len() > longest - len {
        return append_cut(out, len, longest, bytes);
    }
    put(&mut out[len..], bytes);
    len + bytes.len()
}

/// As many bytes as fit.
#[cold]
#[inline(never)]
fn append_cut(out: &mut [u8], len: usize, longest: usize, bytes: &[u8]) -> usize {
    out[len..longest].copy_from_slice(&bytes[..longest - len]);
    longest
}

/// [`append`] of the first `used` bytes of `block`.
#[inline(always)]
fn append_fixed<const N: usize>(
    out: &mut [u8],
    len: usize,
    longest: usize,
    block: [u8; N],
    used: usize,
) -> usize {
    const { assert!(N <= ROOM_BYTES, "so much room is there behind the longest text") };
    if used > longest - len {
        return append_cut(out, len, longest, &block[..used]);
    }
    // What is behind `used` is written over.
    out[len..len + N].copy_from_slice(&block);
    len + used
}

/// [`append`] of a decimal number.
#[inline(never)]
fn append_number(out: &mut [u8], len: usize, longest: usize, number: u64) -> usize {
    let Some(number) = as_tiny(number) else { return append_large(out, len, longest, number) };
    let (digits, used) = tiny(number);
    append_fixed(out, len, longest, digits, used)
}

/// The same of one with more than four digits.
#[inline(never)]
fn append_large(out: &mut [u8], len: usize, longest: usize, number: u64) -> usize {
    if number < SHORT {
        let (digits, used) = short(number);
        return append_fixed(out, len, longest, digits, used);
    }
    let len = append_number(out, len, longest, number / SHORT);
    append_fixed(out, len, longest, eight_digits(number % SHORT), 8)
}

/// [`append`] of microseconds as seconds with six decimals.
#[inline(never)]
fn append_seconds(out: &mut [u8], len: usize, longest: usize, micros: u64) -> usize {
    // Nearly always less than ten seconds.
    if micros < SHORT_MICROS {
        return append_fixed(out, len, longest, short_seconds(micros), 8);
    }
    let (whole, rest) = (micros / 1_000_000, micros % 1_000_000);
    let len = append_number(out, len, longest, whole / 10);
    append_fixed(out, len, longest, fraction(digit(whole), rest), 8)
}

/// The number, if it has at most four digits.
#[inline]
fn as_tiny(number: u64) -> Option<u32> {
    u32::try_from(number).ok().filter(|number| *number < 10_000)
}

/// A short text, of a length that need not be known where it is copied.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    /// With zeros behind it.
    pub(super) bytes: [u8; 8],
    pub(super) len: usize,
}

/// Texts that make one record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts<'t> {
    pub(super) first: &'t [u8],
    pub(super) between: Piece,
    pub(super) second: &'t [u8],
    pub(super) last: Piece,
}

impl Parts<'_> {
    /// Bytes of all.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.first.len() + self.between.len + self.second.len() + self.last.len
    }

    /// Writes them to the start of `out`, which has room for all and a [`Piece`] more, and is zero behind them up to a word.
    #[inline(always)]
    pub(super) fn write(&self, out: &mut [u8]) {
        let Parts { first, between, second, last } = self;
        put(out, first);
        let at = first.len();
        // Behind what a piece says are zeros, and what comes next.
        out[at..at + between.bytes.len()].copy_from_slice(&between.bytes);
        let at = at + between.len;
        put(&mut out[at..], second);
        let at = at + second.len();
        out[at..at + last.bytes.len()].copy_from_slice(&last.bytes);
    }
}

/// A number between two words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbered {
    before: Piece,
    after: Piece,
    digits: [u8; 16],
    digits_len: usize,
}

impl Numbered {
    /// `None` for one of more than sixteen digits. `near` is made for some of them.
    #[inline(always)]
    pub(super) fn new(
        (before, after): (Piece, Piece),
        number: u64,
        near: &Near,
    ) -> Option<Numbered> {
        let (digits, digits_len) = match near.digits(number) {
            Some(digits) => digits,
            None => long(number)?,
        };
        Some(Numbered { before, after, digits, digits_len })
    }

    /// Bytes of all.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.before.len + self.digits_len + self.after.len
    }

    /// As [`Parts::write`].
    #[inline(always)]
    pub(super) fn write(&self, out: &mut [u8]) {
        let Numbered { before, after, digits, digits_len } = self;
        // What is longer than it says ends with zeros.
        out[..before.bytes.len()].copy_from_slice(&before.bytes);
        out[before.len..before.len + digits.len()].copy_from_slice(digits);
        let at = before.len + digits_len;
        out[at..at + after.bytes.len()].copy_from_slice(&after.bytes);
    }
}

/// Ten thousand numbers that differ in their last four digits.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Near {
    first: u64,
    /// How many: none where they are shorter or longer than most.
    count: u64,
    /// The digits of the first one, and zeros.
    digits: [u8; 16],
    len: usize,
}

impl Near {
    /// Those around `number`.
    pub(super) fn around(number: u64) -> Near {
        let first = number - number % 10_000;
        match long(first) {
            Some((digits, len @ 5..)) => Near { first, count: 10_000, digits, len },
            _ => Near::default(),
        }
    }

    /// Whether `number` is one of them.
    #[inline]
    pub(super) const fn has(&self, number: u64) -> bool {
        number.wrapping_sub(self.first) < self.count
    }

    /// Digits of one of them, zeros, and how many digits there are.
    #[inline(always)]
    fn digits(&self, number: u64) -> Option<([u8; 16], usize)> {
        if !self.has(number) {
            return None;
        }
        let mut digits = self.digits;
        let last = u32::try_from(number - self.first).ok()?;
        digits[self.len - 4..self.len].copy_from_slice(&four_digits(last));
        Some((digits, self.len))
    }
}

/// Microseconds as seconds with six decimals, and how many bytes that are, if they are those of less than thirty years.
#[inline]
pub(super) fn seconds(micros: u64) -> Option<([u8; 16], usize)> {
    let mut text = [0; 16];
    if micros < SHORT_MICROS {
        text[..8].copy_from_slice(&short_seconds(micros));
        return Some((text, 8));
    }
    let (whole, rest) = (micros / 1_000_000, micros % 1_000_000);
    if whole / 10 >= SHORT {
        return None;
    }
    let (digits, len) = short(whole / 10);
    text[..8].copy_from_slice(&digits);
    text[len..len + 8].copy_from_slice(&fraction(digit(whole), rest));
    Some((text, len + 8))
}

impl Piece {
    /// Nothing.
    pub(super) const NONE: Piece = Piece::new("");

    /// One of at most eight bytes.
    pub(super) const fn new(text: &str) -> Piece {
        let (text, mut bytes) = (text.as_bytes(), [0; 8]);
        let mut len = 0;
        while len < text.len() {
            bytes[len] = text[len];
            len += 1;
        }
        Piece { bytes, len }
    }
}

/// What a `Timestamp` says, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    /// Since 1970.
    pub(super) wall: u64,
    /// Since the start of the task.
    pub(super) whole: u64,
    /// Since the `Timestamp` before.
    pub(super) part: u64,
}

impl Times {
    /// Bytes of [`Text::times`] where a [`Face`] shows them.
    pub(super) const BYTES: usize = 37;

    /// The last eight of them, if `part` is short: `face` shows the others.
    #[inline]
    pub(super) fn last(&self, face: &Face) -> [u8; 8] {
        // What happens together has the same time, and much happens for the first time.
        if self.part == 0 {
            *b"0.000000"
        } else if self.part == self.whole {
            face.whole_text
        } else {
            short_seconds(self.part)
        }
    }
}

/// What was written last of two times, as text: much happens at the same time, and in the same second nearly all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Face {
    /// When the second began, in microseconds since 1970.
    second: u64,
    /// How long it lasts: nothing for a time of another century.
    span: u64,
    /// The times that are shown, in microseconds; the second one is short.
    wall: u64,
    whole: u64,
    whole_text: [u8; 8],
    /// `: `, both as seconds with six decimals and a blank behind each, and zeros.
    text: [u8; 32],
}

impl Face {
    /// Bytes of [`Face::text`] without the zeros.
    pub(super) const BYTES: usize = 29;

    /// One that shows `wall`, if that has ten digits, and 0.
    pub(super) fn at(wall: u64) -> Face {
        let whole = wall / 1_000_000;
        let span = if (1_000_000_000..10_000_000_000).contains(&whole) { 1_000_000 } else { 0 };
        let mut text = *b": 1234567890.123456 0.000000 \0\0\0";
        text[2] = digit(whole / 1_000_000_000);
        text[3..11].copy_from_slice(&eight_digits(whole / 10 % SHORT));
        text[11..19].copy_from_slice(&fraction(digit(whole), wall % 1_000_000));
        Face { second: whole * 1_000_000, span, wall, whole: 0, whole_text: *b"0.000000", text }
    }

    /// Shows `times`, if they are as nearly all are: in the second that it shows, and less than ten seconds from the others.
    #[inline(always)]
    pub(super) fn show(&mut self, times: &Times) -> bool {
        let within = times.wall.wrapping_sub(self.second);
        if within >= self.span || times.whole >= SHORT_MICROS || times.part >= SHORT_MICROS {
            return false;
        }
        if times.wall != self.wall {
            self.wall = times.wall;
            let text = fraction(self.text[11], within);
            self.text[11..19].copy_from_slice(&text);
        }
        if times.whole != self.whole {
            self.whole = times.whole;
            self.whole_text = short_seconds(times.whole);
            self.text[20..28].copy_from_slice(&self.whole_text);
        }
        true
    }

    /// The first of [`Times::BYTES`], and what is to be written over.
    #[inline]
    pub(super) const fn text(&self) -> &[u8; 32] {
        &self.text
    }
}

/// A digit, a point, and six digits of millionths.
#[inline]
fn fraction(last: u8, millionths: u64) -> [u8; 8] {
    point(u64::from(last), millionths)
}

/// Microseconds below ten seconds, as seconds.
#[inline]
fn short_seconds(micros: u64) -> [u8; 8] {
    // The second of eight digits.
    let last = u64::from_le_bytes(eight_digits(micros)) >> 8 & 0xff;
    point(last, micros)
}

/// The digit `last`, a point, and the last six of the eight digits of `number`: put together in a word, not byte by byte.
#[inline]
fn point(last: u64, number: u64) -> [u8; 8] {
    let digits = u64::from_le_bytes(eight_digits(number));
    (digits & !0xffff | u64::from(b'.') << 8 | last).to_le_bytes()
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

/// One end of a connection as the log shows it, made once per connection.
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

/// What the log says of a connection to a backend whenever it is used, made once per connection.
#[derive(Clone, Debug)]
pub(crate) struct EndsText(Box<[u8]>);

impl EndsText {
    /// Of the connection `fd` to the backend `name`.
    pub(crate) fn new(fd: i32, name: &str, remote: SocketAddr, local: SocketAddr) -> EndsText {
        let fd = Decimal::new(u64::from(fd.unsigned_abs()));
        let (remote, local) = (AddressText::new(remote).text, AddressText::new(local).text);
        EndsText([fd.as_bytes(), name.as_bytes(), &remote, &local].join(&b' ').into())
    }

    /// `FD NAME ADDRESS PORT ADDRESS PORT`: the backend's end and ours.
    pub(super) fn text(&self) -> &[u8] {
        &self.0
    }
}
