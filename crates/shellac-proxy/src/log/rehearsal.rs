//! The log of requests that nobody made, for whoever wants to know what a log costs by itself.

use std::rc::Rc;
use std::time::Duration;

use shellac_format::{Dialect, Vxid};
use shellac_http1::{Headers, RequestHead, ResponseHead, Version};

use super::{
    Acct, AddressText, BodyKind, EndsText, Grammar, HeadTags, Log, LogSink, Row, Txn, TxnKind, Xids,
};
use crate::clock::Clock;

/// Writes what one keep-alive GET after the other would write, through the same functions.
pub struct Rehearsal {
    log: Rc<Log>,
    client: AddressText,
    ends: EndsText,
    request: RequestHead,
    response: ResponseHead,
}

impl Rehearsal {
    /// Into `sink`, in the words of `dialect`.
    pub fn new(dialect: Dialect, sink: Box<dyn LogSink>) -> Rehearsal {
        let xids = Xids::new(dialect.layout(), 1 << 30, 0, 1);
        let grammar = Grammar::new(dialect, 1024);
        let log = Log::new(grammar, Clock::start(), Duration::from_secs(1), xids, sink);
        let request: Headers = [
            ("Host", "shop.example"),
            ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)"),
            ("Accept", "text/html,application/xhtml+xml"),
            ("Accept-Encoding", "gzip"),
            ("Cookie", "session=0123456789abcdef"),
            ("X-Forwarded-For", "192.0.2.1"),
            ("Via", "1.1 bench (Shellac)"),
            ("X-Varnish", "1073741825"),
        ]
        .into_iter()
        .collect();
        let response: Headers = [
            ("Server", "nginx"),
            ("Date", "Sun, 22 Nov 2026 13:00:00 GMT"),
            ("Content-Type", "text/plain"),
            ("Content-Length", "1024"),
            ("Connection", "keep-alive"),
        ]
        .into_iter()
        .collect();
        Rehearsal {
            log: Rc::new(log),
            client: AddressText::new(([192, 0, 2, 1], 40_000).into()),
            ends: EndsText::new(
                20,
                "origin",
                ([127, 0, 0, 1], 8080).into(),
                ([192, 0, 2, 1], 40_000).into(),
            ),
            request: RequestHead {
                method: "GET".to_owned(),
                target: "/path?query".to_owned(),
                version: Version::Http11,
                headers: request,
            },
            response: ResponseHead {
                version: Version::Http11,
                status: 200,
                reason: "OK".to_owned(),
                headers: response,
            },
        }
    }

    /// Writes one request with its attempt.
    pub fn request(&mut self) {
        let Rehearsal { log, client, ends, request, response } = self;
        let protocol = Version::Http11.as_str();
        let (xid, attempt) = (log.next_xid(), log.next_xid());
        let at = log.now();
        let mut txn = Txn::begin(log, TxnKind::Request, xid, Vxid(1), at, at);
        txn.timestamp("Start", at);
        txn.timestamp("Req", at);
        txn.vcl_use("boot");
        txn.req_start(client, "main");
        txn.request_head(HeadTags::REQ, request, protocol);
        txn.row(Row::Pass);
        txn.link(TxnKind::Pass, attempt);

        let mut bereq = Txn::begin(log, TxnKind::Pass, attempt, xid, at, at);
        bereq.vcl_use("boot");
        bereq.timestamp("Start", at);
        bereq.request_head(HeadTags::BEREQ, request, protocol);
        bereq.row(Row::Fetch);
        bereq.timestamp("Fetch", at);
        bereq.timestamp("Connected", at);
        bereq.backend_open(ends, Some((1_000, 7)));
        bereq.note_seconds("fetch.age", 1_000);
        bereq.note_seconds("fetch.idle", 500);
        let at = log.now();
        bereq.timestamp("Bereq", at);
        bereq.timestamp("Beresp", at);
        bereq.response_head(HeadTags::BERESP, response, protocol);
        bereq.call("BACKEND_RESPONSE");
        bereq.returns("deliver");
        bereq.timestamp("Process", at);
        bereq.kept(BodyKind::Length);

        txn.timestamp("Fetch", at);
        txn.response_head(HeadTags::RESP, response, protocol);
        txn.row(Row::Deliver);
        txn.timestamp("Process", at);
        txn.filters();

        bereq.backend_close(20, "origin", None);
        bereq.timestamp("BerespBody", at);
        bereq.length(1024);
        bereq.bereq_acct(&Acct::default());
        bereq.end();
        txn.timestamp("Resp", log.now());
        txn.req_acct(&Acct::default());
        txn.end();
    }

    /// Records written so far.
    pub fn records(&self) -> u64 {
        self.log.written().records
    }
}
