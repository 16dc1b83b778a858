//! Bodies: framed anew, cut short, with trailers, endless.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step, hex_digest, ok, raw};
use crate::support::proxy::Proxy;
use crate::support::wire::Framing;

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n";
const UNTIL_CLOSE: &str = "HTTP/1.1 200 OK\r\n\r\nabcde";

pub(super) fn an_http_1_0_client_gets_no_chunks() {
    let origin = Origin::start(|asked| match asked.target.as_str() {
        "/chunked" => vec![raw(CHUNKED)],
        _ => vec![raw(UNTIL_CLOSE), Step::Close],
    });
    let proxy = Proxy::start(&[origin.address()], "");
    for target in ["/chunked", "/until-close"] {
        for connection in ["close", "keep-alive"] {
            let mut client = proxy.client();
            client.send(format!("GET {target} HTTP/1.0\r\nConnection: {connection}\r\n\r\n"));
            let answer = client.answer("GET");
            let found = (
                answer.status,
                answer.text(),
                answer.framing,
                answer.fields.get("Connection").map(str::to_owned),
            );
            assert_eq!(
                found,
                (200, "abcde".to_owned(), Framing::Close, Some("close".to_owned())),
                "{target}"
            );
        }
        let mut client = proxy.client();
        for _ in 0..2 {
            client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
            let answer = client.answer("GET");
            assert_eq!(
                (answer.text().as_str(), answer.framing),
                ("abcde", Framing::Chunked),
                "{target}"
            );
        }
    }
}

