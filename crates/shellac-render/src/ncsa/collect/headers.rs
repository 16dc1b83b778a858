//! The headers that a format names, found by the letter that they begin with.

use std::ops::Range;

use shellac_format::ByteSet;

use super::Slot;
use crate::ncsa::field::{after, behind_blanks};
use crate::ncsa::parse::Rule;

/// A header that is looked for.
#[derive(Clone, Debug)]
pub(super) struct Header {
    /// With its colon.
    name: Vec<u8>,
    start: Start,
    pub(super) rule: Option<Rule>,
    pub(super) slot: Slot,
}

/// How the record begins, as far as a number holds that, the first byte the lowest.
#[derive(Clone, Copy, Debug)]
struct Start {
    /// In lower case.
    word: u128,
    /// All bits of the bytes that count.
    care: u128,
    /// The bit that makes lower case, where there are letters.
    lower: u128,
}

impl Start {
    fn of(name: &[u8]) -> Start {
        let mut start = [[0; Start::BYTES]; 3];
        for (at, byte) in name.iter().take(Start::BYTES).enumerate() {
            start[0][at] = byte.to_ascii_lowercase();
            start[1][at] = u8::MAX;
            start[2][at] = if byte.is_ascii_alphabetic() { b'a' ^ b'A' } else { 0 };
        }
        let [word, care, lower] = start.map(u128::from_le_bytes);
        Start { word, care, lower }
    }

    const BYTES: usize = size_of::<u128>();

    /// Whether what begins like this does so, in either case.
    #[inline]
    const fn is_of(self, window: &[u8; Start::BYTES]) -> bool {
        (u128::from_le_bytes(*window) | self.lower) & self.care == self.word
    }
}

/// All that are looked for on one side.
#[derive(Clone, Debug)]
pub(super) struct Headers {
    /// Sorted by the letters that names begin with.
    list: Vec<Header>,
    /// Which of them begin with a byte.
    places: Box<[(u32, u32); 256]>,
}

impl Default for Headers {
    fn default() -> Headers {
        Headers { list: Vec::new(), places: Box::new([(0, 0); 256]) }
    }
}

impl Headers {
    /// Looks for one more.
    pub(super) fn push(&mut self, header: Header) {
        self.list.push(header);
        // Each has a place of its own for what is found, so their order does not matter.
        self.list.sort_by_key(|header| header.first());
        self.places.fill((0, 0));
        for (at, header) in (0..).zip(&self.list) {
            let first = header.first();
            for byte in [first, first.to_ascii_uppercase()] {
                let (start, end) = &mut self.places[usize::from(byte)];
                if *end == 0 {
                    *start = at;
                }
                *end = at + 1;
            }
        }
    }

    /// Those that a text may be which begins like this.
    #[inline]
    pub(super) fn beginning_with(&self, byte: u8) -> &[Header] {
        let (start, end) = self.places[usize::from(byte)];
        &self.list[start as usize..end as usize]
    }

    /// What they begin with.
    pub(super) fn first_bytes(&self) -> ByteSet {
        ByteSet::of_letters(self.list.iter().map(Header::first))
    }
}

impl Header {
    /// One of this name.
    pub(super) fn new(name: &[u8], rule: Option<Rule>, slot: Slot) -> Header {
        let name = [name, b":"].concat();
        Header { start: Start::of(&name), name, rule, slot }
    }

    /// What is behind the name and the blanks there, if the record in this place is this header.
    #[inline]
    pub(super) fn value(&self, bytes: &[u8], record: &Range<usize>) -> Option<Range<usize>> {
        let Range { start, end } = *record;
        match bytes.get(start..).and_then(<[u8]>::first_chunk) {
            Some(window) if !self.start.is_of(window) => None,
            // All of the name was looked at. What is behind the record may have been, too.
            Some(_) if self.name.len() <= Start::BYTES => (self.name.len() <= end - start)
                .then(|| behind_blanks(bytes, start + self.name.len()..end)),
            _ => after(bytes, record.clone(), &self.name),
        }
    }

    /// The letter that the name begins with, or its colon.
    fn first(&self) -> u8 {
        self.name.first().map_or(b':', u8::to_ascii_lowercase)
    }
}

#[cfg(test)]
mod tests;
