//! The header fields of one head, in the order in which they came.

mod line;
mod read;
mod values;

use std::fmt;

use crate::names::{Known, Names, Wanted};
use crate::plain::{IS_TOKEN, text_len};
pub use line::Line;
use line::NumberLine;
pub use values::Values;

/// Where one field lies in [`Headers::text`]; CR LF follows it there.
#[derive(Clone, Copy, Debug)]
struct Field {
    start: u32,
    /// Length of the name; `: ` follows it.
    name_len: u32,
    end: u32,
    known: Option<Known>,
}

impl Field {
    /// `None` if it lies where no text ends.
    #[inline]
    fn new(start: usize, name_len: usize, end: usize, known: Option<Known>) -> Option<Field> {
        // The others are smaller.
        let end = u32::try_from(end).ok()?;
        let field = Field { start: place(start), name_len: place(name_len), end, known };
        Some(field)
    }

    fn start(&self) -> usize {
        self.start as usize
    }

    fn end(&self) -> usize {
        self.end as usize
    }
}

/// A place in a text whose end is known to fit.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "what comes before an end is smaller")]
fn place(at: usize) -> u32 {
    at as u32
}

/// The header fields of one head, in the order in which they came, repeated names included.
///
/// Each field is kept as one line `Name: value`, with exactly one space and without the line end, because
/// that is what both the wire and the log want. Names are compared without regard to case everywhere.
/// [`clear`](Headers::clear) keeps the memory, so that a connection uses one value for all its requests.
#[derive(Clone, Default)]
pub struct Headers {
    /// The lines with their ends, and what no field points to.
    text: Vec<u8>,
    fields: Vec<Field>,
    /// The known names that are there.
    present: Names,
    /// Those that may be there more than once.
    repeated: Names,
    /// A field was removed: lines that no field points to may lie between the others.
    has_gaps: bool,
    /// The fields of the head that was read last, as they came: their lines are still in the text.
    came: Vec<Field>,
    /// Their names, and those of several of them.
    came_names: (Names, Names),
}

/// One header field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name as it was received.
    pub name: &'a [u8],
    /// The value without the white space around it; may contain bytes above 127.
    pub value: &'a [u8],
    /// The whole field as `Name: value`.
    pub line: &'a [u8],
}

impl Headers {
    /// No fields.
    pub const fn new() -> Headers {
        let none = Names::of(&[]);
        Headers {
            text: Vec::new(),
            fields: Vec::new(),
            present: none,
            repeated: none,
            has_gaps: false,
            came: Vec::new(),
            came_names: (none, none),
        }
    }

