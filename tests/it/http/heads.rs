//! What of a head goes on to the other side.

use crate::support::origin::{Origin, Step, ok, raw};
use crate::support::proxy::Proxy;

#[test]
fn fields_of_one_connection_do_not_pass() {
    let origin = Origin::start(|_| {
        vec![raw(
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: X-Own\r\nX-Own: 1\r\nKeep-Alive: timeout=5\r\n\
             Proxy-Connection: x\r\nUpgrade: h2c\r\nTrailer: X-Sum\r\nX-Kept: yes\r\n\r\nhi",
        )]
    });
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    client.send(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: x-private, keep-alive, host\r\nX-Private: 1\r\nKeep-Alive: 5\r\n\
         Proxy-Connection: x\r\nTE: trailers\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\nX-Kept: yes\r\n\r\n",
    );
    let answer = client.answer("GET");
    assert_eq!((answer.status, answer.text().as_str()), (200, "hi"));
    let asked = &origin.received()[0].asked;
    for (side, fields) in [("request", &asked.fields), ("answer", &answer.fields)] {
        assert_eq!(fields.get("X-Kept"), Some("yes"), "{side}");
        for name in [
            "X-Private",
            "X-Own",
            "Keep-Alive",
            "Proxy-Connection",
            "TE",
            "Upgrade",
            "HTTP2-Settings",
            "Trailer",
        ] {
            assert_eq!(fields.get(name), None, "{side}: {name}");
        }
    }
    assert_eq!(asked.fields.get("Host"), Some("a"), "Connection cannot take Host away");
}

#[test]
fn connection_cannot_take_away_what_the_proxy_adds() {
    let origin = Origin::start(|_| {
        vec![raw(
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: Via, X-Varnish, Content-Length\r\n\r\n",
        )]
    });
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    client.send(
        "POST / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\nContent-Length: 2\r\n\
         Connection: X-Forwarded-For, Via, X-Varnish, Content-Length\r\n\r\nhi",
    );
    let answer = client.answer("POST");
    assert!(answer.fields.get("Via").is_some() && answer.xid() > 0, "{answer:?}");
    let received = origin.wait_finished(1);
    let fields = &received[0].asked.fields;
    assert!(fields.get("Via").is_some() && fields.get("X-Varnish").is_some(), "{fields:?}");
    assert_eq!(
        fields.get("X-Forwarded-For"),
        Some("127.0.0.1"),
        "the client took its own part back"
    );
    assert_eq!(fields.get("Content-Length"), Some("2"));
}

#[test]
fn each_side_is_told_its_own_xid() {
    let origin = Origin::start(|_| vec![ok("")]);
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Varnish: 1\r\nx-varnish: 2\r\n\r\n");
    let request = client.answer("GET").xid();
    let attempt = origin.received()[0].asked.xid().expect("the backend is told an XID");
    assert_ne!(request, attempt);
    let log = proxy.request_log(request);
    assert!(log.contains(&format!("Link           bereq {attempt} pass")), "{log}");
}

#[test]
fn the_authority_of_an_absolute_target_wins() {
    let origin = Origin::start(|_| vec![ok("")]);
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    client.send("GET http://right.example/path?q HTTP/1.1\r\nHost: wrong.example\r\n\r\n");
    assert_eq!(client.answer("GET").status, 200);
    let asked = &origin.received()[0].asked;
    assert_eq!(
        (asked.target.as_str(), asked.fields.get("Host")),
        ("/path?q", Some("right.example"))
    );
}

#[test]
fn an_http_1_0_request_without_host_goes_on_with_one() {
    let origin = Origin::start(|_| vec![ok("x")]);
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    client.send("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(client.answer("GET").text(), "x");
    assert_eq!(client.until_closed(), b"");
    assert_eq!(
        origin.received()[0].asked.fields.all("Host").len(),
        1,
        "HTTP/1.1 asks for exactly one Host"
    );
}

#[test]
fn interim_answers_are_relayed_to_those_who_know_them() {
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

#[test]
fn a_client_that_waits_for_100_gets_it() {
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
