//! What a transaction comes to: a few members that most readers of JSON ask for, taken from its records.

use shellac_format::Tag;

use super::moment::Moments;
use super::number::{is_number, is_whole};
use super::string::push_string;
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
    time: Option<&'a [u8]>,
    duration: Option<&'a [u8]>,
    client: Option<&'a [u8]>,
    method: Option<&'a [u8]>,
    url: Option<&'a [u8]>,
    host: Option<&'a [u8]>,
    status: Option<&'a [u8]>,
    backend: Option<&'a [u8]>,
    errors: Vec<&'a [u8]>,
}

impl<'a> Facts<'a> {
    /// Takes the text of a record. Of a request counts what was asked first, of an answer what was answered last.
    #[inline]
    pub(super) fn take(&mut self, fact: Fact, text: &'a [u8]) {
        match fact {
            Fact::None => {}
            Fact::Header => {
                if self.host.is_none() && is_host(text) {
                    self.host = Some(text[HOST.len()..].trim_ascii());
                }
            }
            Fact::Stamp => {
                let mut words = text.rsplitn(4, |&byte| byte == b' ').skip(1);
                if let (Some(since_start), Some(time)) = (words.next(), words.next()) {
                    self.stamp(time, since_start);
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

    /// Takes the numbers of a `Timestamp`.
    #[inline]
    pub(super) fn stamp(&mut self, time: &'a [u8], since_start: &'a [u8]) {
        self.time.get_or_insert(time);
        self.duration = Some(since_start);
    }

    /// Appends them as members, each with a comma before it.
    pub(super) fn write(&self, moments: &mut Moments, out: &mut Text) {
        if let Some(time) = self.time {
            let mark = out.len();
            out.push(b",\"rfc3339\":\"");
            if is_number(time) && moments.push(time, out) {
                out.push(b"\",\"time\":");
                out.push(time);
            } else {
                out.truncate(mark);
            }
        }
        if let Some(duration) = self.duration.filter(|duration| is_number(duration)) {
            out.push(b",\"duration\":");
            out.push(duration);
        }
        if let Some(text) = self.client {
            let mut words = words(text);
            push_text_member(b",\"client\":", words.next(), out);
            words.next().iter().for_each(|it| push_whole_member(b",\"client_port\":", it, out));
        }
        push_text_member(b",\"method\":", self.method, out);
        push_text_member(b",\"url\":", self.url, out);
        push_text_member(b",\"host\":", self.host, out);
        self.status.iter().for_each(|status| push_whole_member(b",\"status\":", status, out));
        if let Some(text) = self.backend {
            let mut words = words(text).skip(1);
            push_text_member(b",\"backend\":", words.next(), out);
            push_text_member(b",\"backend_address\":", words.next(), out);
            words.next().iter().for_each(|it| push_whole_member(b",\"backend_port\":", it, out));
            match words.nth(2) {
                Some(b"connect") => out.push(b",\"reused\":false"),
                Some(b"reuse") => out.push(b",\"reused\":true"),
                _ => {}
            }
        }
        for (at, error) in self.errors.iter().enumerate() {
            out.push(if at == 0 { b",\"errors\":[" } else { b"," });
            push_string(error, out);
        }
        if !self.errors.is_empty() {
            out.push(b"]");
        }
    }
}

const HOST: &[u8] = b"host:";

#[inline]
fn is_host(text: &[u8]) -> bool {
    matches!(text.first(), Some(b'H' | b'h'))
        && text.get(..HOST.len()).is_some_and(|start| start.eq_ignore_ascii_case(HOST))
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| byte == b' ')
}

fn push_text_member(key: &[u8], value: Option<&[u8]>, out: &mut Text) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        out.push(key);
        push_string(value, out);
    }
}

fn push_whole_member(key: &[u8], value: &[u8], out: &mut Text) {
    if is_whole(value) {
        out.push(key);
        out.push(value);
    }
}
