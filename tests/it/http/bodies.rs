//! Bodies in both directions: whole, re-framed, cut short, early, unread.

use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step, hex_digest, ok, raw};
use crate::support::proxy::Proxy;
use crate::support::wire::Framing;

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n";
const UNTIL_CLOSE: &str = "HTTP/1.1 200 OK\r\n\r\nabcde";

#[test]
fn an_http_1_0_client_gets_no_chunks() {
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

#[test]
fn answers_without_a_body_leave_the_connection_in_order() {
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

#[test]
fn large_bodies_arrive_whole_in_both_directions() {
    let body: Vec<u8> =
        (0..5_000_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let answer =
        [format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), &body]
            .concat();
    let origin = Origin::start(move |_| vec![Step::ReadBody, raw(&answer)]);
    let proxy = Proxy::start(&[origin.address()], "");
    for version in ["1.1", "1.0"] {
        let mut client = proxy.client();
        client.send(format!(
            "PUT / HTTP/{version}\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
            body.len()
        ));
        client.send(&body);
        let answer = client.answer("PUT");
        assert!(
            answer.complete && hex_digest(&answer.body) == hex_digest(&body),
            "{} bytes",
            answer.body.len()
        );
    }
    for received in origin.wait_finished(2) {
        assert!(received.complete);
        assert_eq!((received.bytes, received.digest), (body.len() as u64, hex_digest(&body)));
    }
}

#[test]
fn an_answer_that_breaks_off_looks_broken_off() {
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

#[test]
fn a_body_that_nobody_read_is_never_a_request() {
    let origin = Origin::start(|_| {
        vec![raw("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"), Step::CloseCleanly]
    });
    let proxy = Proxy::start(&[origin.address()], "");
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n".repeat(20_000);
    for framing in
        [format!("Content-Length: {}", smuggled.len()), "Transfer-Encoding: chunked".to_owned()]
    {
        let mut client = proxy.client();
        client.send(format!("POST /early HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n"));
        let chunk = if framing.starts_with("Transfer") {
            format!("{:x}\r\n", smuggled.len())
        } else {
            String::new()
        };
        // The proxy may close in the middle.
        let _ = client.try_send(format!("{chunk}{smuggled}"));
        match client.try_answer("POST") {
            Ok(answer) => assert_eq!(answer.status, 413, "{framing}"),
            // A reset that overtakes the answer is not nice, and not a request either.
            Err(error) => {
                assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{framing}")
            }
        }
        let rest = client.until_closed();
        assert!(
            rest.is_empty(),
            "{framing}: {:?}",
            String::from_utf8_lossy(&rest[..rest.len().min(300)])
        );
    }
    // The answer is there before the first byte of the body, and that looks like a request.
    for framing in ["Content-Length: 38", "Transfer-Encoding: chunked"] {
        let mut client = proxy.client();
        client.send(format!("POST /early HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n"));
        assert_eq!(client.answer("POST").status, 413, "{framing}");
        let _ = client.try_send("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.until_closed(), b"", "{framing}");
    }
    for received in origin.received() {
        assert_eq!(received.asked.target, "/early");
    }
}

#[test]
fn an_early_answer_reaches_a_client_that_is_still_sending() {
    let origin = Origin::start(|_| {
        vec![
            Step::ReadBodyBytes(64 * 1024),
            raw("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"),
            Step::Hang,
        ]
    });
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n");
    client.send(vec![b'x'; 64 * 1024]);
    let answer = client.answer("PUT");
    assert_eq!((answer.status, answer.text().as_str()), (413, "no"));
    assert_eq!(answer.fields.get("Connection"), Some("close"));
    assert_eq!(client.until_closed(), b"");
}

#[test]
fn an_answer_may_begin_before_the_request_ends() {
    let origin = Origin::start(|_| {
        vec![
            Step::ReadBodyBytes(5),
            raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n"),
            Step::ReadBody,
            raw("4\r\nlast\r\n0\r\n\r\n"),
        ]
    });
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234");
    let (line, _) = client.head();
    assert_eq!(line, "HTTP/1.1 200 OK");
    client.send("56789");
    let rest = client.until_closed_or(b"0\r\n\r\n");
    assert!(String::from_utf8_lossy(&rest).contains("last"), "{rest:?}");
    let received = origin.wait_finished(1);
    assert_eq!(
        (received[0].body_start.as_slice(), received[0].complete),
        (&b"0123456789"[..], true)
    );
}

#[test]
fn a_response_with_two_framings_is_read_as_chunks_and_its_connection_closed() {
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

#[test]
fn a_client_that_leaves_in_its_body_leaves_no_whole_body_behind() {
    let origin = Origin::start(|_| vec![Step::ReadBody, ok("")]);
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    client.send("POST /left HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\npartial");
    drop(client);
    proxy.wait_for_log("session", &["ReqURL         /left", "SessClose"]);
    Deadline::generous().wait_for("the origin to be through", || {
        origin.received().iter().all(|received| received.finished).then_some(())
    });
    assert!(origin.received().iter().all(|received| !received.complete));
}
