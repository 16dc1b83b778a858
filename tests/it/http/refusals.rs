//! Requests that two servers could read in two ways are refused, and reach no backend.

use crate::support::origin::{Origin, Step, ok};
use crate::support::proxy::Proxy;

/// What the client sends, and the status it gets. Everything here ends its connection.
const REFUSED: &[(&str, &[u8], u16)] = &[
    ("TE and CL", b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("CL and TE", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", 400),
    ("TE with space before colon", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
    ("TE not chunked alone", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
    ("TE twice", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("TE unknown", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    ("TE with vertical tab", b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
    ("TE on 1.0", b"POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("CL twice", b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde", 400),
    ("CL signed", b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\nabcd", 400),
    ("CL list", b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4, 4\r\n\r\nabcd", 400),
    ("CL beyond 64 bits", b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 413),
    ("bare LF everywhere", b"GET /x HTTP/1.1\nHost: a\n\n", 400),
    ("bare LF in one line", b"GET /x HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400),
    ("bare CR", b"GET /x HTTP/1.1\r\nHost: a\r\nX: y\rz\r\n\r\n", 400),
    ("NUL", b"GET /x HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 400),
    ("obs-fold", b"GET /x HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n", 400),
    ("no Host", b"GET /x HTTP/1.1\r\n\r\n", 400),
    ("two Hosts", b"GET /x HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
    ("bad Host", b"GET /x HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("HTTP/0.9", b"GET /x\r\n\r\n", 400),
    ("target without slash", b"GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("CONNECT", b"CONNECT b:443 HTTP/1.1\r\nHost: b\r\n\r\n", 501),
];

#[test]
fn ambiguous_requests_are_refused_and_reach_no_backend() {
    let origin = Origin::start(|_| vec![Step::ReadBody, ok("reached the origin")]);
    let proxy = Proxy::start(&[origin.address()], "");
    for (what, wire, status) in REFUSED {
        let mut client = proxy.client();
        client.send(wire);
        // What would come next if the connection went on.
        let _ = client.try_send("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
        let answer = client.try_answer("GET").unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(answer.status, *status, "{what}: {:?}", answer.text());
        let rest = client.until_closed();
        assert!(rest.is_empty(), "{what}: {:?} after the refusal", String::from_utf8_lossy(&rest));
    }
    assert!(origin.received().is_empty(), "reached the origin: {:?}", origin.received());
}

#[test]
fn heads_beyond_the_limits_are_refused() {
    let origin = Origin::start(|_| vec![ok("reached the origin")]);
    let proxy = Proxy::start(&[origin.address()], "[limits]\nhead_bytes = \"4K\"\nheaders = 10\n");
    let long_header = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(200_000));
    let long_target = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(200_000));
    let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(11));
    for (wire, status) in [(long_header, 431), (long_target, 414), (many, 431)] {
        let mut client = proxy.client();
        // The proxy may stop reading in the middle.
        let _ = client.try_send(&wire);
        assert_eq!(client.answer("GET").status, status, "{:?}", &wire[..40]);
        assert_eq!(client.until_closed(), b"");
    }
    assert!(origin.received().is_empty());
    let mut client = proxy.client();
    client.send(format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(9)));
    assert_eq!(client.answer("GET").text(), "reached the origin");
}

#[test]
fn a_refusal_is_logged_with_what_could_not_be_read() {
    let origin = Origin::start(|_| vec![ok("")]);
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    client.send("GET /x HTTP/1.1\r\nHost: a\nX: y\r\n\r\n");
    assert_eq!(client.answer("GET").status, 400);
    client.until_closed();
    let log = proxy.wait_for_log("session", &["HttpGarbage", "SessClose"]);
    assert!(log.contains("GET /x HTTP/1.1"), "{log}");
    assert!(log.contains("RespStatus     400"), "{log}");
    assert!(
        log.contains("SessClose      RX_JUNK") || log.contains("SessClose      RX_BAD"),
        "{log}"
    );
}

#[test]
fn broken_chunks_in_a_request_never_complete_it() {
    let origin = Origin::start(|_| vec![Step::ReadBody, ok("complete")]);
    let proxy = Proxy::start(&[origin.address()], "");
    let broken: &[&[u8]] = &[
        b"3\nabc\r\n0\r\n\r\n",
        b"3\r\nabcd\r\n0\r\n\r\n",
        b"3\r\nabc\n0\r\n\r\n",
        b"x\r\n",
        b"-1\r\n",
        b"ffffffffffffffff1\r\nabc",
        b"10000000000000003\r\nabc\r\n0\r\n\r\n",
        b"0\r\nno colon\r\n\r\n",
    ];
    for chunks in broken {
        let mut client = proxy.client();
        client.send("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.send(chunks);
        let _ = client.try_send("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
        match client.try_answer("POST") {
            Ok(answer) => assert!(answer.status >= 400, "{:?}", String::from_utf8_lossy(chunks)),
            Err(error) => assert_ne!(error.kind(), std::io::ErrorKind::TimedOut),
        }
        assert_eq!(client.until_closed(), b"");
    }
    for received in origin.received() {
        assert_eq!(received.asked.target, "/x");
        assert!(!received.complete, "a broken body arrived as a whole one: {received:?}");
    }
}

#[test]
fn legal_chunks_of_every_kind_arrive() {
    let origin = Origin::start(|_| vec![Step::ReadBody, ok("")]);
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    for chunks in [
        "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        "5;x=y\r\nabcde\r\n0\r\n\r\n",
        "05\r\nabcde\r\n00\r\nX-Sum: 1\r\n\r\n",
    ] {
        client.send(format!(
            "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"
        ));
        assert_eq!(client.answer("POST").status, 200, "{chunks:?}");
    }
    let received = origin.wait_finished(3);
    assert!(
        received.iter().all(|received| received.complete && received.body_start == b"abcde"),
        "{received:?}"
    );
}
