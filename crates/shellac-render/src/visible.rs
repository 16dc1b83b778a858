//! Bytes from a log as text that is safe on a terminal.

use std::fmt::Write;

/// `bytes` with everything outside printable ASCII written as `\xNN`.
///
/// A log is input: an escape sequence in a URL must not reach the terminal of whoever looks at it. One
/// byte of the result is one column.
pub fn visible(bytes: &[u8]) -> String {
    let is_plain = |byte: &u8| (0x20..0x7f).contains(byte);
    // Nearly everything is, and then it is copied in one piece.
    if bytes.iter().all(is_plain)
        && let Ok(text) = String::from_utf8(bytes.to_vec())
    {
        return text;
    }
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        if is_plain(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests;
