//! Answers that come before their time: interim ones, and final ones while the request is still being sent.

use crate::support::origin::{Origin, Step, ok, raw};
use crate::support::proxy::Proxy;

pub(super) fn an_early_answer_reaches_a_client_that_is_still_sending() {
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

pub(super) fn an_answer_may_begin_before_the_request_ends() {
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

pub(super) fn a_body_that_nobody_read_is_never_a_request() {
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

pub(super) fn interim_answers_are_relayed_to_those_who_know_them() {
    let origin = Origin::start(|_| {
        vec![
            raw("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
            raw("HTTP/1.1 102 Processing\r\n\r\n"),
            ok("final"),
        ]
    });
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let answer = client.answer("GET");
    assert_eq!((answer.interim.as_slice(), answer.text().as_str()), (&[103, 102][..], "final"));
    let mut client = proxy.client();
    client.send("GET / HTTP/1.0\r\n\r\n");
    let answer = client.answer("GET");
    assert_eq!((answer.interim.as_slice(), answer.text().as_str()), (&[][..], "final"));
}

pub(super) fn a_client_that_waits_for_100_gets_it() {
    let origin = Origin::start(|asked| match asked.target.as_str() {
        "/says-continue" => vec![raw("HTTP/1.1 100 Continue\r\n\r\n"), Step::ReadBody, ok("read")],
        "/silent" => vec![Step::ReadBody, ok("read")],
        _ => vec![raw("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"), Step::CloseCleanly],
    });
    let proxy = Proxy::start(&[origin.address()], "");
    for target in ["/says-continue", "/silent"] {
        let mut client = proxy.client();
        client.send(format!(
            "POST {target} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
        ));
        let (line, _) = client.head();
        assert_eq!(line, "HTTP/1.1 100 Continue", "{target}");
        client.send("hello");
        let answer = client.answer("POST");
        assert_eq!((answer.status, answer.text().as_str()), (200, "read"), "{target}");
    }
    let mut client = proxy.client();
    client.send(
        "POST /refused HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    );
    assert_eq!(client.answer("POST").text(), "no");
}

pub(super) fn an_early_answer_reaches_a_client_that_sends_everything_first() {
    let origin = Origin::start(|_| {
        vec![
            Step::ReadBodyBytes(1024),
            raw("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"),
            Step::CloseCleanly,
        ]
    });
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n");
    // What comes behind the answer is taken for a while, so that the answer is not lost in a reset.
    client.send(vec![b'x'; 20_000_000]);
    assert_eq!(client.answer("PUT").text(), "no");
    assert_eq!(client.until_closed(), b"");
    assert_eq!(origin.connections(), 1);
}
