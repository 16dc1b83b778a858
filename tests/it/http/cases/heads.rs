//! Heads: what of them goes on, and how large they may be.

use crate::support::origin::{Origin, Step, ok, raw};
use crate::support::proxy::Proxy;
use crate::support::wire::Fields;

/// Fields that must not pass, in what was passed on.
fn check(side: &str, fields: &Fields, gone: &[&str]) {
    assert_eq!(fields.get("X-Kept"), Some("yes"), "{side}");
    for name in gone {
        assert_eq!(fields.all(name), [""; 0], "{side}: {name}");
    }
}

pub(super) fn fields_of_one_connection_do_not_pass_to_the_backend() {
    let origin = Origin::start(|_| vec![ok("hi")]);
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    client.send(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: x-private, keep-alive, host\r\nConnection: X-Other\r\nX-Private: 1\r\n\
         x-private: 2\r\nX-Other: 3\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nProxy-Authorization: Basic eA==\r\nTE: trailers\r\n\
         Upgrade: h2c\r\nHTTP2-Settings: x\r\nTrailer: X\r\nX-Kept: yes\r\n\r\n",
    );
    assert_eq!(client.answer("GET").text(), "hi");
    let fields = &origin.received()[0].asked.fields;
    let gone = [
        "X-Private",
        "X-Other",
        "Connection",
        "Keep-Alive",
        "Proxy-Connection",
        "Proxy-Authorization",
        "TE",
        "Upgrade",
        "HTTP2-Settings",
        "Trailer",
    ];
    check("request", fields, &gone);
    assert_eq!(fields.get("Host"), Some("a"), "Connection cannot take Host away");
}

pub(super) fn fields_of_one_connection_do_not_pass_to_the_client() {
    let origin = Origin::start(|_| {
        vec![raw(
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: X-Own, content-length\r\nX-Own: 1\r\nKeep-Alive: timeout=5\r\n\
             Proxy-Connection: x\r\nProxy-Authenticate: Basic\r\nUpgrade: h2c\r\nTrailer: X-Sum\r\nX-Kept: yes\r\n\r\nhi",
        )]
    });
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let answer = client.answer("GET");
    assert_eq!((answer.status, answer.text().as_str()), (200, "hi"));
    let gone = [
        "X-Own",
        "Connection",
        "Keep-Alive",
        "Proxy-Connection",
        "Proxy-Authenticate",
        "Upgrade",
        "Trailer",
    ];
    check("answer", &answer.fields, &gone);
}

pub(super) fn the_authority_of_an_absolute_target_wins() {
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

pub(super) fn heads_beyond_the_limits_are_refused() {
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

pub(super) fn answers_beyond_the_limits_are_error_pages() {
    let origin = Origin::start(|asked| match asked.target.as_str() {
        "/long" => vec![
            raw(format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(200_000))),
            Step::CloseCleanly,
        ],
        "/many" => vec![
            raw(format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(150))),
            Step::CloseCleanly,
        ],
        "/interim" => {
            vec![raw("HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n".repeat(10_000)), Step::CloseCleanly]
        }
        _ => vec![ok("fine")],
    });
    let proxy = Proxy::start(&[origin.address()], "");
    for target in ["/long", "/many", "/interim"] {
        let mut client = proxy.client();
        client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(client.answer("GET").status, 503, "{target}");
        client.send("GET /fine HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.answer("GET").text(), "fine", "after {target}");
    }
}
