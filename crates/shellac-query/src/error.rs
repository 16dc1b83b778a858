//! What is wrong with a query, and where.

use std::fmt;
use std::ops::Range;

use nom::error::{ErrorKind, ParseError};

use crate::token::Token;

/// Why a text is not a query.
///
/// `Display` prints what the stock tools print behind `Query expression error:`, where another line end follows:
/// the message with its place, the text, a line of marks and an empty line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueryError {
    /// There is nothing in it but blanks and comments. The stock tools have no words for this.
    Empty,
    /// A place in the text is wrong.
    Text {
        /// What is wrong.
        message: String,
        /// The part of the text that is wrong, in bytes. Empty where the text ends too early.
        span: Range<usize>,
        /// The exact place, in bytes from the start of `span`, where there is one.
        inside: Option<usize>,
        /// The query.
        text: Vec<u8>,
    },
}

impl QueryError {
    /// The message as bytes, each byte of the query as it was given.
    pub fn to_bytes(&self) -> Vec<u8> {
        let QueryError::Text { message, span, inside, text } = self else { return Vec::new() };
        let exact = span.start + inside.unwrap_or(0);
        let mut out = format!("{message} (Pos {})\n", exact + 1).into_bytes();
        let is_blank = |byte: u8| byte.is_ascii_whitespace() || byte == b'\x0b';
        out.extend(text.iter().map(|&byte| if is_blank(byte) { b' ' } else { byte }));
        out.push(b'\n');
        out.extend((0..text.len()).map(|at| match at {
            _ if !span.contains(&at) => b'-',
            _ if inside.is_some() && at == exact => b'^',
            _ => b'#',
        }));
        out.extend(b"\n\n");
        out
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.to_bytes()))
    }
}

impl std::error::Error for QueryError {}

/// What the lexer and the grammar have to say; the text is added where it is known as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fault {
    message: String,
    span: Range<usize>,
    inside: Option<usize>,
}

impl Fault {
    /// Something wrong with this part of the text.
    pub(crate) fn at(message: impl Into<String>, span: Range<usize>) -> Fault {
        Fault { message: message.into(), span, inside: None }
    }

    /// The exact place, in bytes from the start of the part.
    pub(crate) fn inside(self, place: usize) -> Fault {
        Fault { inside: Some(place), ..self }
    }

    /// Another token than expected.
    pub(crate) fn expected(what: &str, got: Token<'_>) -> Fault {
        let raw = String::from_utf8_lossy(got.raw);
        Fault::at(format!("Expected {what} got '{raw}'"), got.span())
    }

    /// The same where the end of the line has a name.
    pub(crate) fn expected_before_end(what: &str, got: Token<'_>) -> Fault {
        if got.kind == crate::token::Kind::End {
            return Fault::at(format!("Expected {what} got end of input"), got.span());
        }
        Fault::expected(what, got)
    }

    /// The error about this text.
    pub(crate) fn in_text(self, text: &[u8]) -> QueryError {
        let Fault { message, span, inside } = self;
        QueryError::Text { message, span, inside, text: text.to_vec() }
    }
}

/// nom asks for a value where an alternative does not fit; nobody looks at it.
impl<I> ParseError<I> for Fault {
    fn from_error_kind(_: I, _: ErrorKind) -> Fault {
        Fault::default()
    }

    fn append(_: I, _: ErrorKind, other: Fault) -> Fault {
        other
    }
}
