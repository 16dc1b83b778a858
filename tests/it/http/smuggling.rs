//! Bytes that two programs in a row could read in two ways: one table, and one driver that looks at both sides of the proxy.
//!
//! Whatever a probe is, three things are looked at: what the client got, what the origin saw, and that nothing was ever read
//! as a request, or as an answer, that was none. Everything hidden in these bytes has `smuggled` in it.

use std::sync::{Arc, Mutex};

use crate::support::origin::{Origin, Step, ok, raw};
use crate::support::proxy::Proxy;

/// What becomes of the client's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// It goes on with the next request.
    Open,
    /// It is closed, and what comes next is not read.
    Closed,
}

use Then::{Closed, Open};

/// What is tried.
struct Probe {
    /// The case that it belongs to, or 0.
    case: u8,
    what: &'static str,
    /// What the client sends at once.
    client: &'static [u8],
    /// What the origin says to everything but `/next`, before it closes; nothing means that it reads the whole request and
    /// answers with its target.
    origin: &'static [u8],
    /// The answers, as `STATUS` or `200 BODY`.
    answers: &'static [&'static str],
    then: Then,
    /// Target and body of the requests that arrived whole at the origin.
    whole: &'static [(&'static str, &'static str)],
}

/// A request that is refused, or whose body is: nothing of it arrives whole.
const fn refused(
    case: u8,
    what: &'static str,
    client: &'static [u8],
    status: &'static [&'static str],
) -> Probe {
    Probe { case, what, client, origin: b"", answers: status, then: Closed, whole: &[] }
}

/// Requests that are understood.
const fn served(
    case: u8,
    what: &'static str,
    client: &'static [u8],
    answers: &'static [&'static str],
    whole: &'static [(&'static str, &'static str)],
) -> Probe {
    Probe { case, what, client, origin: b"", answers, then: Open, whole }
}

/// An origin that says something odd to `GET /x`.
const fn origin(
    case: u8,
    what: &'static str,
    origin: &'static [u8],
    answers: &'static [&'static str],
) -> Probe {
    const ASK: &[u8] = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
    Probe { case, what, client: ASK, origin, answers, then: Open, whole: &[("/x", "")] }
}

