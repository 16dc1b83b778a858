//! Which failed attempts are made again, and that each of them sends the whole body.

use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step, hex_digest, ok, raw};
use crate::support::proxy::Proxy;

const ALLOWED: &str = "[[route]]\n[route.retry]\nmethods = [\"POST\", \"PUT\"]\n";

/// The story: a POST whose connection ends before the first byte of an answer.
fn fails_once() -> Origin {
    Origin::start(|asked| match asked.number {
        0 => vec![Step::CloseCleanly],
        _ => vec![Step::ReadBody, Step::SendDigest],
    })
}

#[test]
fn a_post_is_retried_where_the_route_allows_it() {
    let origin = fails_once();
    let proxy = Proxy::start(&[origin.address()], ALLOWED);
    let body = vec![b'b'; 100_000];
    let mut client = proxy.client();
    client.send(format!(
        "POST /x HTTP/1.0\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    ));
    client.send(&body);
    let answer = client.answer("POST");
    assert_eq!((answer.status, answer.text()), (200, hex_digest(&body)));

    let received = origin.wait_finished(2);
    assert_eq!(received.len(), 2);
    assert!(received[1].complete && received[1].bytes == body.len() as u64);
    let attempts: Vec<u64> =
        received.iter().map(|received| received.asked.xid().unwrap()).collect();
    assert_ne!(attempts[0], attempts[1]);

    let log = proxy.request_log(answer.xid());
    for text in [
        format!("Link           bereq {} pass", attempts[0]),
        format!("Link           bereq {} retry", attempts[1]),
        format!("Begin          bereq {} retry", attempts[0]),
        "FetchError     HTC eof (-1)".to_owned(),
        "VCL_return     retry".to_owned(),
        "fetch.phase:first_byte".to_owned(),
        "fetch.reused:0".to_owned(),
        "fetch.expected:100000".to_owned(),
    ] {
        assert!(log.contains(&text), "{text:?} is not in\n{log}");
    }
    assert_eq!(log.matches("BackendOpen").count(), 2, "{log}");
}

#[test]
fn a_body_that_is_still_coming_is_sent_whole_by_the_next_attempt() {
    for framing in ["Content-Length: 60000", "Transfer-Encoding: chunked"] {
        let origin = Origin::start(|asked| match asked.number {
            0 => vec![Step::ReadBodyBytes(10_000), Step::CloseCleanly],
            _ => vec![Step::ReadBody, Step::SendDigest],
        });
        let proxy = Proxy::start(&[origin.address()], ALLOWED);
        let halves = [[b'1'; 30_000], [b'2'; 30_000]];
        let framed = |half: &[u8], last: bool| {
            let chunk = [format!("{:x}\r\n", half.len()).as_bytes(), half, b"\r\n"].concat();
            match (framing.starts_with("Transfer"), last) {
                (false, _) => half.to_vec(),
                (true, false) => chunk,
                (true, true) => [&chunk[..], b"0\r\n\r\n"].concat(),
            }
        };
        let mut client = proxy.client();
        client.send(format!("POST /x HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n"));
        client.send(framed(&halves[0], false));
        // The second attempt has begun, and waits for the rest as well.
        let second = || (origin.received().len() == 2).then_some(());
        Deadline::generous().wait_for("the second attempt", second);
        client.send(framed(&halves[1], true));
        let answer = client.answer("POST");
        assert_eq!(
            (answer.status, answer.text()),
            (200, hex_digest(&halves.concat())),
            "{framing}"
        );
        // The next request on this connection begins where this one ended.
        client.send("GET /y HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.answer("GET").text(), hex_digest(b""), "{framing}");
        let log = proxy.request_log(answer.xid());
        assert_eq!(log.matches("Timestamp      Bereq:").count(), 2, "{log}");
    }
}

#[test]
fn a_post_is_not_retried_otherwise() {
    let origin = fails_once();
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    let answer = client.answer("POST");
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains(&format!("XID: {}", answer.xid())), "{}", answer.text());
    assert_eq!(origin.received().len(), 1);
    // The connection goes on: the body was read.
    client.send("POST /y HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nagain");
    assert_eq!(client.answer("POST").text(), hex_digest(b"again"));
}

#[test]
fn a_get_is_retried_by_default_and_not_more_often_than_allowed() {
    let origin = Origin::start(|_| vec![Step::CloseCleanly]);
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    let answer = client.answer("GET");
    assert_eq!((answer.status, origin.received().len()), (503, 2));
    let log = proxy.request_log(answer.xid());
    assert_eq!(log.matches("FetchError     HTC eof (-1)").count(), 2, "{log}");
}

#[test]
fn a_reset_is_retried_only_where_the_route_says_so() {
    for (on, attempts) in [("reset_before_byte", 3), ("connect", 1)] {
        let origin = Origin::start(|asked| match asked.number {
            0 | 1 => vec![Step::Reset],
            _ => vec![ok("third")],
        });
        let route = format!("[[route]]\n[route.retry]\non = [\"{on}\"]\nmax = 2\n");
        let proxy = Proxy::start(&[origin.address()], &route);
        let mut client = proxy.client();
        client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        let answer = client.answer("GET");
        assert_eq!(origin.received().len(), attempts, "{on}");
        assert_eq!(answer.status, if attempts == 3 { 200 } else { 503 }, "{on}");
    }
}

#[test]
fn a_refused_connection_is_retried_on_another_backend() {
    let origin = Origin::start(|_| vec![Step::ReadBody, Step::SendDigest]);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = closed.local_addr().unwrap();
    drop(closed);
    let proxy = Proxy::start(&[nobody, origin.address()], ALLOWED);
    for _ in 0..4 {
        let mut client = proxy.client();
        client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
        assert_eq!(client.answer("POST").text(), hex_digest(b"hello"));
    }
    proxy
        .wait_for_log("raw", &["FetchError     b backend b0: fail errno 111 (Connection refused)"]);
}

#[test]
fn a_status_is_retried_where_the_route_names_it() {
    let origin = Origin::start(|asked| match asked.number {
        0 => vec![Step::ReadBody, raw("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nbad")],
        _ => vec![Step::ReadBody, Step::SendDigest],
    });
    let route =
        "[[route]]\n[route.retry]\non = [\"status\"]\nstatuses = [502]\nmethods = [\"POST\"]\n";
    let proxy = Proxy::start(&[origin.address()], route);
    let mut client = proxy.client();
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    let answer = client.answer("POST");
    assert_eq!((answer.status, answer.text()), (200, hex_digest(b"hello")));
}

#[test]
fn a_body_too_large_to_keep_is_refused_where_the_configuration_says_so() {
    let origin = Origin::start(|_| vec![Step::ReadBody, ok("")]);
    let proxy = Proxy::start(&[origin.address()], "[body]\nlimit = \"64K\"\nover = \"refuse\"\n");
    let body = vec![b'c'; 70_000];
    let mut client = proxy.client();
    client.send(format!("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len()));
    assert_eq!(client.answer("POST").status, 413);
    let mut client = proxy.client();
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send(format!("{:x}\r\n", body.len()));
    client.send(&body);
    assert_eq!(client.answer("POST").status, 413);
    assert_eq!(client.until_closed(), b"");
    assert!(origin.received().iter().all(|received| !received.complete));
    let mut client = proxy.client();
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n");
    client.send(&body[..65536]);
    assert_eq!(client.answer("POST").status, 200);
}

#[test]
fn a_body_too_large_to_keep_is_streamed_and_loses_its_retry() {
    let origin = fails_once();
    let proxy = Proxy::start(&[origin.address()], &format!("[body]\nlimit = \"64K\"\n{ALLOWED}"));
    let body = vec![b'c'; 500_000];
    let mut client = proxy.client();
    client.send(format!("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len()));
    let _ = client.try_send(&body);
    let answer = client.answer("POST");
    assert_eq!((answer.status, origin.received().len()), (503, 1));
    let mut client = proxy.client();
    client.send(format!("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len()));
    client.send(&body);
    assert_eq!(client.answer("POST").text(), hex_digest(&body));
}
