//! The origin and the client of these tests do what they say.

use std::time::Duration;

use crate::support::client::Client;
use crate::support::origin::{Origin, Step, hex_digest, ok, raw};
use crate::support::wire::Framing;

#[test]
fn the_origin_plays_its_script_and_remembers_the_requests() {
    let origin = Origin::start(|asked| match asked.target.as_str() {
        "/digest" => vec![Step::ReadBody, Step::SendDigest],
        "/reset" => vec![Step::Delay(Duration::from_millis(1)), Step::Reset],
        "/cut" => vec![raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"), Step::Close],
        "/clean" => vec![Step::ReadBodyBytes(3), Step::CloseCleanly],
        _ => vec![raw("HTTP/1.1 103 Early\r\n\r\n"), ok("hello")],
    });
    let mut client = Client::connect(origin.address());
    client.send(
        "POST /digest HTTP/1.1\r\nHost: a\r\nX-Varnish: 7\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    client.send("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    assert_eq!(client.answer("POST").text(), hex_digest(b"abcde"));
    client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    let answer = client.answer("GET");
    assert_eq!(
        (answer.text().as_str(), answer.framing, answer.complete),
        ("hello", Framing::Length(5), true)
    );
    assert_eq!(answer.interim, [103]);
    client.send("GET /cut HTTP/1.1\r\nHost: a\r\n\r\n");
    let answer = client.answer("GET");
    assert_eq!((answer.text().as_str(), answer.complete), ("short", false));

    let mut client = Client::connect(origin.address());
    client.send("POST /clean HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabcdef");
    assert_eq!(client.try_answer("POST").unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
    drop(client);
    let mut client = Client::connect(origin.address());
    client.send("GET /reset HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.try_answer("GET").unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);

    let received = origin.wait_finished(5);
    let summary: Vec<_> = received
        .iter()
        .map(|received| {
            let asked = &received.asked;
            (
                asked.target.as_str(),
                asked.connection,
                asked.on_connection,
                received.bytes,
                received.complete,
            )
        })
        .collect();
    let expected = [
        ("/digest", 0, 0, 5, true),
        ("/x", 0, 1, 0, true),
        ("/cut", 0, 2, 0, true),
        ("/clean", 1, 0, 3, false),
        ("/reset", 2, 0, 0, true),
    ];
    assert_eq!(summary, expected);
    assert_eq!(received[0].digest, hex_digest(b"abcde"));
    assert_eq!(received[3].body_start, b"abc");
    assert_eq!((received[0].asked.xid(), received[1].asked.xid()), (Some(7), None));
    assert_eq!(origin.connections(), 3);
}
