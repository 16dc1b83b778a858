//! Two thousand requests through origins that close at random points: every attempt that reached an origin
//! is in the log and the other way round, every 200 stands for the whole body, and no body is ever that of
//! another request.

use std::collections::{BTreeSet, HashMap};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::support::client::Client;
use crate::support::deadline::Deadline;
use crate::support::origin::{Asked, Origin, Received, Step, hex_digest, raw};
use crate::support::proxy::Proxy;

const REQUESTS: usize = 2000;
const CLIENTS: usize = 6;
const SEED: u64 = 0x5e11_ac00_2026_1122;

const CONFIG: &str = "\
[log]
size = \"64M\"
dialect = \"6.0-7.2\"
[timeouts]
first_byte = \"10s\"
[body]
limit = \"512K\"
[[route]]
[route.retry]
on = [\"connect\", \"eof_before_byte\", \"reset_before_byte\", \"reused\"]
methods = [\"GET\", \"PUT\", \"POST\"]
max = 1
";

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn of(id: usize, purpose: u64) -> Numbers {
        Numbers(
            SEED ^ (id as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
                ^ purpose.wrapping_mul(0xc2b2_ae3d_27d4_eb4f),
        )
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// The body of request `id`: mostly small, now and then up to 1 MB.
fn body_of(id: usize) -> Vec<u8> {
    let mut numbers = Numbers::of(id, 1);
    let most = match numbers.below(100) {
        0..=9 => 1,
        10..=39 => 100,
        40..=74 => 4 * 1024,
        75..=91 => 64 * 1024,
        92..=97 => 256 * 1024,
        _ => 1024 * 1024 + 1,
    };
    let len = usize::try_from(numbers.below(most)).expect("a length of at most 1 MB");
    let mut body = Vec::with_capacity(len + 8);
    while body.len() < len {
        body.extend_from_slice(&numbers.next().to_le_bytes());
    }
    body.truncate(len);
    body
}

/// What an origin does with attempt `attempt` of request `id`.
fn script(id: usize, attempt: u64, asked: &Asked) -> Vec<Step> {
    let mut numbers = Numbers::of(id, 100 + attempt);
    let some_bytes = numbers.below(200_000);
    let pause = Step::Delay(Duration::from_micros(numbers.below(3000)));
    let ending = match numbers.below(3) {
        0 => Step::Close,
        1 => Step::CloseCleanly,
        _ => Step::Reset,
    };
    let reused = asked.on_connection > 0;
    match numbers.below(100) {
        // Before reading the body.
        0..=7 => vec![pause, ending],
        // In the middle of it.
        8..=15 => vec![Step::ReadBodyBytes(some_bytes), pause, ending],
        // After it, without a byte of an answer.
        16..=21 => vec![Step::ReadBody, pause, ending],
        // In the head of the answer, and in its body.
        22..=24 => vec![Step::ReadBody, raw("HTTP/1.1 200 OK\r\nContent-Le"), ending],
        25..=27 => vec![
            Step::ReadBody,
            raw("HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n0123456789"),
            ending,
        ],
        // After the answer, while the connection is idle or being used again.
        28..=37 => vec![Step::ReadBody, Step::SendDigest, Step::StopAnswering],
        38..=45 => vec![Step::ReadBody, Step::SendDigest, pause, Step::StopAnswering],
        // More than the answer.
        46..=48 => {
            // In one write: what comes later, when the connection is in use again, looks like its answer.
            vec![
                Step::ReadBody,
                Step::SendDigestAnd("HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n"),
            ]
        }
        // Connections that were fine once.
        49..=58 if reused => vec![ending],
        59..=64 if reused => vec![Step::ReadBody, ending],
        _ => vec![Step::ReadBody, Step::SendDigest],
    }
}

fn id_of(asked: &Asked) -> usize {
    asked
        .target
        .strip_prefix("/request/")
        .and_then(|id| id.parse().ok())
        .expect("a target of this test")
}

#[derive(Debug, Default)]
struct Counts {
    whole: usize,
    cut: usize,
    refused: usize,
    unanswered: usize,
}

/// Sends request `id`; the connection if it can be used again.
fn request(
    id: usize,
    proxy: SocketAddr,
    client: Option<Client>,
    counts: &mut Counts,
) -> Option<Client> {
    let body = body_of(id);
    let mut numbers = Numbers::of(id, 2);
    let method =
        if body.is_empty() && numbers.below(2) == 0 { "GET" } else { ["POST", "PUT"][id % 2] };
    let (version, connection, chunked) = match numbers.below(10) {
        0..=2 => ("1.0", "close", false),
        3 => ("1.0", "keep-alive", false),
        4 => ("1.1", "close", false),
        5 | 6 => ("1.1", "keep-alive", true),
        _ => ("1.1", "keep-alive", false),
    };
    let mut wire =
        format!("{method} /request/{id} HTTP/{version}\r\nHost: a\r\nConnection: {connection}\r\n")
            .into_bytes();
    match (method, chunked) {
        ("GET", _) => wire.extend_from_slice(b"\r\n"),
        (_, false) => {
            wire.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
            wire.extend_from_slice(&body);
        }
        (_, true) => {
            wire.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
            for chunk in body.chunks(1 + usize::try_from(numbers.below(30_000)).unwrap()) {
                wire.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                wire.extend_from_slice(chunk);
                wire.extend_from_slice(b"\r\n");
            }
            wire.extend_from_slice(b"0\r\n\r\n");
        }
    }
    let mut client = client.unwrap_or_else(|| Client::connect(proxy));
    let sent = client.try_send(&wire);
    let answer = match client.try_answer(method) {
        Ok(answer) => answer,
        // The proxy gave up on a body that was still coming; its answer may be lost with the connection.
        Err(error) if sent.is_err() || error.kind() == ErrorKind::ConnectionReset => {
            assert_ne!(error.kind(), ErrorKind::TimedOut, "request {id}");
            counts.unanswered += 1;
            return None;
        }
        Err(error) => {
            panic!("request {id} of {} bytes was sent and not answered: {error}", body.len())
        }
    };
    match (answer.status, answer.complete) {
        (200, true) => {
            assert_eq!(answer.text(), hex_digest(&body), "request {id} of {} bytes", body.len());
            counts.whole += 1;
        }
        (200, false) => {
            assert_eq!(answer.text(), "0123456789", "request {id}");
            counts.cut += 1;
        }
        (503, true) => counts.refused += 1,
        other => panic!("request {id}: {other:?} {:?}", answer.text()),
    }
    let stays = connection == "keep-alive"
        && answer.fields.get("Connection") != Some("close")
        && answer.complete;
    stays.then_some(client)
}

/// The XIDs of the attempts that opened a connection and sent a request, by the log.
fn sent_by_the_log(log: &str) -> BTreeSet<u64> {
    let mut sent = BTreeSet::new();
    for group in log.split("\n\n") {
        let Some((_, rest)) = group.split_once("<< BeReq    >> ") else { continue };
        let xid = rest
            .split_whitespace()
            .next()
            .and_then(|xid| xid.parse().ok())
            .expect("an XID follows");
        let has = |text: &str| {
            rest.lines().any(|line| line.trim_start_matches(['-', ' ']).starts_with(text))
        };
        if has("BackendOpen") && has("Timestamp      Bereq:") {
            assert!(sent.insert(xid), "two attempts with XID {xid}");
        }
    }
    sent
}

fn check_bodies(received: &[Received]) {
    for request in received {
        let id = id_of(&request.asked);
        let body = body_of(id);
        let len = usize::try_from(request.bytes).expect("no body is that long");
        assert!(len <= body.len(), "request {id}: {len} bytes of {} arrived", body.len());
        assert_eq!(
            request.digest,
            hex_digest(&body[..len]),
            "request {id}: the first {len} bytes are not its own"
        );
        assert!(
            !request.complete || len == body.len(),
            "request {id}: {len} bytes of {} as a whole body",
            body.len()
        );
    }
}

#[test]
fn two_thousand_requests_through_closing_origins() {
    let attempts = Arc::new(Mutex::new(HashMap::<usize, u64>::new()));
    let origins: Vec<Origin> = (0..2)
        .map(|_| {
            let attempts = Arc::clone(&attempts);
            Origin::start(move |asked| {
                let id = id_of(asked);
                let mut attempts = attempts.lock().unwrap();
                let attempt = attempts.entry(id).or_default();
                *attempt += 1;
                script(id, *attempt, asked)
            })
        })
        .collect();
    let addresses: Vec<_> = origins.iter().map(Origin::address).collect();
    let proxy = Proxy::start_with("threads = 2", &addresses, CONFIG);

    let address = proxy.address();
    let next = AtomicUsize::new(0);
    let counts: Vec<Counts> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| {
                    let mut counts = Counts::default();
                    let mut client = None;
                    loop {
                        let id = next.fetch_add(1, Ordering::Relaxed);
                        if id >= REQUESTS {
                            return counts;
                        }
                        client = request(id, address, client, &mut counts);
                    }
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().expect("a client's checks hold")).collect()
    });
    let sum = |field: fn(&Counts) -> usize| counts.iter().map(field).sum::<usize>();
    let (whole, cut) = (sum(|counts| counts.whole), sum(|counts| counts.cut));
    let (refused, unanswered) = (sum(|counts| counts.refused), sum(|counts| counts.unanswered));
    let summary = format!("{whole} whole, {cut} cut, {refused} refused, {unanswered} unanswered");
    assert_eq!(whole + cut + refused + unanswered, REQUESTS);
    assert!(
        whole > REQUESTS / 2 && cut > 20 && refused > 20,
        "the origins were too kind or too cruel: {summary}"
    );
    assert!(unanswered < REQUESTS / 20, "{summary}");

    // The clients are through; the log of the last attempts may still be on its way.
    let at_origins = || -> BTreeSet<u64> {
        let xids = origins.iter().flat_map(Origin::received).map(|received| received.asked.xid());
        xids.map(|xid| xid.expect("every attempt carries its XID")).collect()
    };
    Deadline::generous().wait_for("the origins to be through", || {
        let through = origins.iter().flat_map(Origin::received).all(|received| received.finished);
        through.then_some(())
    });
    let expected = at_origins();
    let mut logged = BTreeSet::new();
    let deadline = Deadline::generous();
    while deadline.left().is_some() {
        logged = sent_by_the_log(&proxy.log("vxid"));
        if logged.is_superset(&expected) {
            break;
        }
    }
    let received: Vec<Received> = origins.iter().flat_map(Origin::received).collect();
    let missing: Vec<_> = expected.difference(&logged).collect();
    let extra: Vec<_> = logged.difference(&expected).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "not in the log: {missing:?}; not at an origin: {extra:?}"
    );
    assert!(
        expected.len() > REQUESTS + 100,
        "only {} attempts: nothing was retried",
        expected.len()
    );
    assert!(received.iter().any(|received| received.asked.on_connection > 0 && !received.complete));
    check_bodies(&received);
    println!("{summary}; {} attempts", expected.len());
}
