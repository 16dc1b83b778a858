//! Fields of a line: separated by white space, with quotes and backslashes for what contains some.

use std::borrow::Cow;

const BAD_ESCAPE: &str = "a backslash without a known escape";

/// Splits `text` into its fields.
///
/// A field that begins with `"` runs to the next unescaped `"`. Both kinds know `\n \r \t \\ \"`, three octal digits and `\xHH`.
/// Empty fields only exist in quotes.
///
/// # Errors
///
/// What is wrong: a quote that is not closed, an unknown escape, a result that is not UTF-8.
pub(super) fn split(text: &str) -> Result<Vec<String>, &'static str> {
    let mut bytes = text.bytes().peekable();
    let mut fields = Vec::new();
    loop {
        while bytes.next_if(u8::is_ascii_whitespace).is_some() {}
        let Some(&first) = bytes.peek() else { return Ok(fields) };
        let quoted = first == b'"';
        if quoted {
            bytes.next();
        }
        let mut field = Vec::new();
        loop {
            match bytes.next() {
                Some(b'"') if quoted => break,
                None if quoted => return Err("a quote is not closed"),
                None => break,
                Some(b'\\') => field.push(escape(&mut bytes)?),
                Some(byte) if !quoted && byte.is_ascii_whitespace() => break,
                Some(byte) => field.push(byte),
            }
        }
        if quoted && bytes.peek().is_some_and(|byte| !byte.is_ascii_whitespace()) {
            return Err("text follows a closing quote");
        }
        fields.push(
            String::from_utf8(field).map_err(|_| "an escape makes it something else than UTF-8")?,
        );
    }
}

/// The byte that an escape stands for; the backslash has been read.
fn escape(bytes: &mut impl Iterator<Item = u8>) -> Result<u8, &'static str> {
    let first = bytes.next().ok_or(BAD_ESCAPE)?;
    let (radix, digits, start) = match first {
        b'n' => return Ok(b'\n'),
        b'r' => return Ok(b'\r'),
        b't' => return Ok(b'\t'),
        b'"' | b'\\' => return Ok(first),
        b'x' => (16, 2, 0),
        b'0'..=b'3' => (8, 2, u32::from(first - b'0')),
        _ => return Err(BAD_ESCAPE),
    };
    let mut value = start;
    for _ in 0..digits {
        let digit =
            bytes.next().and_then(|byte| char::from(byte).to_digit(radix)).ok_or(BAD_ESCAPE)?;
        value = value * radix + digit;
    }
    u8::try_from(value).map_err(|_| BAD_ESCAPE)
}

/// `field` such that [`split`] gives it back; unchanged where that needs no quotes, and nothing where it is empty.
pub(super) fn quoted(field: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\' || byte >= 0x80;
    if field.bytes().all(plain) {
        return Cow::Borrowed(field);
    }
    let mut text = String::from("\"");
    for c in field.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            ' ' => text.push(' '),
            c if c.is_ascii() && !c.is_ascii_graphic() => {
                text.push_str(&format!("\\x{:02x}", u32::from(c)));
            }
            c => text.push(c),
        }
    }
    text.push('"');
    Cow::Owned(text)
}
