//! Putting a framing onto a body.

use thiserror::Error;

use crate::framing::BodyFraming;
use crate::headers::Header;

/// Longest chunk head: 16 digits and the line end.
const CHUNK_HEAD: usize = 18;

/// Puts a framing onto a body, piece by piece.
///
/// With vectored writes nothing is copied: [`head`](Encoder::head), the data, [`tail`](Encoder::tail);
/// [`data`](Encoder::data) is the same into a buffer.
#[derive(Clone, Debug)]
pub struct Encoder {
    framing: BodyFraming,
    /// Bytes still owed to a Content-Length.
    left: u64,
}

/// The body is not as long as its head promised. The connection has to be closed: the peer must see that
/// the message is incomplete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// More data than Content-Length says. Nothing was written.
    #[error("{excess} bytes more than promised")]
    TooLong {
        /// Bytes beyond the promised ones.
        excess: u64,
    },
    /// The end before Content-Length bytes.
    #[error("{missing} bytes less than promised")]
    TooShort {
        /// Bytes that were not delivered.
        missing: u64,
    },
}

/// The bytes before a piece of data.
#[derive(Clone, Copy, Debug)]
pub struct ChunkHead {
    bytes: [u8; CHUNK_HEAD],
    start: usize,
}

impl ChunkHead {
    /// The bytes; empty when the framing needs none.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

impl Encoder {
    /// For a message whose head says `framing`.
    #[inline]
    pub fn new(framing: BodyFraming) -> Encoder {
        let left = match framing {
            BodyFraming::Length(bytes) => bytes,
            _ => 0,
        };
        Encoder { framing, left }
    }

    /// The framing it was made for.
    pub fn framing(&self) -> BodyFraming {
        self.framing
    }

    /// The bytes to send before a piece of `len` bytes. A piece of 0 bytes is not to be sent at all: as a
    /// chunk it would be the end.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooLong`], and then nothing of the piece may be sent.
    pub fn head(&mut self, len: usize) -> Result<ChunkHead, EncodeError> {
        let mut head = ChunkHead { bytes: [0; CHUNK_HEAD], start: CHUNK_HEAD };
        match self.framing {
            BodyFraming::Eof => {}
            BodyFraming::None | BodyFraming::Length(_) => {
                let len = len as u64;
                match self.left.checked_sub(len) {
                    Some(left) => self.left = left,
                    None => return Err(EncodeError::TooLong { excess: len - self.left }),
                }
            }
            BodyFraming::Chunked if len == 0 => {}
            BodyFraming::Chunked => {
                head.bytes[CHUNK_HEAD - 2..].copy_from_slice(b"\r\n");
                head.start = CHUNK_HEAD - 2;
                let mut rest = len;
                while rest > 0 {
                    head.start -= 1;
                    head.bytes[head.start] = b"0123456789abcdef"[rest & 15];
                    rest >>= 4;
                }
            }
        }
        Ok(head)
    }

    /// The bytes to send after a piece that was not empty.
    pub fn tail(&self) -> &'static [u8] {
        if self.framing == BodyFraming::Chunked { b"\r\n" } else { b"" }
    }

    /// Appends a framed piece to `out`.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooLong`]; `out` is then as it was.
    #[inline]
    pub fn data(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let head = self.head(data.len())?;
        if !data.is_empty() {
            out.extend_from_slice(head.as_bytes());
            out.extend_from_slice(data);
            out.extend_from_slice(self.tail());
        }
        Ok(())
    }

    /// The bytes that end the body.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooShort`]: the body ended early, and the connection has to be closed.
    pub fn finish(&self) -> Result<&'static [u8], EncodeError> {
        match self.framing {
            _ if self.left > 0 => Err(EncodeError::TooShort { missing: self.left }),
            BodyFraming::Chunked => Ok(b"0\r\n\r\n"),
            _ => Ok(b""),
        }
    }

    /// Appends what ends the body, with `trailers` where the framing has room for them.
    ///
    /// # Errors
    ///
    /// As [`finish`](Encoder::finish); `out` is then as it was.
    pub fn finish_with<'t>(
        &self,
        trailers: impl Iterator<Item = Header<'t>>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let end = self.finish()?;
        if self.framing != BodyFraming::Chunked {
            return Ok(());
        }
        let (last_chunk, empty_line) = end.split_at(3);
        out.extend_from_slice(last_chunk);
        for trailer in trailers {
            out.extend_from_slice(trailer.line);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(empty_line);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
