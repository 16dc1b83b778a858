//! Every record that the proxy writes, one function each.

use std::net::SocketAddr;
use std::rc::Rc;

use shellac_format::{Side, Tag, Vxid};
use shellac_http1::{Decimal, Ends, Headers, Preamble, PreambleVersion, RequestHead, ResponseHead};

use super::grammar::CloseReason;
use super::head::HeadTags;
use super::rows::Row;
use super::text::{AddressText, EndsText, Parts, Piece, seconds};
use super::txn::{Log, Txn};
use crate::clock::Micros;

const BLANK: Piece = Piece::new(" ");
const COLON: Piece = Piece::new(":");
const COLON_BLANK: Piece = Piece::new(": ");
const RECYCLE: Piece = Piece::new(" recycle");
const CONNECT: Piece = Piece::new(" connect");
const REUSE: Piece = Piece::new(" reuse");

/// What kind of transaction begins, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TxnKind {
    /// A client's connection.
    Session,
    /// One that begins with what a proxy in front says about it.
    ProxySession,
    /// A request on a connection.
    Request,
    /// The first attempt at a backend.
    Pass,
    /// Another attempt.
    Retry,
    /// A tunnel.
    Pipe,
}

impl TxnKind {
    /// What stands in front of the other transaction's number, and behind it.
    const fn words(self) -> (Piece, Piece) {
        const WORDS: [(Piece, Piece); 6] = [
            (Piece::new("sess "), Piece::new(" HTTP/1")),
            (Piece::new("sess "), Piece::new(" PROXY")),
            (Piece::new("req "), Piece::new(" rxreq")),
            (Piece::new("bereq "), Piece::new(" pass")),
            (Piece::new("bereq "), Piece::new(" retry")),
            (Piece::new("bereq "), Piece::new(" pipe")),
        ];
        WORDS[self as usize]
    }

    const fn side(self) -> Side {
        match self {
            TxnKind::Session | TxnKind::ProxySession | TxnKind::Request => Side::Client,
            TxnKind::Pass | TxnKind::Retry | TxnKind::Pipe => Side::Backend,
        }
    }
}

/// Why a client's connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionEnd {
    /// The client closed.
    RemClose,
    /// The client asked for it.
    ReqClose,
    /// HTTP/1.0 without keep-alive.
    ReqHttp10,
    /// What a proxy in front says about it is broken.
    RxBad,
    /// The request head is not HTTP.
    RxJunk,
    /// The request head is too large.
    RxOverflow,
    /// The request head did not come in time.
    RxTimeout,
    /// No request came in time.
    RxCloseIdle,
    /// The request body broke off or was not read to its end.
    RxBody,
    /// It was a tunnel.
    TxPipe,
    /// Delivery failed.
    TxError,
    /// The body of the response ended with the connection.
    TxEof,
    /// The response, or we, asked for it.
    RespClose,
}

impl SessionEnd {
    const fn text(self) -> &'static [u8] {
        match self {
            SessionEnd::RemClose => b"REM_CLOSE",
            SessionEnd::ReqClose => b"REQ_CLOSE",
            SessionEnd::ReqHttp10 => b"REQ_HTTP10",
            SessionEnd::RxBad => b"RX_BAD",
            SessionEnd::RxJunk => b"RX_JUNK",
            SessionEnd::RxOverflow => b"RX_OVERFLOW",
            SessionEnd::RxTimeout => b"RX_TIMEOUT",
            SessionEnd::RxCloseIdle => b"RX_CLOSE_IDLE",
            SessionEnd::RxBody => b"RX_BODY",
            SessionEnd::TxPipe => b"TX_PIPE",
            SessionEnd::TxError => b"TX_ERROR",
            SessionEnd::TxEof => b"TX_EOF",
            SessionEnd::RespClose => b"RESP_CLOSE",
        }
    }
}

/// How a response body comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyKind {
    None,
    Chunked,
    Length,
    Eof,
}

impl BodyKind {
    pub(super) const fn text(self) -> &'static [u8] {
        match self {
            BodyKind::None => b"0 none -",
            BodyKind::Chunked => b"2 chunked stream",
            BodyKind::Length => b"3 length stream",
            BodyKind::Eof => b"4 eof stream",
        }
    }
}

/// Byte counts: head and body, one direction and the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Acct {
    /// Request head. For a client what we received, for a backend what we sent.
    pub(crate) request_head: u64,
    /// Request body.
    pub(crate) request_body: u64,
    /// Response head.
    pub(crate) response_head: u64,
    /// Response body.
    pub(crate) response_body: u64,
}

