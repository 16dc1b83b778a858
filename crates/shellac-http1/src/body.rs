//! Taking the framing off a body.

use thiserror::Error;

use crate::framing::BodyFraming;
use crate::headers::Headers;

/// Characters of a chunk size before it is refused; leading zeros count.
const SIZE_DIGITS: u32 = 20;
/// Bytes of chunk extensions per chunk. They are skipped.
const EXTENSION_BYTES: usize = 1024;
/// Bytes of the trailer section with its empty line.
const TRAILER_BYTES: usize = 8 * 1024;
/// Lines of the trailer section.
const TRAILER_LINES: usize = 32;

/// Takes the framing off a body, however the input was cut into pieces.
///
/// ```
/// use shellac_http1::{BodyFraming, Decoder};
///
/// let mut decoder = Decoder::new(BodyFraming::Chunked);
/// let mut input = &b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nnext message"[..];
/// let mut body = Vec::new();
/// while !decoder.is_done() {
///     let decoded = decoder.decode(input).unwrap();
///     body.extend_from_slice(decoded.data);
///     input = &input[decoded.consumed..];
/// }
/// assert_eq!(body, b"abcde");
/// assert_eq!(input, b"next message");
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    state: State,
    /// Data bytes handed out.
    received: u64,
    /// The trailer section, if there is more of it than its end; boxed, as hardly a body has one.
    trailer: Option<Box<Section>>,
}

/// A trailer section.
#[derive(Clone, Debug, Default)]
struct Section {
    /// What has come of it.
    raw: Vec<u8>,
    /// Its fields, once it is complete.
    fields: Headers,
}

/// Those of a body without any.
static NO_TRAILERS: Headers = Headers::new();

/// What one call of [`Decoder::decode`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// Bytes of the input that are done with, data and framing.
    pub consumed: usize,
    /// The data among them: one run, possibly empty.
    pub data: &'a [u8],
    /// Whether the body is complete. What was not consumed belongs to the next message.
    pub done: bool,
}

/// Why a body ends before its end.
///
/// [`text`](BodyError::text) is the sentence that the log has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The connection ended before Content-Length bytes.
    #[error("body is {missing} bytes shorter than its Content-Length")]
    StraightInsufficientBytes {
        /// Bytes that did not come.
        missing: u64,
    },
    /// Reading failed in a body that ends with the connection.
    #[error("connection failed in a body that ends with it")]
    EofSocketFail,
    /// The connection ended inside a chunk.
    #[error("body ends inside a chunk")]
    InsufficientBytes,
    /// The connection ended between chunks.
    #[error("body ends in the framing of a chunk")]
    ReadError,
    /// There is no hexadecimal digit where a chunk size begins.
    #[error("chunk size is not hexadecimal")]
    HeaderNonHex,
    /// A chunk size has more than 20 digits, or more than 16 behind its zeros, or its extensions more than 1024 bytes.
    #[error("chunk head is too long")]
    HeaderTooLong,
    /// A chunk size does not fit 63 bits.
    #[error("chunk size is too large")]
    SizeTooLarge,
    /// CR LF, or an extension before it, is missing after a chunk size.
    #[error("no line end after a chunk size")]
    HeaderNoNewline,
    /// CR LF is missing after the data of a chunk.
    #[error("no line end after a chunk")]
    TailNoNewline,
    /// The trailer section is not made of header lines.
    #[error("bad trailer section")]
    TrailerSyntax,
    /// The trailer section has more than 8 KB or 32 lines.
    #[error("trailer section is too long")]
    TrailerTooLong,
}

