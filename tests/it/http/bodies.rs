//! Bodies in both directions: whole, re-framed, cut short, early, unread.

use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step, hex_digest, ok, raw};
use crate::support::proxy::Proxy;

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