/// Where in an attempt it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Choose,
    Resolve,
    Connect,
    Tls,
    Send,
    FirstByte,
    Head,
    Body,
}

impl Phase {
    const fn text(self) -> &'static [u8] {
        match self {
            Phase::Choose => b"choose",
            Phase::Resolve => b"resolve",
            Phase::Connect => b"connect",
            Phase::Tls => b"tls",
            Phase::Send => b"send",
            Phase::FirstByte => b"first_byte",
            Phase::Head => b"head",
            Phase::Body => b"body",
        }
    }
}

/// What is known about a failed attempt beside its text.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Details<'a> {
    pub(crate) phase: Option<Phase>,
    pub(crate) class: Option<&'static str>,
    /// Why the head of the response is of no use.
    pub(crate) head: Option<&'a str>,
    pub(crate) errno: Option<i32>,
    pub(crate) reused: Option<bool>,
    /// Age of a reused connection, in microseconds.
    pub(crate) age: Option<u64>,
    /// How long nothing had moved when it failed, in microseconds.
    pub(crate) waited: Option<u64>,
    /// How long it would have been allowed to, where that was the reason, in microseconds.
    pub(crate) limit: Option<u64>,
    /// The name of that limit.
    pub(crate) timeout: Option<&'static str>,
    /// Why TLS was not agreed on.
    pub(crate) tls: Option<&'static str>,
    /// What the client did, where it is to blame.
    pub(crate) client: Option<&'static str>,
    /// Bytes of the request body handed to the kernel.
    pub(crate) sent: Option<u64>,
    /// Bytes of the request body that the peer's kernel acknowledged.
    pub(crate) acked: Option<u64>,
    /// Bytes of the request, its head included, that the peer's kernel acknowledged.
    pub(crate) taken: Option<u64>,
    /// Bytes that were promised.
    pub(crate) expected: Option<u64>,
    /// Bytes of the response that came: of its head before it was complete, of its body then.
    pub(crate) received: Option<u64>,
    /// What the kernel of this machine counted lately.
    pub(crate) node: Option<&'a str>,
    /// The attempt's number, from 1.
    pub(crate) attempt: u32,
    /// Where the backend is, or would be.
    pub(crate) address: Option<SocketAddr>,
}

impl Txn {
    /// Opens a transaction and writes its `Begin`.
    ///
    /// `first` is the start of the task it belongs to, `at` its own.
    pub(crate) fn begin(
        log: &Rc<Log>,
        kind: TxnKind,
        vxid: Vxid,
        parent: Vxid,
        first: Micros,
        at: Micros,
    ) -> Txn {
        let txn = Txn::open(log, vxid, kind.side(), first, at);
        txn.numbered(Tag::Begin, kind.words(), parent.0);
        txn
    }

    /// This transaction started another one.
    pub(crate) fn link(&self, kind: TxnKind, child: Vxid) {
        self.numbered(Tag::Link, kind.words(), child.0);
    }

    /// A named point in time.
    pub(crate) fn timestamp(&mut self, label: &'static str, at: Micros) {
        self.stamped(Tag::Timestamp, label, at);
        self.previous = at;
    }

    /// The name of the configuration in use.
    pub(crate) fn vcl_use(&self, name: &str) {
        self.plain(Tag::VclUse, name.as_bytes());
    }

    /// A state is entered.
    pub(crate) fn call(&self, state: &'static str) {
        self.plain(Tag::VclCall, state.as_bytes());
    }

    /// A state is left.
    pub(crate) fn returns(&self, action: &'static str) {
        self.plain(Tag::VclReturn, action.as_bytes());
    }

    /// A client's end point and the listener's name.
    pub(crate) fn req_start(&self, client: &AddressText, listener: &str) {
        self.pair(Tag::ReqStart, &client.text, BLANK, listener.as_bytes());
    }

    /// A connection was accepted.
    pub(crate) fn sess_open(
        &self,
        client: &AddressText,
        listener: &str,
        local: &AddressText,
        at: Micros,
        fd: i32,
    ) {
        let wall = self.log().wall(at);
        self.record(Tag::SessOpen, |text| {
            text.bytes(&client.text).word(listener.as_bytes()).word(&local.text);
            text.bytes(b" ").seconds(wall).field(u64::from(fd.unsigned_abs()));
        });
    }

    /// What a proxy in front says about a connection.
    pub(crate) fn proxy(&self, preamble: &Preamble) {
        self.record(Tag::Proxy, |text| {
            text.number(match preamble.version {
                PreambleVersion::V1 => 1,
                PreambleVersion::V2 => 2,
            });
            match preamble.ends {
                Ends::Known { client, server } => {
                    text.word(&AddressText::new(client).text).word(&AddressText::new(server).text);
                }
                Ends::Local => (0..4).for_each(|_| {
                    text.word(b"local");
                }),
                Ends::Unknown => (0..4).for_each(|_| {
                    text.word(b"unknown");
                }),
            }
        });
    }

