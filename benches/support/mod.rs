//! A busy log for readers to be measured beside: a directory with a ring, and whole requests to write into it.
//!
//! What a reader costs is asked of the kernel.

use std::fs;
use std::path::Path;
use std::process::Child;
use std::thread;

use shellac_format::{Dialect, Side, Tag, Vxid, record};
use shellac_ring::{Producer, PublishError, Ring, RingHandle};
use shellac_sys::LogViewMut;
use shellac_vsm::{ChildSet, MgtSet, PublishOptions};

const DIALECT: Dialect = Dialect::V7_3;
/// Steps in a second, the same on every Linux.
const STEPS_PER_SECOND: f64 = 100.0;
/// All numbers of transactions have as many digits, so that a text with one can be changed in place.
pub(crate) const FIRST_XID: u64 = 1_000_000_000;
/// Requests are published in bursts of a millisecond.
pub(crate) const BURSTS_PER_SECOND: u64 = 1000;

/// A directory with a log, as long as it lives.
pub(crate) struct Published {
    pub(crate) ring: RingHandle,
    pub(crate) producer: Producer,
    _worker: ChildSet,
    _manager: MgtSet,
}

/// Publishes a ring of so many bytes.
pub(crate) fn publish(workdir: &Path, ring_bytes: u64) -> Published {
    let options = PublishOptions::own(1);
    let mut worker = ChildSet::create(workdir, &options).expect("a directory for the ring");
    let segment = worker.allocate("Log", "Log", ring_bytes).expect("room for the ring");
    let layout = DIALECT.layout();
    let view = LogViewMut::create(segment, layout.segment_marker()).expect("a segment");
    let (ring, mut producers) = Ring::create(view, layout, 1).expect("a ring");
    ring.publish_marker();
    worker.publish().expect("it is published");
    let mut manager = MgtSet::create(workdir, &options).expect("a directory for the manager");
    manager.add_identity("bench", DIALECT.name(), "0").expect("it has a name");
    manager.publish().expect("it is published");
    let producer = producers.pop().expect("one was asked for");
    Published { ring, producer, _worker: worker, _manager: manager }
}

/// User and system time that a process has used.
pub(crate) fn cpu_seconds(child: &Child) -> f64 {
    let text = fs::read_to_string(format!("/proc/{}/stat", child.id())).expect("it lives");
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split(' ').collect();
    let steps: f64 = [12, 13].iter().filter_map(|&at| fields.get(at)?.parse::<f64>().ok()).sum();
    steps / STEPS_PER_SECOND
}

/// Memory of its own that is no file and no shared memory.
pub(crate) fn anonymous_kilobytes(child: &Child) -> u64 {
    let text = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap_or_default();
    line.split_ascii_whitespace().next().and_then(|it| it.parse().ok()).unwrap_or(0)
}

/// A request with one attempt as the proxy writes them, with the places where its numbers stand.
pub(crate) struct Request {
    /// The attempt, and the request itself.
    pub(crate) batches: [Vec<u8>; 2],
    /// Record headers of each batch.
    heads: [Vec<usize>; 2],
    /// Where the other transaction's number stands as text.
    texts: [usize; 2],
}

impl Request {
    /// One for `path` at backend `b` and this number.
    pub(crate) fn new(path: &str, backend: u64, is_bad: bool) -> Request {
        let (request, attempt) = (FIRST_XID, FIRST_XID + 1);
        let batches = [
            encoded(attempt, Side::Backend, &attempt_lines(path, backend, request, is_bad)),
            encoded(request, Side::Client, &request_lines(path, attempt, is_bad)),
        ];
        let heads = [&batches[0], &batches[1]].map(|batch| {
            shellac_format::Heads::new(DIALECT.layout(), batch).map(|it| it.start).collect()
        });
        let texts = [(&batches[0], request), (&batches[1], attempt)].map(|(batch, number)| {
            let number = number.to_string();
            batch.windows(number.len()).position(|it| it == number.as_bytes()).expect("it is named")
        });
        Request { batches, heads, texts }
    }

    /// Publishes the attempt and then the request, as `xid + 1` and `xid`.
    pub(crate) fn publish(&mut self, producer: &mut Producer, xid: u64) {
        for (at, (own, other)) in [(xid + 1, xid), (xid, xid + 1)].into_iter().enumerate() {
            let batch = &mut self.batches[at];
            let low = u32::try_from(own).expect("the numbers of a bench fit").to_ne_bytes();
            for &head in &self.heads[at] {
                batch[head + 4..head + 8].copy_from_slice(&low);
            }
            let text = other.to_string();
            batch[self.texts[at]..self.texts[at] + text.len()].copy_from_slice(text.as_bytes());
            while matches!(producer.publish(batch), Err(PublishError::Stalled)) {
                thread::yield_now();
            }
        }
    }
}

