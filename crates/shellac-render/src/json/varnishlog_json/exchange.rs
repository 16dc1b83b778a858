//! One request or attempt: what its records come to.

use shellac_format::Tag;
use shellac_log::LogRecord;

use super::super::number::is_number;
use super::super::string::push_string;
use super::headers::Lines;
use crate::lines::Text;

/// A request or an answer to it.
#[derive(Clone, Debug, Default)]
struct Head<'a> {
    headers: Lines<'a>,
    method: Option<&'a [u8]>,
    url: Option<&'a [u8]>,
    proto: Option<&'a [u8]>,
    status: Option<&'a [u8]>,
    reason: Option<&'a [u8]>,
    /// Bytes of head and body.
    bytes: Option<(&'a [u8], &'a [u8])>,
    /// What comes now was changed by VCL, and is not what came or was sent.
    is_frozen: bool,
}

/// What the records of a transaction say so far.
#[derive(Clone, Debug)]
pub(super) struct Exchange<'a> {
    is_backend: bool,
    req: Head<'a>,
    resp: Head<'a>,
    timeline: Vec<(&'a [u8], &'a [u8])>,
    id: Option<u64>,
    vcl: Option<&'a [u8]>,
    storage: Option<&'a [u8]>,
    client: Option<&'a [u8]>,
    backend: Option<&'a [u8]>,
    links: Vec<[&'a [u8]; 3]>,
    logs: Vec<&'a [u8]>,
    errors: Vec<&'a [u8]>,
    is_truncated: bool,
    handling: &'a [u8],
    /// It does not change any more.
    is_handled: bool,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(is_backend: bool) -> Exchange<'a> {
        Exchange {
            is_backend,
            req: Head::default(),
            resp: Head::default(),
            timeline: Vec::new(),
            id: None,
            vcl: None,
            storage: None,
            client: None,
            backend: None,
            links: Vec::new(),
            logs: Vec::new(),
            errors: Vec::new(),
            is_truncated: false,
            handling: b"incomplete",
            is_handled: false,
        }
    }

    /// Goes on with a record.
    pub(super) fn take(&mut self, record: &LogRecord<'a>) {
        let text = record.text();
        let Some(tag) = record.tag else { return };
        match tag {
            Tag::Begin => self.id = Some(record.vxid.0),
            Tag::ReqMethod | Tag::BereqMethod => {
                set(self.req.is_frozen, &mut self.req.method, text)
            }
            Tag::ReqUrl | Tag::BereqUrl => set(self.req.is_frozen, &mut self.req.url, text),
            Tag::ReqProtocol | Tag::BereqProtocol => {
                set(self.req.is_frozen, &mut self.req.proto, text)
            }
            Tag::ReqHeader | Tag::BereqHeader if !self.req.is_frozen => self.req.headers.set(text),
            Tag::ReqUnset | Tag::BereqUnset if !self.req.is_frozen => self.req.headers.unset(text),
            Tag::RespProtocol | Tag::BerespProtocol => {
                set(self.resp.is_frozen, &mut self.resp.proto, text)
            }
            Tag::RespStatus | Tag::BerespStatus => self.resp.status = Some(text),
            Tag::RespReason | Tag::BerespReason => {
                set(self.resp.is_frozen, &mut self.resp.reason, text)
            }
            Tag::RespHeader | Tag::BerespHeader if !self.resp.is_frozen => {
                self.resp.headers.set(text);
            }
            Tag::RespUnset | Tag::BerespUnset if !self.resp.is_frozen => {
                self.resp.headers.unset(text);
            }
            Tag::ReqAcct | Tag::BereqAcct => self.acct(text),
            Tag::Timestamp => {
                let mut words = text.split(|&byte| byte == b' ');
                if let (Some(label), Some(time)) = (words.next(), words.next())
                    && is_number(time)
                {
                    self.timeline.push((label.strip_suffix(b":").unwrap_or(label), time));
                }
            }
            Tag::VclUse => self.vcl = Some(text),
            Tag::Storage => self.storage = Some(text),
            Tag::ReqStart => self.client = Some(text),
            Tag::BackendOpen => self.backend = Some(text),
            Tag::Link => {
                let mut words = text.split(|&byte| byte == b' ');
                if let (Some(kind), Some(id), Some(reason)) =
                    (words.next(), words.next(), words.next())
                {
                    self.links.push([kind, id, reason]);
                }
            }
            Tag::VclLog => self.logs.push(text),
            Tag::Error | Tag::FetchError | Tag::VclError => self.errors.push(text),
            Tag::End => self.is_truncated |= text == b"synth",
            Tag::Hit => {
                let words = text.split(|&byte| byte == b' ').count();
                self.handle(if words == 6 { b"streaming-hit" } else { b"hit" });
            }
            Tag::VclCall => self.called(text),
            Tag::VclReturn => self.returned(text),
            _ => {}
        }
    }

    fn handle(&mut self, handling: &'a [u8]) {
        if !self.is_handled {
            self.handling = handling;
        }
    }

    fn called(&mut self, text: &[u8]) {
        if !self.is_backend {
            self.req.is_frozen = true;
        }
        match text {
            b"MISS" => self.handle(b"miss"),
            b"PASS" => self.handle(b"pass"),
            b"PIPE" => self.handle(b"pipe"),
            b"SYNTH" => self.handle(b"synth"),
            b"BACKEND_RESPONSE" => self.handle(b"fetch"),
            b"BACKEND_ERROR" => self.handle(b"error"),
            _ => {}
        }
        if self.is_backend && matches!(text, b"BACKEND_RESPONSE" | b"BACKEND_ERROR") {
            self.resp.is_frozen = true;
        }
    }

    fn returned(&mut self, text: &'a [u8]) {
        if self.is_backend && matches!(text, b"fetch" | b"error") {
            self.req.is_frozen = true;
        }
        if matches!(text, b"fail" | b"abandon") {
            self.handle(text);
            self.is_handled = true;
        }
    }

    /// Six numbers: head, body and sum of the request, then of the answer.
    fn acct(&mut self, text: &'a [u8]) {
        let words: Vec<&[u8]> = text.split(|&byte| byte == b' ').take(6).collect();
        if let [req_head, req_body, _, resp_head, resp_body, ..] = words[..]
            && [req_head, req_body, resp_head, resp_body].into_iter().all(is_number)
        {
            self.req.bytes = Some((req_head, req_body));
            self.resp.bytes = Some((resp_head, resp_body));
        }
    }

    /// Appends the object.
    pub(super) fn write(&self, out: &mut Text) {
        out.push(if self.is_backend { b"{\"side\":\"backend\"" } else { b"{\"side\":\"client\"" });
        out.push(b",\"req\":{");
        self.req.write(false, out);
        out.push(b"},\"resp\":{");
        self.resp.write(true, out);
        out.push(b"},\"timeline\":[");
        for (at, (name, time)) in self.timeline.iter().enumerate() {
            out.push(if at > 0 { b",{\"name\":" } else { b"{\"name\":" });
            push_string(name, out);
            out.push(b",\"timestamp\":");
            out.push(time);
            out.push(b"}");
        }
        out.push(b"]");
        if let Some(id) = self.id {
            out.push(format!(",\"id\":\"{id}\"").as_bytes());
        }
        push_member(b",\"vcl\":", self.vcl, out);
        push_member(b",\"storage\":", self.storage, out);
        self.client.iter().for_each(|text| push_client(text, out));
        self.backend.iter().for_each(|text| push_backend(text, out));
        for (at, [kind, id, reason]) in self.links.iter().enumerate() {
            out.push(if at == 0 { b",\"links\":[" } else { b"," });
            push_member(b"{\"type\":", Some(kind), out);
            push_member(b",\"id\":", Some(id), out);
            push_member(b",\"reason\":", Some(reason), out);
            out.push(b"}");
        }
        if !self.links.is_empty() {
            out.push(b"]");
        }
        push_list(b",\"logs\":[", &self.logs, out);
        push_list(b",\"errors\":[", &self.errors, out);
        if self.is_truncated {
            out.push(b",\"error\":\"truncated log\"");
        }
        push_member(b",\"handling\":", Some(self.handling), out);
        out.push(b"}");
    }
}

