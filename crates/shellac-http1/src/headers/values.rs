//! Fields by their names.

use super::{Field, Headers};
use crate::names::{Known, Wanted};

/// The values of all fields of one name: see [`Headers::values`].
#[derive(Clone, Debug)]
pub struct Values<'h, N> {
    headers: &'h Headers,
    name: N,
    /// Where the next one is looked for, if there may be one.
    next: Option<usize>,
}

impl<'h, N> Values<'h, N> {
    #[inline]
    pub(super) fn new(headers: &'h Headers, name: N, is_there: bool) -> Values<'h, N> {
        Values { headers, name, next: is_there.then_some(0) }
    }
}

impl<'h, N: Wanted> Iterator for Values<'h, N> {
    type Item = &'h [u8];

    #[inline]
    fn next(&mut self) -> Option<&'h [u8]> {
        let from = self.next?;
        let found = match self.name.known() {
            Some(known) => self.headers.next_value(known, from),
            None => self.headers.next_called(self.name.text(), from),
        };
        self.next = found.and_then(|(_, next)| next);
        found.map(|(value, _)| value)
    }
}

impl Headers {
    /// The value of the first field of this name.
    pub(super) fn known_value(&self, known: Known) -> Option<&[u8]> {
        let field = self.fields.iter().find(|field| field.known == Some(known))?;
        Some(self.value(field))
    }

    /// The value of the next field of this name from the one at `from` on, and where to look for another one.
    fn next_value(&self, known: Known, from: usize) -> Option<(&[u8], Option<usize>)> {
        let fields = self.fields.get(from..)?;
        let at = fields.iter().position(|field| field.known == Some(known))?;
        let next = self.repeated.has(known).then_some(from + at + 1);
        Some((self.value(&fields[at]), next))
    }

    /// The same for a name that has no number.
    fn next_called(&self, name: &str, from: usize) -> Option<(&[u8], Option<usize>)> {
        let at = self.find_called(name, from)?;
        Some((self.value(&self.fields[at]), Some(at + 1)))
    }

    /// The next field of this name, from the one at `from` on.
    fn find_called(&self, name: &str, from: usize) -> Option<usize> {
        // Most names differ in length, and nothing else is looked at then.
        let is_called = |field: &Field| {
            field.name_len as usize == name.len()
                && self.header(*field).name.eq_ignore_ascii_case(name.as_bytes())
        };
        let found = self.fields.get(from..)?.iter().position(is_called);
        found.map(|found| from + found)
    }
}