fn encoded(vxid: u64, side: Side, lines: &[(Tag, String)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (tag, text) in lines {
        let number = tag.number(DIALECT).expect("a tag of this dialect");
        let (layout, text) = (DIALECT.layout(), text.as_bytes());
        record::encode_text(&mut bytes, layout, number, Vxid(vxid), side, text, 1024);
    }
    bytes
}

fn attempt_lines(path: &str, backend: u64, request: u64, is_bad: bool) -> Vec<(Tag, String)> {
    let mut lines = vec![
        (Tag::Begin, format!("bereq {request} pass")),
        (Tag::VclUse, "shellac".to_owned()),
        (Tag::Timestamp, "Start: 1795328007.965521 0.000000 0.000000".to_owned()),
        (Tag::BereqMethod, "POST".to_owned()),
        (Tag::BereqUrl, path.to_owned()),
        (Tag::BereqProtocol, "HTTP/1.1".to_owned()),
    ];
    for header in [
        "Host: shop.example",
        "User-Agent: Mozilla/5.0",
        "Accept: */*",
        "Content-Length: 312",
        "X-Forwarded-For: 127.0.0.1",
    ] {
        lines.push((Tag::BereqHeader, header.to_owned()));
    }
    lines.extend([
        (Tag::VclCall, "BACKEND_FETCH".to_owned()),
        (Tag::VclReturn, "fetch".to_owned()),
        (Tag::Timestamp, "Fetch: 1795328007.965558 0.000037 0.000037".to_owned()),
        (Tag::Timestamp, "Connected: 1795328007.965560 0.000039 0.000002".to_owned()),
        (Tag::BackendOpen, format!("15 b{backend} 127.0.0.1 43727 127.0.0.1 37330 connect")),
        (Tag::Timestamp, "Bereq: 1795328007.965600 0.000079 0.000040".to_owned()),
    ]);
    if is_bad {
        lines.extend([
            (Tag::FetchError, "HTC eof (-1)".to_owned()),
            (Tag::VclLog, "fetch.phase:first_byte".to_owned()),
            (Tag::VclLog, "fetch.class:backend".to_owned()),
            (Tag::BackendClose, "15 b0 close Received bad req/resp".to_owned()),
        ]);
    } else {
        lines.push((Tag::Timestamp, "Beresp: 1795328007.966152 0.000631 0.000552".to_owned()));
        lines.push((Tag::BackendClose, "15 b0 recycle".to_owned()));
    }
    lines.extend([
        (Tag::BerespProtocol, "HTTP/1.1".to_owned()),
        (Tag::BerespStatus, if is_bad { "503" } else { "200" }.to_owned()),
        (Tag::BerespReason, "OK".to_owned()),
        (Tag::BerespHeader, "Content-Type: application/json".to_owned()),
        (Tag::BerespHeader, "Content-Length: 20".to_owned()),
        (Tag::Length, "20".to_owned()),
        (Tag::BereqAcct, "131 312 443 136 20 156".to_owned()),
        (Tag::End, String::new()),
    ]);
    lines
}

fn request_lines(path: &str, attempt: u64, is_bad: bool) -> Vec<(Tag, String)> {
    let mut lines = vec![
        // The session has a number of its own, which is not in the log.
        (Tag::Begin, "req 77 rxreq".to_owned()),
        (Tag::Timestamp, "Start: 1795328007.965500 0.000000 0.000000".to_owned()),
        (Tag::Timestamp, "Req: 1795328007.965510 0.000010 0.000010".to_owned()),
        (Tag::VclUse, "shellac".to_owned()),
        (Tag::ReqStart, "127.0.0.1 36270 main".to_owned()),
        (Tag::ReqMethod, "POST".to_owned()),
        (Tag::ReqUrl, path.to_owned()),
        (Tag::ReqProtocol, "HTTP/1.1".to_owned()),
    ];
    for header in
        ["Host: shop.example", "User-Agent: Mozilla/5.0", "Accept: */*", "Content-Length: 312"]
    {
        lines.push((Tag::ReqHeader, header.to_owned()));
    }
    lines.extend([
        (Tag::VclCall, "RECV".to_owned()),
        (Tag::VclReturn, "pass".to_owned()),
        (Tag::Link, format!("bereq {attempt} pass")),
        (Tag::Timestamp, "ReqBody: 1795328007.965540 0.000040 0.000030".to_owned()),
        (Tag::Timestamp, "Fetch: 1795328007.966200 0.000700 0.000660".to_owned()),
        (Tag::RespProtocol, "HTTP/1.1".to_owned()),
        (Tag::RespStatus, if is_bad { "503" } else { "200" }.to_owned()),
        (Tag::RespReason, "OK".to_owned()),
    ]);
    for header in [
        "Content-Type: application/json",
        "Content-Length: 20",
        "X-Varnish: 1000000000",
        "Via: 1.1 test",
    ] {
        lines.push((Tag::RespHeader, header.to_owned()));
    }
    lines.extend([
        (Tag::VclCall, "DELIVER".to_owned()),
        (Tag::VclReturn, "deliver".to_owned()),
        (Tag::Timestamp, "Process: 1795328007.966210 0.000710 0.000010".to_owned()),
        (Tag::Timestamp, "Resp: 1795328007.966240 0.000740 0.000030".to_owned()),
        (Tag::ReqAcct, "131 312 443 136 20 156".to_owned()),
        (Tag::End, String::new()),
    ]);
    lines
}