/// Keeps a value that comes as long as values count.
const fn set<'a>(is_frozen: bool, value: &mut Option<&'a [u8]>, text: &'a [u8]) {
    if !is_frozen {
        *value = Some(text);
    }
}

impl Head<'_> {
    fn write(&self, is_answer: bool, out: &mut Text) {
        self.headers.write(is_answer, out);
        push_member(b",\"method\":", self.method, out);
        push_member(b",\"proto\":", self.proto, out);
        push_member(b",\"url\":", self.url, out);
        if let Some(status) = self.status.filter(|status| is_number(status)) {
            out.push(b",\"status\":");
            out.push(status);
        }
        push_member(b",\"reason\":", self.reason, out);
        if let Some((head, body)) = self.bytes {
            out.push(b",\"hdrBytes\":");
            out.push(head);
            out.push(b",\"bodyBytes\":");
            out.push(body);
        }
    }
}

fn push_client(text: &[u8], out: &mut Text) {
    let words: Vec<&[u8]> = text.split(|&byte| byte == b' ').collect();
    let [address, port, ref more @ ..] = words[..] else { return };
    push_member(b",\"client\":{\"rAddr\":", Some(address), out);
    push_number(b",\"rPort\":", port, out);
    push_member(b",\"sock\":", more.first().copied(), out);
    push_member(b",\"proto\":", more.get(1).copied(), out);
    out.push(b"}");
}

