//! What a transaction comes to: a few members that most readers of JSON ask for, taken from its records.

use shellac_format::Tag;

use super::moment::Moments;
use super::number::{is_number, is_whole};
use super::string::{Passage, push_plain, push_quoted};
use crate::lines::Text;

/// More errors of one transaction are in its records only.
const MAX_ERRORS: usize = 16;

/// Which fact a record has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    None,
    Stamp,
    Client,
    Method,
    Url,
    /// A header of a request, which may be `Host`.
    Header,
    Status,
    Backend,
    Error,
}

impl Fact {
    pub(super) const fn of(tag: Option<Tag>) -> Fact {
        match tag {
            Some(Tag::Timestamp) => Fact::Stamp,
            Some(Tag::ReqStart) => Fact::Client,
            Some(Tag::ReqMethod | Tag::BereqMethod) => Fact::Method,
            Some(Tag::ReqUrl | Tag::BereqUrl) => Fact::Url,
            Some(Tag::ReqHeader | Tag::BereqHeader) => Fact::Header,
            Some(Tag::RespStatus | Tag::BerespStatus) => Fact::Status,
            Some(Tag::BackendOpen) => Fact::Backend,
            Some(Tag::FetchError) => Fact::Error,
            _ => Fact::None,
        }
    }
}

/// Texts of records that facts are made of.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts<'a> {
    /// The moment of the first `Timestamp`, and the time from the start to the last one.
    time: Option<Passage<'a>>,
    duration: Option<Passage<'a>>,
    /// Whether these are known to be numbers.
    are_numbers: [bool; 2],
    client: Option<Passage<'a>>,
    method: Option<Passage<'a>>,
    url: Option<Passage<'a>>,
    host: Option<Passage<'a>>,
    status: Option<Passage<'a>>,
    backend: Option<Passage<'a>>,
    errors: Vec<Passage<'a>>,
}

impl<'a> Facts<'a> {
    /// Takes the text of a record. Of a request counts what was asked first, of an answer what was answered last.
    #[inline]
    pub(super) fn take(&mut self, fact: Fact, text: Passage<'a>) {
        match fact {
            Fact::None => {}
            Fact::Header => {
                if self.host.is_none() && is_host(text.bytes()) {
                    let value = text.behind(HOST.len());
                    let blanks = value.bytes().len() - value.bytes().trim_ascii_start().len();
                    let value = value.behind(blanks);
                    self.host = Some(value.before(value.bytes().trim_ascii_end().len()));
                }
            }
            Fact::Stamp => {
                // The last three words; what is before them may be anything.
                let blanks: [Option<usize>; 3] = {
                    let mut blanks = memchr::memrchr_iter(b' ', text.bytes());
                    std::array::from_fn(|_| blanks.next())
                };
                if let [Some(last), Some(start), time] = blanks {
                    let word = |from: usize, to: usize| text.before(to).behind(from);
                    let time = word(time.map_or(0, |at| at + 1), start);
                    self.stamp(time, word(start + 1, last), false);
                }
            }
            Fact::Client => self.client = Some(text),
            Fact::Method => {
                self.method.get_or_insert(text);
            }
            Fact::Url => {
                self.url.get_or_insert(text);
            }
            Fact::Status => self.status = Some(text),
            Fact::Backend => self.backend = Some(text),
            Fact::Error => {
                if self.errors.len() < MAX_ERRORS {
                    self.errors.push(text);
                }
            }
        }
    }

    /// Takes what should be the numbers of a `Timestamp`, or is known to be.
    #[inline]
    pub(super) fn stamp(&mut self, time: Passage<'a>, since_start: Passage<'a>, are_numbers: bool) {
        if self.time.is_none() {
            self.time = Some(time);
            self.are_numbers[0] = are_numbers;
        }
        self.duration = Some(since_start);
        self.are_numbers[1] = are_numbers;
    }

    /// Appends them as members, each with a comma before it.
    pub(super) fn write(&self, moments: &mut Moments, out: &mut Text) {
        if let Some(time) = self.time {
            let mark = out.len();
            out.push_piece(b",\"rfc3339\":\"    ", 12);
            let is_number = self.are_numbers[0] || is_number(time.bytes());
            if is_number && moments.push(time.bytes(), out) {
                out.push_piece(b"\",\"time\":       ", 9);
                push_plain(time, out);
            } else {
                out.truncate(mark);
            }
        }
        let is_duration = |text: &Passage<'_>| self.are_numbers[1] || is_number(text.bytes());
        if let Some(duration) = self.duration.filter(is_duration) {
            out.push_piece(b",\"duration\":    ", 12);
            push_plain(duration, out);
        }
        if let Some(text) = self.client {
            let mut words = text.words();
            push_text_member(b",\"client\":", words.next(), out);
            push_whole_member(b",\"client_port\":", words.next(), out);
        }
        push_text_member(b",\"method\":", self.method, out);
        push_text_member(b",\"url\":", self.url, out);
        push_text_member(b",\"host\":", self.host, out);
        push_whole_member(b",\"status\":", self.status, out);
        if let Some(text) = self.backend {
            let mut words = text.words().skip(1);
            push_text_member(b",\"backend\":", words.next(), out);
            push_text_member(b",\"backend_address\":", words.next(), out);
            push_whole_member(b",\"backend_port\":", words.next(), out);
            match words.nth(2).map(|word| word.bytes()) {
                Some(b"connect") => out.push(b",\"reused\":false"),
                Some(b"reuse") => out.push(b",\"reused\":true"),
                _ => {}
            }
        }
        for (at, error) in self.errors.iter().enumerate() {
            out.push(if at == 0 { b",\"errors\":[" } else { b"," });
            push_quoted(*error, out);
        }
        if !self.errors.is_empty() {
            out.push(b"]");
        }
    }
}

/// The header that is a fact, with its colon.
pub(super) const HOST: &[u8] = b"host:";

#[inline]
fn is_host(text: &[u8]) -> bool {
    matches!(text.first(), Some(b'H' | b'h'))
        && text.get(..HOST.len()).is_some_and(|start| start.eq_ignore_ascii_case(HOST))
}

fn push_text_member<const KEY_BYTES: usize>(
    key: &[u8; KEY_BYTES],
    value: Option<Passage<'_>>,
    out: &mut Text,
) {
    if let Some(value) = value.filter(|value| !value.bytes().is_empty()) {
        out.push_piece(key, KEY_BYTES);
        push_quoted(value, out);
    }
}

fn push_whole_member<const KEY_BYTES: usize>(
    key: &[u8; KEY_BYTES],
    value: Option<Passage<'_>>,
    out: &mut Text,
) {
    if let Some(value) = value.filter(|value| is_whole(value.bytes())) {
        out.push_piece(key, KEY_BYTES);
        push_plain(value, out);
    }
}