impl BodyError {
    /// The text of the `FetchError` record for this condition, spelling included.
    pub fn text(self) -> &'static str {
        match self {
            BodyError::StraightInsufficientBytes { .. } => "straight insufficient bytes",
            BodyError::EofSocketFail => "eof socket fail",
            BodyError::InsufficientBytes => "chunked insufficient bytes",
            BodyError::ReadError => "chunked read err",
            BodyError::HeaderNonHex => "chunked header non-hex",
            BodyError::HeaderTooLong => "chunked header too long",
            BodyError::SizeTooLarge => "bogusly large chunk size",
            BodyError::HeaderNoNewline => "chunked header no NL",
            BodyError::TailNoNewline | BodyError::TrailerSyntax | BodyError::TrailerTooLong => {
                "chunked tail no NL"
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Done,
    Length {
        left: u64,
    },
    Eof,
    /// In the digits of a chunk size.
    Size {
        digits: u32,
        bytes: u64,
    },
    /// After the digits: white space or an extension, skipped.
    Extension {
        bytes: u64,
        skipped: usize,
        named: bool,
    },
    /// After the CR of a chunk head.
    SizeNewline {
        bytes: u64,
    },
    Data {
        left: u64,
    },
    DataReturn,
    DataNewline,
    Trailer,
    /// After the CR of a trailer section that is nothing else.
    LastNewline,
    Failed(BodyError),
}

impl Decoder {
    /// For a body of this framing.
    #[inline]
    pub fn new(framing: BodyFraming) -> Decoder {
        let state = match framing {
            BodyFraming::None | BodyFraming::Length(0) => State::Done,
            BodyFraming::Length(left) => State::Length { left },
            BodyFraming::Chunked => State::Size { digits: 0, bytes: 0 },
            BodyFraming::Eof => State::Eof,
        };
        Decoder { state, received: 0, trailer: None }
    }

    /// Whether the body is complete.
    #[inline]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Data bytes so far, without framing.
    pub fn received_bytes(&self) -> u64 {
        self.received
    }

    /// The trailer fields of a complete chunked body.
    #[inline]
    pub fn trailers(&self) -> &Headers {
        self.trailer.as_ref().map_or(&NO_TRAILERS, |section| &section.fields)
    }

    /// Takes the next run of data from the front of `input`.
    ///
    /// Call it again with what was not consumed, until [`done`](Decoded::done) or until the input is empty.
    /// All of the input is consumed in the end unless the body is complete before.
    ///
    /// # Errors
    ///
    /// The framing [`BodyError`]s of a chunked body, and the same one again for every later call. All data in
    /// front of the fault has been returned by earlier calls.
    pub fn decode<'a>(&mut self, input: &'a [u8]) -> Result<Decoded<'a>, BodyError> {
        let mut at = 0;
        loop {
            let left = match self.state {
                State::Done => return Ok(Decoded { consumed: at, data: &[], done: true }),
                State::Failed(error) => return Err(error),
                State::Length { left } | State::Data { left } => left,
                State::Eof => u64::MAX,
                _ => {
                    let Some(byte) = input.get(at) else {
                        return Ok(Decoded { consumed: at, data: &[], done: false });
                    };
                    at += 1;
                    if let Err(error) = self.framing_byte(*byte) {
                        self.state = State::Failed(error);
                        return Err(error);
                    }
                    continue;
                }
            };
            let rest = &input[at..];
            let data = &rest[..rest.len().min(usize::try_from(left).unwrap_or(usize::MAX))];
            let left = left - data.len() as u64;
            self.received += data.len() as u64;
            self.state = match self.state {
                State::Length { .. } if left == 0 => State::Done,
                State::Length { .. } => State::Length { left },
                State::Data { .. } if left == 0 => State::DataReturn,
                State::Data { .. } => State::Data { left },
                other => other,
            };
            return Ok(Decoded { consumed: at + data.len(), data, done: self.is_done() });
        }
    }

    /// The connection ended in order.
    ///
    /// # Errors
    ///
    /// What the body lacks. None for a complete one and for one that ends with the connection.
    pub fn eof(&mut self) -> Result<(), BodyError> {
        match self.state {
            State::Done => Ok(()),
            State::Eof => {
                self.state = State::Done;
                Ok(())
            }
            _ => Err(self.interrupted()),
        }
    }

    /// What it means for the body when its connection fails or is given up here, for instance by a reset or
    /// a timeout.
    pub fn interrupted(&self) -> BodyError {
        match self.state {
            State::Failed(error) => error,
            State::Length { left } => BodyError::StraightInsufficientBytes { missing: left },
            State::Eof | State::Done => BodyError::EofSocketFail,
            State::Data { .. } => BodyError::InsufficientBytes,
            _ => BodyError::ReadError,
        }
    }

