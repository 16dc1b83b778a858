//! The little HTTP/1 that origins and clients of the demo speak. The proxy between them has its own.

use std::io::{self, ErrorKind, Read};

/// Longest head that is read, in bytes.
const HEAD_BYTES: usize = 32 << 10;

/// A head and the bytes that came behind it.
#[derive(Debug)]
pub(super) struct Message {
    /// Request or status line.
    pub(super) first_line: String,
    headers: Vec<(String, String)>,
    rest: Vec<u8>,
}

impl Message {
    /// Reads one head; `None` when the peer closes before it begins. `rest` is what an earlier message on
    /// the same connection left over.
    pub(super) fn read(from: &mut impl Read, rest: Vec<u8>) -> io::Result<Option<Message>> {
        let mut bytes = rest;
        let mut block = [0; 4096];
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break at;
            }
            if bytes.len() > HEAD_BYTES {
                return Err(io::Error::new(ErrorKind::InvalidData, "the head is too long"));
            }
            match from.read(&mut block)? {
                0 if bytes.is_empty() => return Ok(None),
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                n => bytes.extend_from_slice(&block[..n]),
            }
        };
        let rest = bytes.split_off(end + 4);
        let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = text.split("\r\n");
        let first_line = lines.next().unwrap_or_default().to_owned();
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Ok(Some(Message { first_line, headers, rest }))
    }

    /// The value of a header; `name` in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Announced bytes of the body; 0 without a `Content-Length`.
    pub(super) fn content_length(&self) -> u64 {
        self.header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0)
    }

    /// The word at `index` of the first line.
    pub(super) fn word(&self, index: usize) -> &str {
        self.first_line.split(' ').nth(index).unwrap_or_default()
    }

    /// Reads the body to its announced end and gives its bytes together with what came behind it; the
    /// bytes are fewer when the peer closes early.
    pub(super) fn read_body(self, from: &mut impl Read) -> io::Result<(Vec<u8>, Vec<u8>)> {
        let want = self.content_length();
        let mut body = self.rest;
        let mut block = [0; 16 << 10];
        while (body.len() as u64) < want {
            match from.read(&mut block)? {
                0 => break,
                n => body.extend_from_slice(&block[..n]),
            }
        }
        let rest = match usize::try_from(want) {
            Ok(want) if want <= body.len() => body.split_off(want),
            _ => Vec::new(),
        };
        Ok((body, rest))
    }
}

#[cfg(test)]
mod tests;
