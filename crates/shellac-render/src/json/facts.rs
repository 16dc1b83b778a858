//! What a transaction comes to: a few members that most readers of JSON ask for, taken from its records.

use shellac_format::Tag;

use super::moment::Moments;
use super::number::is_number;
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
    first_stamp: Option<&'a [u8]>,
    last_stamp: Option<&'a [u8]>,
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
                self.first_stamp.get_or_insert(text);
                self.last_stamp = Some(text);
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

    /// Appends them as members, each with a comma before it.
    pub(super) fn write(&self, moments: &mut Moments, out: &mut Text) {
        if let Some(time) = self.first_stamp.and_then(|text| nth(text, 1)) {
            let mark = out.len();
            out.push(b",\"rfc3339\":\"");
            if is_number(time) && moments.push(time, out) {
                out.push(b"\",\"time\":");
                out.push(time);
            } else {
                out.truncate(mark);
            }
        }
        if let Some(duration) = self.last_stamp.and_then(|text| nth(text, 2)) {
            push_number_member(b",\"duration\":", duration, out);
        }
        if let Some(text) = self.client {
            push_word_member(b",\"client\":", nth(text, 0), out);
            nth(text, 1).iter().for_each(|port| push_number_member(b",\"client_port\":", port, out));
        }
        push_word_member(b",\"method\":", self.method, out);
        push_word_member(b",\"url\":", self.url, out);
        push_word_member(b",\"host\":", self.host, out);
        self.status.iter().for_each(|status| push_number_member(b",\"status\":", status, out));
        if let Some(text) = self.backend {
            push_word_member(b",\"backend\":", nth(text, 1), out);
            push_word_member(b",\"backend_address\":", nth(text, 2), out);
            let port = nth(text, 3);
            port.iter().for_each(|port| push_number_member(b",\"backend_port\":", port, out));
            match nth(text, 6) {
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

/// One of the words of a text.
fn nth(text: &[u8], index: usize) -> Option<&[u8]> {
    text.split(|&byte| byte == b' ').nth(index).filter(|word| !word.is_empty())
}

fn push_word_member(key: &[u8], value: Option<&[u8]>, out: &mut Text) {
    if let Some(value) = value {
        out.push(key);
        push_string(value, out);
    }
}

fn push_number_member(key: &[u8], value: &[u8], out: &mut Text) {
    if is_number(value) {
        out.push(key);
        out.push(value);
    }
}