    /// Forgets all fields and keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.came.clear();
        self.forget();
    }

    /// Forgets all fields; the memory stays, and so do the lines that the next head to be read is compared with.
    pub fn forget(&mut self) {
        self.fields.clear();
        self.present = Names::default();
        self.repeated = Names::default();
        self.has_gaps = false;
    }

    /// Memory that it holds for names and values.
    pub fn capacity_bytes(&self) -> usize {
        self.text.capacity()
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is no field at all.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// All fields in order.
    pub fn iter(&self) -> impl Iterator<Item = Header<'_>> {
        self.fields.iter().map(|field| self.header(*field))
    }

    /// All fields in order, each as `Name: value`.
    #[inline]
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.fields.iter().map(|field| &self.text[field.start()..field.end()])
    }

    /// Hands out the lines of all fields with their ends, in pieces as long as they lie one behind the other.
    pub(crate) fn runs(&self, mut run: impl FnMut(&[u8])) {
        if !self.has_gaps
            && let [first, ..] = &self.fields[..]
            && let [.., last] = &self.fields[..]
        {
            return run(&self.text[first.start()..last.end() + LINE_END.len()]);
        }
        let (mut start, mut end) = (0, 0);
        for field in &self.fields {
            if field.start() != end {
                run(&self.text[start..end]);
                start = field.start();
            }
            end = field.end() + LINE_END.len();
        }
        run(&self.text[start..end]);
    }

    /// The value of the first field called `name`.
    #[inline]
    pub fn get(&self, name: impl Wanted) -> Option<&[u8]> {
        match name.known() {
            Some(known) if self.present.has(known) => self.known_value(known),
            Some(_) => None,
            None => self.values(name).next(),
        }
    }

    /// The values of all fields called `name`, in order.
    #[inline]
    pub fn values<N: Wanted>(&self, name: N) -> Values<'_, N> {
        let is_there = name.known().is_none_or(|known| self.present.has(known));
        Values::new(self, name, is_there)
    }

    /// Whether there is a field called `name`.
    #[inline]
    pub fn contains(&self, name: impl Wanted) -> bool {
        match name.known() {
            Some(known) => self.present.has(known),
            None => self.values(name).next().is_some(),
        }
    }

    /// Whether one of the fields called `name` has `token` as a member of its comma-separated list.
    #[inline]
    pub fn has_token(&self, name: impl Wanted, token: &str) -> bool {
        self.values(name).any(|value| is_member(value, token.as_bytes()))
    }

    /// The members of the comma-separated lists of all fields called `name`, trimmed, empty ones left out.
    #[inline]
    pub fn tokens(&self, name: impl Wanted) -> impl Iterator<Item = &[u8]> {
        self.values(name).flat_map(members)
    }

    /// Adds a field at the end.
    ///
    /// CR, LF and NUL in the value become spaces, so that no value can end its line early. A name that is
    /// not a token is a mistake of the caller; such a field is not added.
    pub fn push(&mut self, name: impl Wanted, value: impl AsRef<[u8]>) {
        let known = name.known();
        let (name, value) = (name.text().as_bytes(), value.as_ref());
        debug_assert!(is_token(name), "{name:?} is no header name");
        if known.is_none() && !is_token(name) {
            return;
        }
        if text_len(value) == value.len() || memchr::memchr3(b'\r', b'\n', 0, value).is_none() {
            return self.push_text(known, name, value);
        }
        let spaced = value.iter().map(|byte| match byte {
            b'\r' | b'\n' | 0 => b' ',
            other => *other,
        });
        self.push_text(known, name, &spaced.collect::<Vec<u8>>());
    }

    /// [`set`](Headers::set) to a number.
    pub fn set_number(&mut self, name: Known, number: u64) {
        self.remove(name);
        let text = name.as_str().as_bytes();
        let rest = NumberLine::new(number);
        let rest = rest.as_bytes();
        let start = self.text.len();
        let end = start + text.len() + rest.len() - LINE_END.len();
        let Some(field) = Field::new(start, text.len(), end, Some(name)) else { return };
        self.text.extend_from_slice(text);
        self.text.extend_from_slice(rest);
        self.add(field);
    }

    /// Replaces all fields called `name` by one at the end.
    pub fn set(&mut self, name: impl Wanted, value: impl AsRef<[u8]>) {
        self.remove(name);
        self.push(name, value);
    }

    /// Removes all fields called `name`; returns how many there were.
    #[inline]
    pub fn remove(&mut self, name: impl Wanted) -> usize {
        match name.known() {
            Some(known) if !self.present.has(known) => 0,
            Some(known) => {
                self.lacks(Names::of(&[known]));
                self.keep(|_, field| field.known != Some(known))
            }
            None => {
                let name = name.text().as_bytes();
                self.retain(|header| !header.name.eq_ignore_ascii_case(name))
            }
        }
    }

    /// Removes the fields whose names are among `names`.
    pub(crate) fn remove_all(&mut self, names: Names) {
        self.lacks(names);
        self.keep(|_, field| !field.known.is_some_and(|known| names.has(known)));
    }

    /// None of these is there from here on.
    fn lacks(&mut self, names: Names) {
        self.present = self.present.less(names);
        self.repeated = self.repeated.less(names);
    }

    /// Leaves the first of several fields called `name`.
    pub(crate) fn keep_first(&mut self, name: Known) {
        if self.repeated.has(name) {
            self.repeated = self.repeated.less(Names::of(&[name]));
            let mut first = true;
            self.keep(|_, field| field.known != Some(name) || std::mem::replace(&mut first, false));
        }
    }

    /// Whether there may be several fields of this name.
    #[inline]
    pub(crate) fn may_repeat(&self, name: Known) -> bool {
        self.repeated.has(name)
    }

    /// Whether one of these names is there.
    #[inline]
    pub(crate) fn has_one_of(&self, names: Names) -> bool {
        self.present.meets(names)
    }

    /// Keeps the fields for which `keep` says so; returns how many were removed.
    pub fn retain(&mut self, mut keep: impl FnMut(Header<'_>) -> bool) -> usize {
        let removed = self.keep(|text, field| keep(header(text, *field)));
        if removed > 0 {
            // Whoever chose knows the names, and we do not.
            (self.present, self.repeated) = (Names::default(), Names::default());
            for at in 0..self.fields.len() {
                self.note(self.fields[at].known);
            }
        }
        removed
    }

    fn keep(&mut self, mut keep: impl FnMut(&[u8], &Field) -> bool) -> usize {
        let before = self.fields.len();
        let text = &self.text;
        self.fields.retain(|field| keep(text, field));
        let removed = before - self.fields.len();
        self.has_gaps |= removed > 0;
        removed
    }

    /// Adds a field that the parser has already checked: a token, and a value without CR, LF and NUL.
    pub(crate) fn push_checked(&mut self, name: &[u8], value: &[u8]) {
        self.push_text(Known::of(name), name, value);
    }

    fn push_text(&mut self, known: Option<Known>, name: &[u8], value: &[u8]) {
        debug_assert!(memchr::memchr3(b'\r', b'\n', 0, value).is_none(), "it has been looked for");
        let value = match value {
            [b'!'..=u8::MAX, .., b'!'..=u8::MAX] => value,
            _ => value.trim_ascii(),
        };
        let start = self.text.len();
        let end = start + name.len() + 2 + value.len();
        // Nobody has a head of four gigabytes.
        let Some(field) = Field::new(start, name.len(), end, known) else { return };
        self.text.reserve(end + LINE_END.len() - start);
        self.text.extend_from_slice(name);
        self.text.extend_from_slice(b": ");
        self.text.extend_from_slice(value);
        self.text.extend_from_slice(LINE_END);
        self.add(field);
    }

    #[inline]
    fn add(&mut self, field: Field) {
        self.note(field.known);
        self.fields.push(field);
    }

    /// There is one more field of this name.
    #[inline]
    fn note(&mut self, known: Option<Known>) {
        if let Some(known) = known {
            let name = Names::of(&[known]);
            self.repeated = self.repeated.and(self.present.both(name));
            self.present = self.present.and(name);
        }
    }

    /// The value of a field.
    #[inline]
    fn value(&self, field: &Field) -> &[u8] {
        &self.text[field.start() + field.name_len as usize + 2..field.end()]
    }

    #[inline]
    fn header(&self, field: Field) -> Header<'_> {
        header(&self.text, field)
    }
}