pub(super) fn answers_without_a_body_leave_the_connection_in_order() {
    let origin = Origin::start(|asked| match (asked.method.as_str(), asked.target.as_str()) {
        ("HEAD", "/chunked") => vec![raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")],
        ("HEAD", _) => vec![raw("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")],
        (_, "/204") => vec![raw("HTTP/1.1 204 No Content\r\n\r\n")],
        (_, "/304") => vec![raw("HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n")],
        (_, "/empty") => vec![ok("")],
        _ => vec![ok("body")],
    });
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    let cases = [
        ("HEAD", "/", 200),
        ("HEAD", "/chunked", 200),
        ("GET", "/204", 204),
        ("GET", "/304", 304),
        ("GET", "/empty", 200),
    ];
    for (method, target, status) in cases {
        client.send(format!("{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
        let answer = client.answer(method);
        assert_eq!((answer.status, answer.text().as_str()), (status, ""), "{method} {target}");
        if method == "HEAD" && target == "/" {
            assert_eq!(answer.fields.get("Content-Length"), Some("500"));
        }
        if status == 204 {
            assert_eq!(
                (answer.fields.get("Content-Length"), answer.fields.get("Transfer-Encoding")),
                (None, None)
            );
        }
        client.send("GET /body HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.answer("GET").text(), "body", "after {method} {target}");
    }
    assert_eq!(
        origin.connections(),
        1,
        "none of this is a reason to close the backend's connection"
    );
}

pub(super) fn an_answer_that_breaks_off_looks_broken_off() {
    let origin = Origin::start(|asked| match asked.target.as_str() {
        "/length" => vec![raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"), Step::Close],
        "/chunk" => vec![
            raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nshort"),
            Step::Close,
        ],
        "/between-chunks" => vec![
            raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n"),
            Step::Close,
        ],
        "/bad-chunk" => vec![
            raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\nzz\r\n"),
            Step::ReadBody,
        ],
        _ => vec![raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"), Step::Reset],
    });
    let proxy = Proxy::start(&[origin.address()], "");
    let cases = [
        ("/length", "straight insufficient bytes"),
        ("/chunk", "chunked insufficient bytes"),
        ("/between-chunks", "chunked read err"),
        ("/bad-chunk", "chunked header non-hex"),
        ("/reset", "straight insufficient bytes"),
    ];
    for (target, text) in cases {
        let mut client = proxy.client();
        client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
        // The head may not have been sent yet when the body breaks off: then there may be an error page.
        let answer = client.answer("GET");
        assert!(answer.status == 503 || !answer.complete, "{target}: {answer:?}");
        proxy.wait_for_log("raw", &[&format!("FetchError     b {text}")]);
    }
}

pub(super) fn a_response_with_two_framings_is_read_as_chunks_and_its_connection_closed() {
    let origin = Origin::start(|_| {
        vec![raw(
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
        )]
    });
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    for connections in 1..=2 {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        let answer = client.answer("GET");
        assert_eq!((answer.text().as_str(), answer.framing), ("abcde", Framing::Chunked));
        assert_eq!(answer.fields.get("Content-Length"), None);
        assert_eq!(origin.connections(), connections);
    }
}

pub(super) fn broken_chunks_of_an_answer_never_complete_it() {
    let chunks: &[&str] = &[
        "3\nabc\r\n0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "3\r\nabc\n0\r\n\r\n",
        "x\r\n",
        "10000000000000003\r\nabc\r\n0\r\n\r\n",
        "3\r\nabc\r\n0\r\nno colon\r\n\r\n",
    ];
    let origin = Origin::start(|asked| {
        let number: usize = asked.target[1..].parse().expect("a target of this test");
        vec![raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), raw(chunks[number])]
    });
    let proxy = Proxy::start_with("threads = 1", &[origin.address()], "");
    for (number, chunks) in chunks.iter().enumerate() {
        let mut client = proxy.client();
        client.send(format!("GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n"));
        match client.try_answer("GET") {
            Ok(answer) => assert!(!answer.complete, "{chunks:?}: {answer:?}"),
            // A head and a body that broke off in the same moment.
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof, "{chunks:?}"),
        }
        assert_eq!(client.until_closed(), b"", "{chunks:?}");
    }
    assert_eq!(origin.connections(), chunks.len(), "none of these can be used again");
}

const TRAILERS: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum, Content-Length, X-Own\r\n\
     Connection: X-Own\r\n\r\n5\r\nabcde\r\n0\r\nX-Sum: 1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\nX-Own: 2\r\n\
     Host: smuggled\r\nX-Unannounced: 3\r\n\r\n";

pub(super) fn trailers_of_an_answer_reach_the_client() {
    let origin = Origin::start(|_| vec![raw(TRAILERS)]);
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    for ask in ["", "TE: trailers\r\nConnection: TE\r\n"] {
        client.send(format!("GET / HTTP/1.1\r\nHost: a\r\n{ask}\r\n"));
        let answer = client.answer("GET");
        assert_eq!((answer.text().as_str(), answer.complete), ("abcde", true));
        assert_eq!(answer.fields.get("Trailer"), Some("X-Sum"));
        let expected = [("X-Sum", "1"), ("X-Unannounced", "3")];
        let found: Vec<(&str, &str)> =
            answer.trailers.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(found, expected, "{ask:?}");
        let log = proxy.request_log(answer.xid());
        assert!(log.contains("http.trailer:X-Sum: 1"), "{log}");
    }
    let received = origin.wait_finished(2);
    assert_eq!(received[0].asked.fields.get("TE"), None);
    let asked = &received[1].asked.fields;
    assert_eq!((asked.get("TE"), asked.get("Connection")), (Some("trailers"), Some("TE")));
    // HTTP/1.0 has no place for them, and a HEAD has no body that they could stand behind.
    let mut client = proxy.client();
    client.send("GET / HTTP/1.0\r\n\r\n");
    let answer = client.answer("GET");
    assert_eq!((answer.text().as_str(), answer.fields.get("Trailer")), ("abcde", None));
}

pub(super) fn trailers_of_a_request_reach_the_origin_with_every_attempt() {
    let origin = Origin::start(|asked| match asked.number {
        0 => vec![Step::ReadBody, Step::CloseCleanly],
        _ => vec![Step::ReadBody, Step::SendDigest],
    });
    let route = "[[route]]\n[route.retry]\nmethods = [\"POST\"]\n";
    let proxy = Proxy::start(&[origin.address()], route);
    let mut client = proxy.client();
    client.send(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum, Host\r\n\r\n3\r\nabc\r\n0\r\n\
         X-Sum: 1\r\nHost: smuggled\r\nX-Forwarded-For: smuggled\r\n\r\n",
    );
    let answer = client.answer("POST");
    assert_eq!(answer.text(), hex_digest(b"abc"));
    let received = origin.wait_finished(2);
    for received in &received {
        assert!(received.complete, "{received:?}");
        assert_eq!(received.asked.fields.get("Trailer"), Some("X-Sum"));
        assert_eq!(received.trailers.0, [("X-Sum".to_owned(), "1".to_owned())]);
    }
    let log = proxy.request_log(answer.xid());
    assert_eq!(log.matches("http.trailer:X-Sum: 1").count(), 1, "{log}");
    assert!(!log.contains("http.trailer:Host"), "{log}");
    // The next request on the connection begins where this one ended.
    client.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.answer("GET").text(), hex_digest(b""));
}

pub(super) fn an_endless_body_does_not_hold_up_other_requests() {
    let origin = Origin::start(|asked| match asked.target.as_str() {
        "/endless" => {
            vec![raw("HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n"), Step::SendOn]
        }
        _ => vec![ok(&"x".repeat(1024))],
    });
    let proxy = Proxy::start_with("threads = 1", &[origin.address()], "");
    let done = AtomicBool::new(false);
    let taken = AtomicU64::new(0);
    let mut stream = proxy.client();
    thread::scope(|scope| {
        let (done, taken) = (&done, &taken);
        // Also when this thread panics.
        let _end = End(done);
        scope.spawn(move || {
            stream.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
            stream.head();
            while !done.load(Ordering::Relaxed) {
                taken.fetch_add(stream.some() as u64, Ordering::Relaxed);
            }
            stream.reset();
        });
        let mut last = 0;
        let mut client = proxy.client();
        for _ in 0..30 {
            // The stream goes on meanwhile, as fast as it can.
            last = Deadline::generous().wait_for("the stream to go on", || {
                let now = taken.load(Ordering::Relaxed);
                (now > last).then_some(now)
            });
            client.send("GET /small HTTP/1.1\r\nHost: a\r\n\r\n");
            assert_eq!(client.answer("GET").body.len(), 1024);
        }
    });
}

/// Ends the stream.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
