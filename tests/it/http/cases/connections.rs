//! Connections: kept, closed, half closed, given up.

use std::time::Duration;

use crate::support::client::Client;
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step, ok, raw};
use crate::support::proxy::Proxy;

pub(super) fn pipelined_requests_are_answered_in_order() {
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

pub(super) fn bytes_after_an_answer_are_never_the_next_answer() {
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

pub(super) fn bytes_on_an_idle_connection_are_never_an_answer() {
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

pub(super) fn a_connection_that_the_backend_closed_while_idle_is_replaced() {
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

pub(super) fn a_client_that_leaves_cancels_the_fetch() {
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
    assert!(log.contains("BackendClose") && log.contains("Client closed"), "{log}");
    // Nor is its connection used for anybody else.
    let mut client = proxy.client();
    client.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    Deadline::generous()
        .wait_for("the next request", || (origin.received().len() > 1).then_some(()));
    assert_eq!(origin.connections(), 2);
}

pub(super) fn a_client_that_only_stops_sending_gets_its_answer() {
    let origin = Origin::start(|_| vec![Step::Delay(Duration::from_millis(50)), ok("answer")]);
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    client.half_close();
    assert_eq!(client.answer("GET").text(), "answer");
}

pub(super) fn an_idle_client_and_a_slow_head_are_closed() {
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

pub(super) fn a_connection_that_ends_when_it_is_reused_is_replaced_for_a_get() {
    let origin = Origin::start(|asked| match asked.on_connection {
        0 => vec![ok("first")],
        _ => vec![Step::Close],
    });
    let proxy = Proxy::start_with("threads = 1", &[origin.address()], "");
    let mut client = proxy.client();
    for _ in 0..3 {
        client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.answer("GET").text(), "first");
    }
    let reused =
        origin.wait_finished(5).iter().filter(|received| received.asked.on_connection > 0).count();
    assert_eq!(reused, 2);
}

pub(super) fn a_post_on_a_reused_connection_that_ends_is_sent_once() {
    let origin = Origin::start(|asked| match asked.on_connection {
        0 => vec![Step::ReadBody, ok("first")],
        _ => vec![Step::ReadBody, Step::Close],
    });
    let proxy = Proxy::start_with("threads = 1", &[origin.address()], "");
    let mut client = proxy.client();
    let post = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    client.send(post);
    assert_eq!(client.answer("POST").text(), "first");
    client.send(post);
    let answer = client.answer("POST");
    assert_eq!(answer.status, 503);
    assert_eq!(origin.wait_finished(2).len(), 2);
    let log = proxy.request_log(answer.xid());
    assert!(log.contains("fetch.reused:1") && log.contains("fetch.age:"), "{log}");
}

pub(super) fn a_client_that_only_stops_sending_gets_a_late_answer_too() {
    // Longer than a client that has said its last word is believed to be there without a sign of it.
    let late = Step::Delay(Duration::from_millis(1700));
    let origin = Origin::start(move |asked| match asked.target.as_str() {
        "/refused" => vec![late.clone(), raw("this is no answer\r\n\r\n"), Step::CloseCleanly],
        "/early" => vec![raw("HTTP/1.1 103 Early\r\n\r\n"), late.clone(), ok("answer")],
        _ => vec![late.clone(), Step::ReadBody, ok("answer")],
    });
    let proxy = Proxy::start(&[origin.address()], "");
    let requests = [
        ("GET", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200),
        ("GET", "GET / HTTP/1.0\r\n\r\n", 200),
        ("POST", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", 200),
        ("HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", 200),
        ("GET", "GET /early HTTP/1.1\r\nHost: a\r\n\r\n", 200),
        ("GET", "GET /refused HTTP/1.1\r\nHost: a\r\n\r\n", 503),
    ];
    let mut clients: Vec<Client> = requests
        .iter()
        .map(|(_, request, _)| {
            let mut client = proxy.client();
            client.send(request);
            client.half_close();
            client
        })
        .collect();
    for (client, (method, request, status)) in clients.iter_mut().zip(requests) {
        let answer = client.answer(method);
        assert_eq!(answer.status, status, "{request:?}");
        if method != "HEAD" && status == 200 {
            assert_eq!(answer.text(), "answer", "{request:?}");
        }
        let log = proxy.request_log(answer.xid());
        assert!(!log.contains("Client closed"), "{log}");
        assert_eq!(client.until_closed(), b"", "{request:?}");
    }
}
