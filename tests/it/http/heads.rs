//! What of a head goes on to the other side.

use crate::support::origin::{Origin, ok, raw};
use crate::support::proxy::Proxy;

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
