//! A field that is added to many heads.

use super::{Field, Headers, LINE_END};
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
    pub fn value(&self) -> &[u8] {
        &self.text[self.name_len + 2..self.len()]
    }

    /// Bytes without the end.
    fn len(&self) -> usize {
        self.text.len() - LINE_END.len()
    }
}

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
