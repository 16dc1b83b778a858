//! The header fields of one head, in the order in which they came.

use std::fmt;

/// Where one field lies in [`Headers::text`].
#[derive(Clone, Copy, Debug)]
struct Field {
    start: usize,
    /// Length of the name; `: ` follows it.
    name_len: usize,
    end: usize,
}

/// The header fields of one head, in the order in which they came, repeated names included.
///
/// Each field is kept as one line `Name: value`, with exactly one space and without the line end, because
/// that is what both the wire and the log want. Names are compared without regard to case everywhere.
/// [`clear`](Headers::clear) keeps the memory, so that a connection uses one value for all its requests.
#[derive(Clone, Default)]
pub struct Headers {
    text: Vec<u8>,
    fields: Vec<Field>,
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
    pub fn new() -> Headers {
        Headers::default()
    }

    /// Forgets all fields and keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.fields.clear();
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
        self.fields.iter().map(|field| &self.text[field.start..field.end])
    }

    /// The value of the first field called `name`.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.values(name).next()
    }

    /// The values of all fields called `name`, in order.
    pub fn values<'h>(&'h self, name: &str) -> impl Iterator<Item = &'h [u8]> {
        let name = name.as_bytes();
        // Most names differ in length, and nothing else is looked at then.
        let same_len = self.fields.iter().filter(move |field| field.name_len == name.len());
        same_len
            .map(|field| self.header(*field))
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value)
    }

    /// Whether there is a field called `name`.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether one of the fields called `name` has `token` as a member of its comma-separated list.
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.tokens(name).any(|found| found.eq_ignore_ascii_case(token.as_bytes()))
    }

    /// The members of the comma-separated lists of all fields called `name`, trimmed, empty ones left out.
    pub fn tokens<'h>(&'h self, name: &str) -> impl Iterator<Item = &'h [u8]> {
        self.values(name)
            .flat_map(|value| value.split(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|token| !token.is_empty())
    }

    /// Adds a field at the end.
    ///
    /// CR, LF and NUL in the value become spaces, so that no value can end its line early. A name that is
    /// not a token is a mistake of the caller; such a field is not added.
    pub fn push(&mut self, name: &str, value: impl AsRef<[u8]>) {
        debug_assert!(is_token(name.as_bytes()), "{name:?} is no header name");
        let (name, value) = (name.as_bytes(), value.as_ref());
        if !is_token(name) {
            return;
        }
        if memchr::memchr3(b'\r', b'\n', 0, value).is_none() {
            return self.push_checked(name, value);
        }
        let spaced = value.iter().map(|byte| match byte {
            b'\r' | b'\n' | 0 => b' ',
            other => *other,
        });
        self.push_checked(name, &spaced.collect::<Vec<u8>>());
    }

    /// Replaces all fields called `name` by one at the end.
    pub fn set(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.remove(name);
        self.push(name, value);
    }

    /// Removes all fields called `name`; returns how many there were.
    pub fn remove(&mut self, name: &str) -> usize {
        self.retain(|header| !header.name.eq_ignore_ascii_case(name.as_bytes()))
    }

    /// Keeps the fields for which `keep` says so; returns how many were removed.
    pub fn retain(&mut self, mut keep: impl FnMut(Header<'_>) -> bool) -> usize {
        let before = self.fields.len();
        let text = &self.text;
        self.fields.retain(|field| keep(header(text, *field)));
        before - self.fields.len()
    }

    /// Adds a field that the parser has already checked: a token, and a value without CR, LF and NUL.
    pub(crate) fn push_checked(&mut self, name: &[u8], value: &[u8]) {
        debug_assert!(
            memchr::memchr3(b'\r', b'\n', 0, value).is_none(),
            "the parser refuses these"
        );
        let start = self.text.len();
        self.text.extend_from_slice(name);
        self.text.extend_from_slice(b": ");
        self.text.extend_from_slice(value.trim_ascii());
        self.fields.push(Field { start, name_len: name.len(), end: self.text.len() });
    }

    #[inline]
    fn header(&self, field: Field) -> Header<'_> {
        header(&self.text, field)
    }
}

#[inline]
fn header(text: &[u8], field: Field) -> Header<'_> {
    let line = &text[field.start..field.end];
    Header { name: &line[..field.name_len], value: &line[field.name_len + 2..], line }
}

/// Whether `bytes` is a token, which is what names and methods are made of.
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty()
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
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
