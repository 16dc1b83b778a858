//! Bytes of a log as a JSON string, and back.
//!
//! Text stays text. A byte that is no part of valid UTF-8 becomes the character U+10F700 plus the byte, which is
//! written `\udbfd\udfNN` with the byte as its last two digits. What of these characters a log holds itself is
//! treated as if it were such bytes, so that a string says which bytes it stands for, and no two are the same.

use shellac_sys::wide::Everywhere;

use super::masks;
use crate::lines::Text;

/// The character that stands for the byte 0.
const FIRST: u32 = 0x10_f700;
/// The one behind that for the byte 255.
const END: u32 = FIRST + 0x100;

/// Bytes that are looked at together.
const WIDE: usize = 32;

/// A text, with what happens to lie behind it, so that its end too can be looked at and copied in one piece.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passage<'a> {
    ahead: &'a [u8],
    len_bytes: usize,
}

impl<'a> Passage<'a> {
    /// The first `len_bytes` of these, or all.
    #[inline(always)]
    pub(super) fn new(ahead: &'a [u8], len_bytes: usize) -> Passage<'a> {
        Passage { ahead, len_bytes: len_bytes.min(ahead.len()) }
    }

    /// The text.
    #[inline(always)]
    pub(super) fn bytes(&self) -> &'a [u8] {
        &self.ahead[..self.len_bytes]
    }

    /// What is behind its first bytes.
    #[inline(always)]
    pub(super) fn behind(&self, at: usize) -> Passage<'a> {
        let at = at.min(self.len_bytes);
        Passage { ahead: &self.ahead[at..], len_bytes: self.len_bytes - at }
    }

    /// Its first bytes.
    #[inline(always)]
    pub(super) fn before(&self, at: usize) -> Passage<'a> {
        Passage { ahead: self.ahead, len_bytes: self.len_bytes.min(at) }
    }

    /// Its words: what is between blanks.
    pub(super) fn words(&self) -> impl Iterator<Item = Passage<'a>> {
        let mut left = Some(*self);
        std::iter::from_fn(move || {
            let text = left?;
            let blank = memchr::memchr(b' ', text.bytes());
            left = blank.map(|blank| text.behind(blank + 1));
            Some(blank.map_or(text, |blank| text.before(blank)))
        })
    }

    /// The next bytes to be looked at, with others behind the end.
    #[inline(always)]
    fn piece(&self) -> [u8; WIDE] {
        match self.ahead.first_chunk() {
            Some(piece) => *piece,
            None => padded_end(self.ahead),
        }
    }
}

impl<'a> From<&'a [u8]> for Passage<'a> {
    fn from(bytes: &'a [u8]) -> Passage<'a> {
        Passage { ahead: bytes, len_bytes: bytes.len() }
    }
}

/// The end of a row with something behind it.
#[cold]
fn padded_end(rest: &[u8]) -> [u8; WIDE] {
    let mut end = [0; WIDE];
    end[..rest.len()].copy_from_slice(rest);
    end
}

/// Appends `bytes` in quotes.
pub(super) fn push_string(bytes: &[u8], out: &mut Text) {
    push_quoted(bytes.into(), out);
}

/// Appends what stands between the quotes.
pub(super) fn push_content(bytes: &[u8], out: &mut Text) {
    push_passage(bytes.into(), out);
}

/// Appends a text in quotes.
pub(super) fn push_quoted(text: Passage<'_>, out: &mut Text) {
    out.push_piece(b"\"", 1);
    push_passage(text, out);
    out.push_piece(b"\"", 1);
}

/// Appends what stands between the quotes of a text.
pub(super) fn push_passage(text: Passage<'_>, out: &mut Text) {
    let mut rest = text;
    while rest.len_bytes > 0 {
        let piece = rest.piece();
        let odd_at = masks::odd(Everywhere, &piece).trailing_zeros() as usize;
        let plain_bytes = odd_at.min(WIDE).min(rest.len_bytes);
        out.push_piece(&piece, plain_bytes);
        rest = rest.behind(plain_bytes);
        if plain_bytes == WIDE || rest.len_bytes == 0 {
            continue;
        }
        // What is odd in most of the texts that have it.
        match rest.ahead {
            [b'"', ..] => out.push_piece(b"\\\"", 2),
            [b'\\', ..] => out.push_piece(b"\\\\", 2),
            _ => return push_odd(rest.bytes(), out),
        }
        rest = rest.behind(1);
    }
}

/// Appends a text that stands for itself.
pub(super) fn push_plain(text: Passage<'_>, out: &mut Text) {
    let mut rest = text;
    while rest.len_bytes > 0 {
        out.push_piece(&rest.piece(), rest.len_bytes);
        rest = rest.behind(WIDE);
    }
}

#[cold]
fn push_odd(bytes: &[u8], out: &mut Text) {
    for chunk in bytes.utf8_chunks() {
        push_text(chunk.valid(), out);
        chunk.invalid().iter().for_each(|&byte| push_byte(byte, out));
    }
}

fn push_text(text: &str, out: &mut Text) {
    let bytes = text.as_bytes();
    let mut from = 0;
    for (at, c) in text.char_indices() {
        if !is_escaped(c) {
            continue;
        }
        out.push(&bytes[from..at]);
        from = at + c.len_utf8();
        match c {
            '"' => out.push(b"\\\""),
            '\\' => out.push(b"\\\\"),
            '\n' => out.push(b"\\n"),
            '\r' => out.push(b"\\r"),
            '\t' => out.push(b"\\t"),
            c if (FIRST..END).contains(&c.into()) => {
                bytes[at..from].iter().for_each(|&byte| push_byte(byte, out));
            }
            c => out.push(format!("\\u{:04x}", u32::from(c)).as_bytes()),
        }
    }
    out.push(&bytes[from..]);
}

/// What JSON wants to be escaped, what a terminal would act upon, and what stands for bytes.
fn is_escaped(c: char) -> bool {
    matches!(c, '"' | '\\' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
        || c.is_control()
        || (FIRST..END).contains(&c.into())
}

fn push_byte(byte: u8, out: &mut Text) {
    out.push(format!("\\udbfd\\udf{byte:02x}").as_bytes());
}

/// The bytes that a string stands for, as it is after JSON was read.
///
/// # Examples
///
/// ```
/// use shellac_render::json::bytes_of;
///
/// assert_eq!(bytes_of("caf\u{e9}"), "café".as_bytes());
/// // `"caf\udbfd\udfe9"` in the JSON: the byte was alone, and no UTF-8.
/// assert_eq!(bytes_of("caf\u{10f7e9}"), b"caf\xe9");
/// ```
pub fn bytes_of(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u8::try_from(u32::from(c).wrapping_sub(FIRST)) {
            Ok(byte) => bytes.push(byte),
            Err(_) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

#[cfg(test)]
mod tests;