fn push_backend(text: &[u8], out: &mut Text) {
    let words: Vec<&[u8]> = text.split(|&byte| byte == b' ').collect();
    let [fd, _, address, port, ref more @ ..] = words[..] else { return };
    push_member(b",\"backend\":{\"name\":", Some(name(&text[fd.len() + 1..])), out);
    push_member(b",\"rAddr\":", Some(address), out);
    push_number(b",\"rPort\":", port, out);
    let is_reused = more.get(2) == Some(&&b"reuse"[..]);
    out.push(if is_reused { b",\"connReused\":true}" } else { b",\"connReused\":false}" });
}

/// The word behind the first dot, which stands between the names of the VCL and of the backend, without what some
/// directors put around it. As with the original, the dot of an address will do where a name has none.
fn name(text: &[u8]) -> &[u8] {
    let name = memchr::memchr(b'.', text).map_or(text, |dot| &text[dot + 1..]);
    let name = name.split(|&byte| byte == b' ').next().unwrap_or(name);
    if name.starts_with(b"goto.") {
        return b"goto";
    }
    for prefix in [&b"udo."[..], b"s3."] {
        if let Some(inner) = name.strip_prefix(prefix) {
            return inner.split(|&byte| byte == b'.').next().unwrap_or(inner);
        }
    }
    name
}

fn push_member(key: &[u8], value: Option<&[u8]>, out: &mut Text) {
    if let Some(value) = value {
        out.push(key);
        push_string(value, out);
    }
}

fn push_number(key: &[u8], value: &[u8], out: &mut Text) {
    if is_number(value) {
        out.push(key);
        out.push(value);
    }
}

fn push_list(start: &[u8], values: &[&[u8]], out: &mut Text) {
    for (at, value) in values.iter().enumerate() {
        out.push(if at == 0 { start } else { b"," });
        push_string(value, out);
    }
    if !values.is_empty() {
        out.push(b"]");
    }
}