#[rustfmt::skip]
const PROBES: &[Probe] = &[
    // Two framings, or none that is known.
    refused(3, "CL and TE", b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", &["400"]),
    refused(3, "TE and CL", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", &["400"]),
    refused(3, "TE and CL of 0", b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", &["400"]),
    refused(3, "CL taken away by Connection", b"POST /x HTTP/1.1\r\nHost: a\r\nConnection: Content-Length\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", &["400"]),
    refused(4, "CL twice", b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 37\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", &["400"]),
    refused(4, "CL signed", b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\nabcd", &["400"]),
    refused(4, "CL negative", b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", &["400"]),
    refused(4, "CL in hexadecimal", b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0x4\r\n\r\nabcd", &["400"]),
    refused(4, "CL with a space in it", b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1 0\r\n\r\nabcd", &["400"]),
    refused(4, "CL empty", b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", &["400"]),
    refused(4, "CL as a list", b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4, 4\r\n\r\nabcd", &["400"]),
    refused(4, "CL beyond 64 bits", b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551617\r\n\r\n", &["413"]),
    served(4, "CL twice the same", b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nabcd", &["200 /x"], &[("/x", "abcd")]),
    refused(5, "TE xchunked", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", &["501"]),
    refused(5, "TE chunked, identity", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", &["400"]),
    refused(5, "TE gzip, chunked", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", &["400"]),
    refused(5, "TE twice", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", &["400"]),
    refused(5, "TE identity", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", &["501"]),
    refused(5, "TE quoted", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", &["501"]),
    refused(5, "TE with a parameter", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;x=y\r\n\r\n0\r\n\r\n", &["501"]),
    refused(5, "TE behind a vertical tab", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", &["400"]),
    refused(5, "TE empty", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", &["501"]),
    served(5, "TE in capitals", b"POST /x HTTP/1.1\r\nHost: a\r\ntransfer-encoding: CHUNKED\r\n\r\n3\r\nabc\r\n0\r\n\r\n", &["200 /x"], &[("/x", "abc")]),
    refused(6, "TE on 1.0", b"POST /x HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", &["400"]),
    refused(6, "TE on 1.0 with CL", b"POST /x HTTP/1.0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", &["400"]),

    // Lines that end, or go on, where somebody else sees no end.
    refused(7, "space before colon", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", &["400"]),
    refused(7, "bare CR", b"GET /x HTTP/1.1\r\nHost: a\r\nX: y\rTransfer-Encoding: chunked\r\n\r\n", &["400"]),
    refused(7, "bare CR before the line end", b"GET /x HTTP/1.1\r\nHost: a\r\nX: y\r\r\n\r\n", &["400"]),
    refused(7, "NUL in a value", b"GET /x HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", &["400"]),
    refused(7, "NUL in a name", b"GET /x HTTP/1.1\r\nHost: a\r\nX\0: y\r\n\r\n", &["400"]),
    refused(7, "obs-fold", b"GET /x HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n", &["400"]),
    refused(7, "obs-fold that hides a length", b"POST /x HTTP/1.1\r\nHost: a\r\nX: y\r\n\tContent-Length: 5\r\n\r\nhello", &["400"]),
    refused(7, "space before the first header", b"GET /x HTTP/1.1\r\n Host: a\r\n\r\n", &["400"]),
    refused(7, "a line without a colon", b"GET /x HTTP/1.1\r\nHost: a\r\nnothing\r\n\r\n", &["400"]),
    refused(7, "an empty name", b"GET /x HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n", &["400"]),
    refused(8, "bare LF everywhere", b"GET /x HTTP/1.1\nHost: a\n\n", &["400"]),
    refused(8, "bare LF in one line", b"GET /x HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", &["400"]),
    refused(8, "bare LF as the empty line", b"GET /x HTTP/1.1\r\nHost: a\r\n\n", &["400"]),
    refused(8, "bare LF that hides a length", b"POST /x HTTP/1.1\r\nHost: a\r\nX: y\nContent-Length: 37\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", &["400"]),

    // Chunks of requests.
    refused(9, "LF behind a chunk size", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", &["400"]),
    refused(9, "CR alone behind a chunk size", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\rabc\r\n0\r\n\r\n", &["400"]),
    refused(9, "LF behind a chunk", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n", &["400"]),
    refused(9, "a chunk longer than its size", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", &["400"]),
    refused(9, "a size beyond 64 bits", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n0\r\n\r\n", &["400"]),
    refused(9, "a size that wraps to 0", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n100000000000000000000\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", &["400"]),
    refused(9, "a negative size", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", &["400"]),
    refused(9, "a size with 0x", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", &["400"]),
    refused(9, "space before a size", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n 3\r\nabc\r\n0\r\n\r\n", &["400"]),
    refused(9, "an extension that ends in LF", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x\nabc\r\n0\r\n\r\n", &["400"]),
    refused(9, "bytes without a name behind a size", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3 4\r\nabc\r\n0\r\n\r\n", &["400"]),
    refused(9, "a trailer without a colon", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nGET /smuggled HTTP/1.1\r\n\r\n", &["400"]),
    refused(9, "a trailer that ends in LF", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\n\r\n", &["400"]),
    served(9, "chunks as they should be", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", &["200 /x"], &[("/x", "abcde")]),
    served(9, "extensions, leading zeros, a trailer", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0005;x=\"y;z\"\r\nabcde\r\n00;last\r\nX-Sum: 1\r\n\r\n", &["200 /x"], &[("/x", "abcde")]),
    served(9, "a chunk that looks like a request", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1C\r\nGET /smuggled HTTP/1.1\r\n\r\nxx\r\n0\r\n\r\n", &["200 /x"], &[("/x", "GET /smuggled HTTP/1.1\r\n\r\nxx")]),

    // Hosts and targets.
    refused(10, "no Host", b"GET /x HTTP/1.1\r\n\r\n", &["400"]),
    refused(10, "two Hosts", b"GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", &["400"]),
    refused(10, "two equal Hosts", b"GET /x HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", &["400"]),
    refused(10, "Host with a path", b"GET /x HTTP/1.1\r\nHost: a/b\r\n\r\n", &["400"]),
    refused(10, "Host with a user", b"GET /x HTTP/1.1\r\nHost: b@a\r\n\r\n", &["400"]),
    refused(10, "Host as a list", b"GET /x HTTP/1.1\r\nHost: a, b\r\n\r\n", &["400"]),
    refused(11, "absolute target without a name", b"GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", &["400"]),
    refused(11, "absolute target with a user", b"GET http://b@a/x HTTP/1.1\r\nHost: a\r\n\r\n", &["400"]),
    refused(11, "another scheme", b"GET ftp://a/x HTTP/1.1\r\nHost: a\r\n\r\n", &["400"]),
    refused(11, "absolute target and two Hosts", b"GET http://a/x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", &["400"]),
    refused(0, "target without a slash", b"GET x HTTP/1.1\r\nHost: a\r\n\r\n", &["400"]),
    refused(0, "target with a space", b"GET /x /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", &["400"]),
    refused(0, "HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &["505"]),
    refused(0, "HTTP/0.9", b"GET /x\r\n\r\n", &["400"]),
    refused(0, "HTTP/1.2", b"GET /x HTTP/1.2\r\nHost: a\r\n\r\n", &["505"]),

    // Bodies that look like requests, and requests behind bodies.
    served(12, "a body that looks like a request", b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 35\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", &["200 /x"], &[("/x", "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")]),
    served(12, "a GET with a body", b"GET /x HTTP/1.1\r\nHost: a\r\nContent-Length: 35\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", &["200 /x"], &[("/x", "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")]),
    served(12, "requests behind each other", b"GET /x HTTP/1.1\r\nHost: a\r\n\r\nPOST /y HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi\r\nGET /z HTTP/1.1\r\nHost: a\r\n\r\n", &["200 /x", "200 /y", "200 /z"], &[("/x", ""), ("/y", "hi"), ("/z", "")]),
    Probe { case: 14, what: "a body that nobody reads", client: b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", origin: b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno", answers: &["413"], then: Closed, whole: &[] },
    Probe { case: 14, what: "chunks that nobody reads", client: b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n400\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", origin: b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno", answers: &["413"], then: Closed, whole: &[] },
    refused(0, "requests behind Connection: close", b"GET /x HTTP/1.0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", &["200 /x"]).and_whole(&[("/x", "")]),

    // Answers.
    origin(25, "answer with TE and CL", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n", &["200 abcde"]),
    origin(26, "an answer behind an answer", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled", &["200 hi"]),
    origin(26, "an answer behind the last chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled", &["200 hi"]),
    origin(26, "a body behind a 204", b"HTTP/1.1 204 No Content\r\nContent-Length: 8\r\n\r\nsmuggled", &["204"]),
    origin(26, "a body behind a 304", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 8\r\n\r\nsmuggled", &["304"]),
    origin(27, "answer with bare LF", b"HTTP/1.1 200 OK\nContent-Length: 8\n\nsmuggled", &["503"]),
    origin(27, "answer with space before colon", b"HTTP/1.1 200 OK\r\nContent-Length : 8\r\n\r\nsmuggled", &["503"]),
    origin(27, "answer with obs-fold", b"HTTP/1.1 200 OK\r\nX: y\r\n Content-Length: 8\r\n\r\nsmuggled", &["503"]),
    origin(27, "answer with NUL", b"HTTP/1.1 200 OK\r\nX: \0\r\nContent-Length: 8\r\n\r\nsmuggled", &["503"]),
    origin(27, "answer with a bare CR", b"HTTP/1.1 200 OK\r\nX: y\rContent-Length: 8\r\n\r\nsmuggled", &["503"]),
    origin(27, "answer without a colon", b"HTTP/1.1 200 OK\r\nnothing\r\n\r\nsmuggled", &["503"]),
    origin(27, "answer with two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 8\r\n\r\nsmuggled", &["503"]),
    origin(27, "answer with a signed length", b"HTTP/1.1 200 OK\r\nContent-Length: +8\r\n\r\nsmuggled", &["503"]),
    origin(27, "answer with another coding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n8\r\nsmuggled\r\n0\r\n\r\n", &["503"]),
    origin(27, "answer that is none", b"smuggled\r\n\r\n", &["503"]),
    origin(27, "answer of another version", b"HTTP/2 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled", &["503"]),
    origin(27, "answer with a status of two digits", b"HTTP/1.1 20 OK\r\nContent-Length: 8\r\n\r\nsmuggled", &["503"]),
    origin(27, "101 that nobody asked for", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nsmuggled", &["503"]),
];

impl Probe {
    const fn and_whole(mut self, whole: &'static [(&'static str, &'static str)]) -> Probe {
        self.whole = whole;
        self
    }
}

/// Runs the probes of one case, or those of all: behind one another through one thread of one proxy, so that a connection
/// that should not be used again would be.
pub(super) fn run(case: Option<u8>) {
    let probes: Vec<&Probe> =
        PROBES.iter().filter(|probe| case.is_none_or(|case| probe.case == case)).collect();
    assert!(!probes.is_empty(), "no probe for {case:?}");
    let says: Arc<Mutex<&'static [u8]>> = Arc::default();
    let origin = Origin::start({
        let says = Arc::clone(&says);
        move |asked| {
            let says = *says.lock().expect("no test panics with it");
            match (asked.target.as_str(), asked.method.as_str()) {
                ("/x", "GET") if !says.is_empty() => vec![raw(says)],
                ("/x", _) if !says.is_empty() => vec![raw(says), Step::CloseCleanly],
                _ => vec![Step::ReadBody, ok(&asked.target)],
            }
        }
    });
    let once = "[[route]]\n[route.retry]\non = [\"connect\"]\n";
    let proxy = Proxy::start_with("threads = 1", &[origin.address()], once);
    for probe in probes {
        *says.lock().expect("no test panics with it") = probe.origin;
        let before = origin.received().len();
        check(probe, &proxy);
        let mut expected = probe.whole.to_vec();
        if probe.then == Open {
            expected.push(("/next", ""));
        }
        let received = origin.received();
        let whole: Vec<(&str, &str)> = received[before..]
            .iter()
            .filter(|received| received.complete)
            .map(|received| {
                let body = std::str::from_utf8(&received.body_start).expect("bodies here are text");
                (received.asked.target.as_str(), body)
            })
            .collect();
        assert_eq!(whole, expected, "{}: at the origin", probe.what);
    }
    for received in origin.received() {
        assert!(!received.asked.target.contains("smuggled"), "{received:?}");
    }
}

/// The client's side of a probe.
fn check(probe: &Probe, proxy: &Proxy) {
    let what = probe.what;
    let mut client = proxy.client();
    client.send(probe.client);
    for expected in probe.answers {
        let answer = client.try_answer("GET").unwrap_or_else(|error| panic!("{what}: {error}"));
        let text = answer.text();
        let found = match answer.status {
            200 => format!("200 {text}"),
            status => status.to_string(),
        };
        assert_eq!(found, *expected, "{what}");
        assert!(!text.contains("smuggled"), "{what}: {text}");
    }
    match probe.then {
        Open => {
            client.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
            let answer = client.try_answer("GET").unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!((answer.status, answer.text().as_str()), (200, "/next"), "{what}");
            client.half_close();
        }
        Closed => {
            // A connection that was closed already does not take it.
            let _ = client.try_send("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
        }
    }
    let rest = client.until_closed();
    assert!(rest.is_empty(), "{what}: {:?} at the end", String::from_utf8_lossy(&rest));
}

#[test]
fn nothing_is_ever_read_as_a_request_or_an_answer_that_was_none() {
    run(None);
}
