//! What a transaction says of itself, as far as a span needs it.

use shellac_format::Tag;
use shellac_log::{Kind, Reason, Transaction};
use shellac_render::trace::{Acct, Micros, Open};

/// Events of one span at most; the others are counted.
const MAX_EVENTS: usize = 128;

/// One thing that happened.
#[derive(Debug)]
pub(super) struct Event<'a> {
    pub(super) at_nanos: u64,
    pub(super) what: What<'a>,
}

/// What it was.
#[derive(Debug)]
pub(super) enum What<'a> {
    /// A `Timestamp`, by its label.
    Stamp(&'a [u8]),
    /// A `FetchError`.
    Error(&'a [u8]),
    /// A detail of a fetch: key and value.
    Detail(&'a [u8], &'a [u8]),
}

/// The texts of a transaction.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    pub(super) vxid: u64,
    pub(super) parent: u64,
    pub(super) kind: Kind,
    pub(super) reason: Reason,
    /// Moments, since 1970; `None` where there is no Timestamp.
    pub(super) start_nanos: Option<u64>,
    pub(super) end_nanos: Option<u64>,
    pub(super) method: Option<&'a [u8]>,
    pub(super) url: Option<&'a [u8]>,
    pub(super) protocol: Option<&'a [u8]>,
    pub(super) host: Option<&'a [u8]>,
    pub(super) agent: Option<&'a [u8]>,
    pub(super) traceparent: Option<&'a [u8]>,
    pub(super) tracestate: Option<&'a [u8]>,
    pub(super) status: Option<u64>,
    /// Words of ReqStart, SessOpen or BackendOpen.
    pub(super) peer: Vec<&'a [u8]>,
    /// The name of the backend, without that of the configuration.
    pub(super) backend: Option<String>,
    pub(super) acct: Option<Acct>,
    pub(super) events: Vec<Event<'a>>,
    pub(super) events_dropped: u64,
}

impl<'a> Seen<'a> {
    pub(super) fn of(transaction: &'a Transaction) -> Seen<'a> {
        let mut seen = Seen {
            vxid: transaction.vxid.0,
            parent: transaction.parent.0,
            kind: transaction.kind,
            reason: transaction.reason,
            start_nanos: None,
            end_nanos: None,
            method: None,
            url: None,
            protocol: None,
            host: None,
            agent: None,
            traceparent: None,
            tracestate: None,
            status: None,
            peer: Vec::new(),
            backend: None,
            acct: None,
            events: Vec::new(),
            events_dropped: 0,
        };
        for record in transaction.records() {
            if let Some(tag) = record.tag {
                seen.take(tag, record.text());
            }
        }
        seen
    }

    fn take(&mut self, tag: Tag, text: &'a [u8]) {
        match tag {
            Tag::Timestamp => self.stamp(text),
            Tag::ReqMethod | Tag::BereqMethod => {
                self.method.get_or_insert(text);
            }
            Tag::ReqUrl | Tag::BereqUrl => {
                self.url.get_or_insert(text);
            }
            Tag::ReqProtocol | Tag::BereqProtocol => {
                self.protocol.get_or_insert(text);
            }
            Tag::ReqHeader | Tag::BereqHeader => self.header(text),
            Tag::RespStatus | Tag::BerespStatus => {
                self.status = str::from_utf8(text).ok().and_then(|text| text.parse().ok());
            }
            Tag::ReqStart | Tag::SessOpen | Tag::BackendOpen => {
                self.peer = text.split(|&byte| byte == b' ').collect();
                if tag == Tag::BackendOpen {
                    self.backend = Open::parse(text).map(|open| open.name);
                }
            }
            Tag::ReqAcct | Tag::BereqAcct => self.acct = Acct::parse(text),
            Tag::FetchError => self.event(What::Error(text)),
            Tag::VclLog => {
                let colon = text.iter().position(|&byte| byte == b':');
                if let Some(colon) = colon.filter(|_| text.starts_with(b"fetch.")) {
                    self.event(What::Detail(&text[..colon], text[colon + 1..].trim_ascii()));
                }
            }
            Tag::SessClose => {
                let duration = text.split(|&byte| byte == b' ').nth(1).and_then(Micros::parse);
                let duration = duration.and_then(nanos);
                self.end_nanos = self.start_nanos.zip(duration).map(|(a, b)| a.saturating_add(b));
            }
            _ => {}
        }
        if tag == Tag::SessOpen {
            let opened = self.peer.get(5).copied().and_then(Micros::parse).and_then(nanos);
            (self.start_nanos, self.end_nanos) = (opened, opened);
        }
    }

    fn stamp(&mut self, text: &'a [u8]) {
        let Some(at) = Micros::of_timestamp(text).and_then(nanos) else { return };
        self.start_nanos.get_or_insert(at);
        self.end_nanos = Some(self.end_nanos.unwrap_or(at).max(at));
        let label = text.iter().position(|&byte| byte == b':').map_or(text, |end| &text[..end]);
        // What came before it happened up to then, and no other moment is known.
        for event in self.events.iter_mut().rev().take_while(|event| event.at_nanos == 0) {
            event.at_nanos = at;
        }
        self.event(What::Stamp(label));
        if let Some(event) = self.events.last_mut() {
            event.at_nanos = at;
        }
    }

    fn event(&mut self, what: What<'a>) {
        if self.events.len() < MAX_EVENTS {
            self.events.push(Event { at_nanos: 0, what });
        } else {
            self.events_dropped += 1;
        }
    }

    fn header(&mut self, text: &'a [u8]) {
        let Some(colon) = text.iter().position(|&byte| byte == b':') else { return };
        let (name, value) = (&text[..colon], text[colon + 1..].trim_ascii());
        let place = match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => &mut self.host,
            10 if name.eq_ignore_ascii_case(b"user-agent") => &mut self.agent,
            10 if name.eq_ignore_ascii_case(b"tracestate") => &mut self.tracestate,
            11 if name.eq_ignore_ascii_case(b"traceparent") => &mut self.traceparent,
            _ => return,
        };
        place.get_or_insert(value);
    }
}

fn nanos(at: Micros) -> Option<u64> {
    u64::try_from(at.0).ok()?.checked_mul(1000)
}
