//! Which connections are kept, which are closed, and who is told.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step, ok};
use crate::support::proxy::Proxy;

#[test]
fn connections_are_kept_on_both_sides() {
    let origin = Origin::start(|asked| vec![Step::ReadBody, ok(&asked.target)]);
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    for number in 0..5 {
        client.send(format!("POST /{number} HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"));
        let answer = client.answer("POST");
        assert_eq!((answer.text(), answer.fields.get("Connection")), (format!("/{number}"), None));
    }
    assert_eq!(origin.connections(), 1);
    let received = origin.wait_finished(5);
    assert_eq!(received[4].asked.on_connection, 4);
}

#[test]
fn an_http_1_0_client_with_close_and_a_length_is_served_and_closed() {
    let origin = Origin::start(|_| vec![Step::ReadBody, ok("done")]);
    let proxy = Proxy::start(&[origin.address()], "");
    for _ in 0..2 {
        let mut client = proxy.client();
        client.send(
            "POST /x HTTP/1.0\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
        );
        let answer = client.answer("POST");
        assert_eq!((answer.status, answer.text().as_str()), (200, "done"));
        assert_eq!(answer.fields.get("Connection"), Some("close"));
        assert_eq!(client.until_closed(), b"");
    }
    for received in origin.wait_finished(2) {
        assert_eq!((received.body_start.as_slice(), received.complete), (&b"hello"[..], true));
        assert_ne!(received.asked.fields.get("Connection"), Some("close"), "that was said to us");
    }
}

#[test]
fn an_http_1_0_client_may_keep_its_connection() {
    let origin = Origin::start(|_| vec![ok("done")]);
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    for _ in 0..2 {
        client.send("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        let answer = client.answer("GET");
        assert_eq!(
            (answer.text().as_str(), answer.fields.get("Connection")),
            ("done", Some("keep-alive"))
        );
    }
}

#[test]
fn a_request_under_way_is_answered_while_the_proxy_stops() {
    let origin = Origin::start(|_| vec![Step::Delay(Duration::from_millis(300)), ok("answer")]);
    let mut proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let asked = || (!origin.received().is_empty()).then_some(());
    Deadline::generous().wait_for("the request at the origin", asked);
    proxy.terminate();
    assert_eq!(client.answer("GET").text(), "answer");
    assert_eq!(client.until_closed(), b"");
    assert!(proxy.wait().success());
    assert!(!proxy.workdir().join("_.vsm_child").exists(), "the log is taken away in the end");
}

#[test]
fn an_answer_is_not_lost_for_what_a_client_says_too_much() {
    let origin = Origin::start(|_| vec![ok("never asked")]);
    let proxy = Proxy::start(&[origin.address()], "[[route]]\naction = \"deny\"\n");
    let mut stream = TcpStream::connect(proxy.address()).expect("the proxy listens");
    stream.set_read_timeout(Deadline::generous().left()).expect("a socket takes a timeout");
    // More than is read with a head. To close on it would be a reset, and an error for a client that has not read everything.
    let mut bytes = b"GET /x HTTP/1.0\r\n\r\n".to_vec();
    bytes.resize(1 << 20, b'x');
    stream.write_all(&bytes).expect("the proxy reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the connection ends in order");
    assert!(answer.starts_with("HTTP/1.1 403 ") && answer.ends_with("</html>\n"), "{answer}");
}