/// The members of a comma-separated list, trimmed, empty ones left out.
fn members(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let members = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    members.filter(|token| !token.is_empty())
}

/// Whether `token` is a member of a comma-separated list.
fn is_member(value: &[u8], token: &[u8]) -> bool {
    // The shortest list that has it and something else is longer.
    if value.len() > token.len() && value.contains(&b',') {
        members(value).any(|found| found.eq_ignore_ascii_case(token))
    } else {
        value.eq_ignore_ascii_case(token)
    }
}

/// What every line ends with.
const LINE_END: &[u8] = b"\r\n";

#[inline]
fn header(text: &[u8], field: Field) -> Header<'_> {
    let line = &text[field.start()..field.end()];
    let name_len = field.name_len as usize;
    Header { name: &line[..name_len], value: &line[name_len + 2..], line }
}

/// Whether `bytes` is a token, which is what names and methods are made of.
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| IS_TOKEN[usize::from(*byte)])
}

impl PartialEq for Headers {
    fn eq(&self, other: &Headers) -> bool {
        self.iter().map(|header| header.line).eq(other.iter().map(|header| header.line))
    }
}

impl Eq for Headers {}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.iter().map(|header| String::from_utf8_lossy(header.line)))
            .finish()
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> FromIterator<(N, V)> for Headers {
    fn from_iter<T: IntoIterator<Item = (N, V)>>(fields: T) -> Headers {
        let mut headers = Headers::new();
        for (name, value) in fields {
            headers.push(name.as_ref(), value);
        }
        headers
    }
}