    /// Why that was refused.
    pub(crate) fn proxy_garbage(&self, reason: &str) {
        self.plain(Tag::ProxyGarbage, reason.as_bytes());
    }

    /// A connection ended after `lifetime` microseconds.
    pub(crate) fn sess_close(&self, end: SessionEnd, lifetime: u64) {
        let millis = (lifetime + 500) / 1000;
        self.record(Tag::SessClose, |text| {
            let thousandths = 1000 + millis % 1000;
            text.bytes(end.text()).field(millis / 1000).bytes(b".");
            // Leading zeros come from the thousand that is cut off again.
            text.bytes(&Decimal::new(thousandths).as_bytes()[1..]);
        });
    }

    /// A whole request head.
    pub(crate) fn request_head(&self, tags: HeadTags, head: &RequestHead, protocol: &str) {
        let first = [
            (tags.method, head.method.as_bytes()),
            (tags.url, head.target.as_bytes()),
            (tags.protocol, protocol.as_bytes()),
        ];
        self.plain_each(first.into_iter());
        self.headers(tags, &head.headers);
    }

    /// A whole response head.
    pub(crate) fn response_head(&self, tags: HeadTags, head: &ResponseHead, protocol: &str) {
        match tags.ok {
            Some(row) if head.status == 200 && head.reason == "OK" && protocol == "HTTP/1.1" => {
                self.row(row);
            }
            _ => {
                self.plain(tags.protocol, protocol.as_bytes());
                self.status_only(tags, head.status, &head.reason);
            }
        }
        self.headers(tags, &head.headers);
    }

    /// A status and its reason alone: all that is known of a response that could not be read.
    pub(crate) fn status_only(&self, tags: HeadTags, status: u16, reason: &str) {
        self.record(tags.status, |text| {
            text.number(u64::from(status));
        });
        self.plain(tags.reason, reason.as_bytes());
    }

    /// All header fields.
    pub(crate) fn headers(&self, tags: HeadTags, headers: &Headers) {
        self.plain_all(tags.header, headers.lines());
    }

    /// One header field, set.
    pub(crate) fn header(&self, tags: HeadTags, name: &str, value: &[u8]) {
        self.pair(tags.header, name.as_bytes(), COLON_BLANK, value);
    }

    /// One header field, removed.
    pub(crate) fn unset(&self, tags: HeadTags, name: &str, value: &[u8]) {
        self.pair(tags.unset, name.as_bytes(), COLON_BLANK, value);
    }

    /// Bytes that could not be parsed, from their start.
    pub(crate) fn http_garbage(&self, bytes: &[u8]) {
        self.plain(Tag::HttpGarbage, bytes);
    }

    /// A header line that a head is refused for.
    pub(crate) fn bogo_header(&self, reason: &str, line: &[u8]) {
        self.record(Tag::BogoHeader, |text| {
            text.bytes(reason.as_bytes()).bytes(b": ").bytes(line);
        });
    }

    /// Something an operator should know.
    pub(crate) fn error(&self, reason: &str) {
        self.plain(Tag::Error, reason.as_bytes());
    }

    /// `key:value`.
    pub(crate) fn note(&self, key: &str, value: impl AsRef<[u8]>) {
        self.pair(Tag::VclLog, key.as_bytes(), COLON, value.as_ref());
    }

    /// `key:NUMBER`.
    pub(crate) fn note_number(&self, key: &str, value: u64) {
        self.note(key, Decimal::new(value).as_bytes());
    }

    /// `key:SECONDS`.
    pub(crate) fn note_seconds(&self, key: &str, micros: u64) {
        match seconds(micros) {
            Some((text, len)) => self.note(key, &text[..len]),
            None => self.record(Tag::VclLog, |text| {
                text.bytes(key.as_bytes()).mark(b":").seconds(micros);
            }),
        }
    }

    /// Two texts and what stands between them.
    #[inline]
    fn pair(&self, tag: Tag, first: &[u8], between: Piece, second: &[u8]) {
        self.parts(tag, &Parts { first, between, second, last: Piece::NONE });
    }