    /// One byte outside the data of a chunked body.
    fn framing_byte(&mut self, byte: u8) -> Result<(), BodyError> {
        self.state = match (self.state, byte) {
            (State::Size { digits, bytes }, _) => size_byte(digits, bytes, byte)?,
            (State::Extension { bytes, .. }, b'\r') => State::SizeNewline { bytes },
            (State::Extension { .. }, b'\n' | 0) => return Err(BodyError::HeaderNoNewline),
            (State::Extension { bytes, skipped, named }, _) => {
                if !named && !matches!(byte, b' ' | b'\t' | b';') {
                    return Err(BodyError::HeaderNoNewline);
                }
                if skipped == EXTENSION_BYTES {
                    return Err(BodyError::HeaderTooLong);
                }
                State::Extension { bytes, skipped: skipped + 1, named: named || byte == b';' }
            }
            (State::SizeNewline { bytes: 0 }, b'\n') => State::Trailer,
            (State::SizeNewline { bytes }, b'\n') => State::Data { left: bytes },
            (State::SizeNewline { .. }, _) => return Err(BodyError::HeaderNoNewline),
            (State::DataReturn, b'\r') => State::DataNewline,
            (State::DataNewline, b'\n') => State::Size { digits: 0, bytes: 0 },
            (State::DataReturn | State::DataNewline, _) => return Err(BodyError::TailNoNewline),
            (State::Trailer, b'\r') if self.trailer.is_none() => State::LastNewline,
            (State::Trailer, _) => return self.trailer_byte(byte),
            (State::LastNewline, b'\n') => State::Done,
            (State::LastNewline, _) => return Err(BodyError::TrailerSyntax),
            (state, _) => state,
        };
        Ok(())
    }

    fn trailer_byte(&mut self, byte: u8) -> Result<(), BodyError> {
        let Section { raw, fields } = &mut **self.trailer.get_or_insert_default();
        let after_return = raw.last() == Some(&b'\r');
        if byte == 0 || after_return != (byte == b'\n') {
            return Err(BodyError::TrailerSyntax);
        }
        if raw.len() == TRAILER_BYTES {
            return Err(BodyError::TrailerTooLong);
        }
        raw.push(byte);
        if raw.ends_with(b"\r\n\r\n") {
            let mut slots = [httparse::EMPTY_HEADER; TRAILER_LINES];
            match httparse::parse_headers(raw, &mut slots) {
                Ok(httparse::Status::Complete((_, found))) => {
                    for field in found {
                        fields.push_checked(field.name.as_bytes(), field.value);
                    }
                }
                Err(httparse::Error::TooManyHeaders) => return Err(BodyError::TrailerTooLong),
                Ok(httparse::Status::Partial) | Err(_) => return Err(BodyError::TrailerSyntax),
            }
            *raw = Vec::new();
            self.state = State::Done;
        }
        Ok(())
    }
}

fn size_byte(digits: u32, bytes: u64, byte: u8) -> Result<State, BodyError> {
    if let Some(digit) = char::from(byte).to_digit(16) {
        // Digits that no 64 bits hold are too many, whatever they say.
        if digits == SIZE_DIGITS || bytes > u64::MAX >> 4 {
            return Err(BodyError::HeaderTooLong);
        }
        return Ok(State::Size { digits: digits + 1, bytes: bytes << 4 | u64::from(digit) });
    }
    match byte {
        _ if digits == 0 => Err(BodyError::HeaderNonHex),
        b'\r' | b' ' | b'\t' | b';' if bytes > u64::MAX >> 1 => Err(BodyError::SizeTooLarge),
        b'\r' => Ok(State::SizeNewline { bytes }),
        b' ' | b'\t' | b';' => Ok(State::Extension { bytes, skipped: 1, named: byte == b';' }),
        _ => Err(BodyError::HeaderNoNewline),
    }
}

#[cfg(test)]
mod tests;
