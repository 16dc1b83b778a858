//! Heads as most programs write them, read in one pass.
//!
//! In a plain head each header line is `Name: value` with one space and nothing behind the value, and the first line has no byte
//! that would need a second look. What is read here is what the scan and the parser make of the same bytes (a test says so); every
//! other head, good or bad, is left to these.

use crate::head::{Limits, RequestHead, ResponseHead, Version};

const LINE_END: &[u8] = b"\r\n";

/// Reads a plain request head from the front of `buf`: the bytes taken. `None` if it is not one, or not all of it is there.
pub(crate) fn request(head: &mut RequestHead, buf: &[u8], limits: &Limits) -> Option<usize> {
    let method = buf.iter().position(|byte| !IS_TOKEN[usize::from(*byte)])?;
    let target = buf.get(method + 1..)?;
    let target = &target[..target.iter().position(|byte| !byte.is_ascii_graphic())?];
    let version = method + 1 + target.len();
    let line = version + b" HTTP/1.1\r\n".len();
    let version = match buf.get(version..line)? {
        b" HTTP/1.1\r\n" => Version::Http11,
        b" HTTP/1.0\r\n" => Version::Http10,
        _ => return None,
    };
    if method == 0 || buf[method] != b' ' || target.is_empty() {
        return None;
    }
    let len_bytes = head.headers.read(buf, line, limits)?;
    set(&mut head.method, &buf[..method])?;
    set(&mut head.target, target)?;
    head.version = version;
    Some(len_bytes)
}

/// The same for a response head.
pub(crate) fn response(head: &mut ResponseHead, buf: &[u8], limits: &Limits) -> Option<usize> {
    let (start, rest) = buf.split_first_chunk::<13>()?;
    let version = match &start[..9] {
        b"HTTP/1.1 " => Version::Http11,
        b"HTTP/1.0 " => Version::Http10,
        _ => return None,
    };
    let [hundreds @ b'1'..=b'9', tens @ b'0'..=b'9', ones @ b'0'..=b'9', b' '] = start[9..] else {
        return None;
    };
    let digits = [hundreds, tens, ones].map(|digit| u16::from(digit - b'0'));
    let reason = &rest[..text_len(rest)];
    let line = start.len() + reason.len() + LINE_END.len();
    if buf.get(line - LINE_END.len()..line) != Some(LINE_END) || !reason.is_ascii() {
        return None;
    }
    let len_bytes = head.headers.read(buf, line, limits)?;
    set(&mut head.reason, reason)?;
    head.version = version;
    head.status = digits[0] * 100 + digits[1] * 10 + digits[2];
    Some(len_bytes)
}

fn set(text: &mut String, bytes: &[u8]) -> Option<()> {
    // Requests on a connection are like each other, and so are answers.
    if text.as_bytes() != bytes {
        text.clear();
        text.push_str(std::str::from_utf8(bytes).ok()?);
    }
    Some(())
}

/// How many bytes from the front are text: neither control characters nor DEL.
pub(crate) fn text_len(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let (words, rest) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        // Eight bytes at a time: the high bit of each that is below 32, or that is 127. A borrow makes mistakes only behind
        // the first one.
        let word = u64::from_le_bytes(*word);
        let control = word.wrapping_sub(ONES * 32) & !word;
        let other = word ^ (ONES * 127);
        let delete = other.wrapping_sub(ONES) & !other;
        let found = (control | delete) & HIGH;
        if found != 0 {
            return number * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let is_text = |byte: &u8| *byte >= b' ' && *byte != 127;
    words.len() * 8 + rest.iter().take_while(|byte| is_text(byte)).count()
}

/// Which bytes a token is made of.
pub(crate) static IS_TOKEN: [bool; 256] = {
    let mut is_token = [false; 256];
    let mut byte = 0;
    while byte < u8::MAX {
        is_token[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let mut others = b"!#$%&'*+-.^_`|~".as_slice();
    while let [first, rest @ ..] = others {
        is_token[*first as usize] = true;
        others = rest;
    }
    is_token
};

#[cfg(test)]
mod tests;
