//! A field that is added to many heads.

use super::{Field, Headers, LINE_END};
use crate::decimal::fill;
use crate::names::Known;

/// A field that is added to many heads: it is checked and put together once.
#[derive(Clone, Debug)]
pub struct Line {
    known: Known,
    name_len: usize,
    /// With its end.
    text: Box<[u8]>,
}

impl Line {
    /// As [`Headers::push`] adds it.
    pub fn new(name: Known, value: impl AsRef<[u8]>) -> Line {
        let mut headers = Headers::new();
        headers.push(name, value);
        Line { known: name, name_len: name.as_str().len(), text: headers.text.into_boxed_slice() }
    }

    /// The value.
    #[inline]
    pub fn value(&self) -> &[u8] {
        &self.text[self.name_len + 2..self.len()]
    }

    /// Bytes without the end.
    fn len(&self) -> usize {
        self.text.len() - LINE_END.len()
    }
}

/// The line of a field whose value is a number, without its name.
pub(super) struct NumberLine {
    bytes: [u8; 32],
    start: usize,
}

impl NumberLine {
    #[inline]
    pub(super) fn new(number: u64) -> NumberLine {
        let mut bytes = [0; 32];
        let end = bytes.len() - LINE_END.len();
        let start = fill(&mut bytes[..end], number) - SEPARATOR.len();
        bytes[start..start + SEPARATOR.len()].copy_from_slice(SEPARATOR);
        bytes[end..].copy_from_slice(LINE_END);
        NumberLine { bytes, start }
    }

    /// Separator, digits and line end.
    #[inline]
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

/// What is between name and value.
const SEPARATOR: &[u8] = b": ";

impl Headers {
    /// Adds a field that was put together before.
    pub fn push_line(&mut self, line: &Line) {
        let start = self.text.len();
        if let Some(field) = Field::new(start, line.name_len, start + line.len(), Some(line.known))
        {
            self.text.extend_from_slice(&line.text);
            self.add(field);
        }
    }
}
