//! Which connections are kept, which are closed, and who is told.

use std::time::Duration;

use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step, ok, raw};
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
fn pipelined_requests_are_answered_in_order() {
    let origin = Origin::start(|asked| vec![Step::ReadBody, ok(&asked.target)]);
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    client.send(
        "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbodyGET /3 HTTP/1.1\r\nHost: a\r\n\r\n\
         POST /4 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n\r\nHEAD /5 HTTP/1.1\r\nHost: a\r\n\r\n\
         GET /6 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /7 HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    for (method, body) in
        [("GET", "/1"), ("POST", "/2"), ("GET", "/3"), ("POST", "/4"), ("HEAD", ""), ("GET", "/6")]
    {
        let answer = client.answer(method);
        assert_eq!((answer.status, answer.text().as_str()), (200, body));
    }
    assert_eq!(client.until_closed(), b"", "nothing is answered after Connection: close");
    let received = origin.wait_finished(6);
    assert_eq!(received.len(), 6);
    assert_eq!(received[1].body_start, b"body");
}

#[test]
fn bytes_after_an_answer_are_never_the_next_answer() {
    let origin = Origin::start(|asked| match asked.target.as_str() {
        "/extra" => vec![raw(
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled",
        )],
        "/204" => vec![raw("HTTP/1.1 204 No Content\r\nContent-Length: 8\r\n\r\nsmuggled")],
        _ => vec![ok("right")],
    });
    let proxy = Proxy::start_with("threads = 1", &[origin.address()], "");
    let mut client = proxy.client();
    for (target, body) in [("/extra", "hi"), ("/204", "")] {
        let connections = origin.connections();
        client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(client.answer("GET").text(), body);
        client.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.answer("GET").text(), "right", "after {target}");
        assert!(origin.connections() > connections, "{target}: the connection was used again");
    }
}

#[test]
fn bytes_on_an_idle_connection_are_never_an_answer() {
    let origin = Origin::start(|asked| match asked.target.as_str() {
        "/late" => vec![
            ok("hi"),
            Step::Delay(Duration::from_millis(30)),
            raw("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled"),
        ],
        _ => vec![ok("right")],
    });
    let proxy = Proxy::start_with("threads = 1", &[origin.address()], "");
    let mut client = proxy.client();
    client.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.answer("GET").text(), "hi");
    origin.wait_finished(1);
    client.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.answer("GET").text(), "right");
    assert_eq!(origin.connections(), 2);
}

#[test]
fn a_connection_that_the_backend_closed_while_idle_is_replaced() {
    let origin = Origin::start(|_| vec![Step::ReadBody, ok("x"), Step::Close]);
    let proxy = Proxy::start_with("threads = 1", &[origin.address()], "");
    let mut client = proxy.client();
    for finished in 1..=4 {
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
        let answer = client.answer("POST");
        assert_eq!((answer.status, answer.text().as_str()), (200, "x"), "request {finished}");
        origin.wait_finished(finished);
    }
    assert_eq!(origin.connections(), 4);
}

#[test]
fn a_client_that_leaves_cancels_the_fetch() {
    let origin = Origin::start(|_| vec![Step::Hang]);
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    client.send("GET /left HTTP/1.1\r\nHost: a\r\n\r\n");
    Deadline::generous()
        .wait_for("the request at the origin", || (!origin.received().is_empty()).then_some(()));
    drop(client);
    // `Hang` ends when the proxy closes the connection.
    origin.wait_finished(1);
    let log = proxy.wait_for_log("session", &["ReqURL         /left", "SessClose"]);
    assert!(log.contains("BackendClose"), "{log}");
}

#[test]
fn a_client_that_only_stops_sending_gets_its_answer() {
    let origin = Origin::start(|_| vec![Step::Delay(Duration::from_millis(50)), ok("answer")]);
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    client.half_close();
    assert_eq!(client.answer("GET").text(), "answer");
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
fn an_idle_client_and_a_slow_head_are_closed() {
    let origin = Origin::start(|_| vec![ok("x")]);
    let timeouts = "[timeouts]\nclient_idle = \"1s\"\nclient_head = \"1s\"\n";
    let proxy = Proxy::start(&[origin.address()], timeouts);
    let mut idle = proxy.client();
    idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(idle.answer("GET").text(), "x");
    assert_eq!(idle.until_closed(), b"");
    proxy.wait_for_log("session", &["SessClose      RX_CLOSE_IDLE"]);

    // Every byte comes in good time, the head never.
    let mut slow = proxy.client();
    let deadline = Deadline::generous();
    deadline.wait_for("the proxy to lose patience", || slow.try_send("G").is_err().then_some(()));
    assert_eq!(origin.received().len(), 1);
}
