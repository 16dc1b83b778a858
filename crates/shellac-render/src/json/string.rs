//! Bytes of a log as a JSON string, and back.
//!
//! Text stays text. A byte that is no part of valid UTF-8 becomes the character U+10F700 plus the byte, which is
//! written `\udbfd\udfNN` with the byte as its last two digits. What of these characters a log holds itself is
//! treated as if it were such bytes, so that a string says which bytes it stands for, and no two are the same.

use crate::lines::Text;

/// The character that stands for the byte 0.
const FIRST: u32 = 0x10_f700;
/// The one behind that for the byte 255.
const END: u32 = FIRST + 0x100;

/// 1 for a byte that does not stand for itself in a JSON string or on a terminal, else 0: a number and no branch, so
/// that many are looked at with a few wide instructions.
#[inline(always)]
pub(super) fn is_odd(byte: u8) -> u8 {
    u8::from(byte.wrapping_sub(0x20) > 0x5e) | u8::from(byte == b'"') | u8::from(byte == b'\\')
}

/// Bytes that are looked at together.
const WIDE: usize = 32;

/// Whether all bytes stand for themselves.
#[inline]
pub(super) fn all_plain(bytes: &[u8]) -> bool {
    let any_odd = |bytes: &[u8; WIDE]| bytes.iter().fold(0, |odd, &byte| odd | is_odd(byte));
    let (wide, rest) = bytes.as_chunks::<WIDE>();
    let odd = wide.iter().fold(0, |odd, bytes| odd | any_odd(bytes));
    let odd_rest = match bytes.last_chunk::<WIDE>() {
        _ if rest.is_empty() => 0,
        // Some of it is looked at twice, which costs less than one byte after the other.
        Some(last) => any_odd(last),
        None => rest.iter().fold(0, |odd, &byte| odd | is_odd(byte)),
    };
    odd | odd_rest == 0
}

/// Appends `bytes` in quotes.
pub(super) fn push_string(bytes: &[u8], out: &mut Text) {
    out.push(b"\"");
    push_content(bytes, out);
    out.push(b"\"");
}

/// Appends what stands between the quotes.
#[inline]
pub(super) fn push_content(bytes: &[u8], out: &mut Text) {
    if all_plain(bytes) { out.push(bytes) } else { push_odd(bytes, out) }
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
