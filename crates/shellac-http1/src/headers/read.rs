//! Reading the lines of a plain head, with those of the head before it at hand.
//!
//! Who sends one head after the other sends nearly the same lines each time. A line that is, byte for byte, the one that was read before
//! in its place is known: where its name ends, which name that is, and that nothing is wrong with it.

use super::{Field, Headers, LINE_END, place};
use crate::head::Limits;
use crate::names::{Known, Names};
use crate::plain::{IS_TOKEN, text_len};

impl Headers {
    /// Reads the header lines that begin at `at`, up to the empty line: where that ends.
    ///
    /// `None` if there is a line that is not plain, or not all of them are there; no field is left then.
    pub(crate) fn read(&mut self, buf: &[u8], at: usize, limits: &Limits) -> Option<usize> {
        self.forget();
        let end = self.read_lines(buf, at, limits);
        if end.is_none() {
            self.forget();
        }
        end
    }

    fn read_lines(&mut self, buf: &[u8], at: usize, limits: &Limits) -> Option<usize> {
        let mut at = at;
        // The line of the head before that is to be expected next.
        let mut old = 0;
        let mut is_same = true;
        loop {
            (at, old) = self.take_same(buf, at, old, limits.headers);
            let rest = buf.get(at..)?;
            let name = rest.iter().position(|byte| !IS_TOKEN[usize::from(*byte)])?;
            if name == 0 {
                let len_bytes = at + LINE_END.len();
                let is_end = rest.starts_with(LINE_END) && len_bytes <= limits.head_bytes;
                // Without the empty line, so that fields which are added lie behind the others.
                return is_end.then(|| self.adopt(&buf[..at], is_same)).map(|()| len_bytes);
            }
            let value = rest.get(name..)?.strip_prefix(b": ")?;
            let value_len = text_len(value);
            if !value[value_len..].starts_with(LINE_END)
                || matches!(value[..value_len], [b' ', ..] | [.., b' '])
                || self.fields.len() == limits.headers
            {
                return None;
            }
            let end = at + name + 2 + value_len;
            self.add(Field::new(at, name, end, Known::of(&rest[..name]))?);
            at = end + LINE_END.len();
            is_same = false;
            // As long a name is most probably the same one with another value.
            old +=
                usize::from(self.came.get(old).is_some_and(|came| came.name_len as usize == name));
        }
    }

    /// Takes the lines at `at` that are the same as those from `old` on in the head before, as long as there are no more than `most`
    /// fields: where the others begin in both.
    fn take_same(&mut self, buf: &[u8], at: usize, old: usize, most: usize) -> (usize, usize) {
        let expected = self.came.get(old..).unwrap_or_default();
        let ([first, ..], [.., last]) = (expected, expected) else { return (at, old) };
        let begin = first.start();
        let behind = |field: &Field| field.end() + LINE_END.len() - begin;
        let lines = self.text.get(begin..begin + behind(last)).unwrap_or_default();
        let rest = buf.get(at..).unwrap_or_default();
        // Mostly all of them are.
        let same = if rest.starts_with(lines) { lines.len() } else { common(lines, rest) };
        let room = most - self.fields.len();
        let count = match same == behind(last) && expected.len() <= room {
            true => expected.len(),
            false => expected.iter().take(room).take_while(|field| behind(field) <= same).count(),
        };
        let taken = &expected[..count];
        let Some(last) = taken.last() else { return (at, old) };
        let end = at + behind(last);
        if u32::try_from(end).is_err() {
            return (at, old);
        }
        if self.fields.is_empty() && count == self.came.len() {
            (self.present, self.repeated) = self.came_names;
        } else {
            for name in taken.iter().filter_map(|field| field.known) {
                let name = Names::of(&[name]);
                self.repeated = self.repeated.and(self.present.both(name));
                self.present = self.present.and(name);
            }
        }
        let moved = place(at).wrapping_sub(first.start);
        if moved == 0 {
            self.fields.extend_from_slice(taken);
        } else {
            self.fields.extend(taken.iter().map(|field| Field {
                start: field.start.wrapping_add(moved),
                end: field.end.wrapping_add(moved),
                ..*field
            }));
        }
        (end, old + count)
    }

    /// Takes the text of a head, up to its empty line: fields point into it. `same` says that all its lines came from the head before.
    fn adopt(&mut self, head: &[u8], same: bool) {
        let is_there = |came: &Field| self.fields.last().is_some_and(|last| last.end == came.end);
        if same && self.fields.len() == self.came.len() && self.came.last().is_some_and(is_there) {
            // Nobody points to the first line.
            return self.text.truncate(head.len());
        }
        self.text.clear();
        self.text.extend_from_slice(head);
        self.came.clear();
        self.came.extend_from_slice(&self.fields);
        self.came_names = (self.present, self.repeated);
    }
}

/// How many bytes from the front are the same in both.
#[inline(never)]
fn common(a: &[u8], b: &[u8]) -> usize {
    let (wide, _) = a.as_chunks::<32>();
    let at = wide.iter().zip(b.as_chunks::<32>().0).take_while(|(a, b)| a == b).count() * 32;
    let (a, b) = (&a[at..], &b[at..]);
    let mut within = 0;
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        let differs = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if differs != 0 {
            return at + within + differs.trailing_zeros() as usize / 8;
        }
        within += 8;
    }
    at + within + a[within..].iter().zip(&b[within..]).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests;