    /// A connection to a backend was obtained. `reuse` is the age in microseconds and the number of earlier uses.
    pub(crate) fn backend_open(&self, ends: &EndsText, reuse: Option<(u64, u64)>) {
        let between = match reuse {
            None => CONNECT,
            Some((age, uses)) if self.grammar().has_reuse_age() => {
                return self.record(Tag::BackendOpen, |text| {
                    text.bytes(ends.text()).mark(b" reuse ").seconds(age).field(uses);
                });
            }
            Some(_) => REUSE,
        };
        self.pair(Tag::BackendOpen, ends.text(), between, b"");
    }

    /// A connection to a backend was given up (`Some`) or kept (`None`).
    pub(crate) fn backend_close(&self, fd: i32, name: &str, reason: Option<CloseReason>) {
        let fd = Decimal::new(u64::from(fd.unsigned_abs()));
        let Some(reason) = reason else {
            let (first, second) = (fd.as_bytes(), name.as_bytes());
            let parts = Parts { first, between: BLANK, second, last: RECYCLE };
            return self.parts(Tag::BackendClose, &parts);
        };
        let reason = self.grammar().close_text(reason);
        self.record(Tag::BackendClose, |text| {
            text.bytes(fd.as_bytes()).word(name.as_bytes()).word(b"close").word(reason);
        });
    }

    /// Why an attempt, or reading a request body, failed.
    pub(crate) fn fetch_error(&self, reason: &[u8]) {
        self.plain(Tag::FetchError, reason);
    }

    /// What is known beside the text of a `FetchError`.
    pub(crate) fn fetch_details(&self, details: &Details<'_>) {
        if let Some(phase) = details.phase {
            self.note("fetch.phase", phase.text());
        }
        if let Some(class) = details.class {
            self.note("fetch.class", class);
        }
        if let Some(head) = details.head {
            self.note("fetch.head", head);
        }
        if let Some(tls) = details.tls {
            self.note("fetch.tls", tls);
        }
        if let Some(errno) = details.errno {
            self.note_number("fetch.errno", u64::from(errno.unsigned_abs()));
        }
        if let Some(reused) = details.reused {
            self.note("fetch.reused", if reused { "1" } else { "0" });
        }
        let times = [
            ("fetch.age", details.age),
            ("fetch.waited", details.waited),
            ("fetch.limit", details.limit),
        ];
        for (key, value) in times {
            if let Some(value) = value {
                self.note_seconds(key, value);
            }
        }
        if let Some(timeout) = details.timeout {
            self.note("fetch.timeout", timeout);
        }
        if let Some(client) = details.client {
            self.note("fetch.client", client);
        }
        let numbers = [
            ("fetch.sent", details.sent),
            ("fetch.acked", details.acked),
            ("fetch.taken", details.taken),
            ("fetch.expected", details.expected),
            ("fetch.rcvd", details.received),
        ];
        for (key, value) in numbers {
            if let Some(value) = value {
                self.note_number(key, value);
            }
        }
        if let Some(node) = details.node {
            self.note("fetch.node", node);
        }
        self.note_number("fetch.try", u64::from(details.attempt));
        if let Some(address) = details.address {
            self.note("fetch.addr", address.to_string());
        }
    }

    /// The list of body filters: always empty.
    pub(crate) fn filters(&self) {
        self.plain(Tag::Filters, b"");
    }

    /// How a response is kept, and how its body comes.
    pub(crate) fn kept(&self, kind: BodyKind) {
        self.row(Row::body(kind));
    }

    /// Where a body is kept.
    pub(crate) fn storage(&self) {
        self.plain(Tag::Storage, b"malloc Transient");
    }

    /// The length of a body that is complete.
    pub(crate) fn length(&self, bytes: u64) {
        self.numbered(Tag::Length, (Piece::NONE, Piece::NONE), bytes);
    }

    /// Byte counts of a client's request.
    pub(crate) fn req_acct(&self, acct: &Acct) {
        self.acct(Tag::ReqAcct, acct);
    }

    /// Byte counts of all attempts of a fetch.
    pub(crate) fn bereq_acct(&self, acct: &Acct) {
        self.acct(Tag::BereqAcct, acct);
    }

    /// Byte counts of a tunnel: the heads of the client's request and of ours, then what came from the client and what went to it.
    pub(crate) fn pipe_acct(&self, heads: [u64; 2], from_client: u64, to_client: u64) {
        self.record(Tag::PipeAcct, |text| {
            text.numbers([heads[0], heads[1], from_client, to_client]);
        });
    }

    fn acct(&self, tag: Tag, acct: &Acct) {
        self.record(tag, |text| {
            let Acct { request_head, request_body, response_head, response_body } = *acct;
            let (request, response) = (request_head + request_body, response_head + response_body);
            text.numbers([
                request_head,
                request_body,
                request,
                response_head,
                response_body,
                response,
            ]);
        });
    }
}
