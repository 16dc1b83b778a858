//! What else goes over TLS with a client: another protocol, and what a proxy in front says before.

use std::io::{self, BufRead, BufReader, Write};
use std::sync::Arc;

use super::certificates::Authority;
use super::peers::{Client, Server};
use super::{config, listen, raw_log, records};
use crate::support::daemon::Daemon;
use crate::support::origin::{Origin, ok};

/// Bytes that are sent each way at a time.
const PIECE: usize = 10_000;

#[test]
fn another_protocol_goes_both_ways_and_its_end_is_said() {
    let authority = Authority::new();
    let issued = authority.issue("a", &["a.example"]);
    // Agrees to everything, then sends back what comes.
    let server = Server::start(|mut socket| {
        let mut input = BufReader::new(socket.try_clone().expect("descriptors are left"));
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            if input.read_line(&mut line).expect("the proxy asks") == 0 {
                return;
            }
        }
        socket
            .write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello")
            .expect("the proxy listens");
        let _ = io::copy(&mut input, &mut socket);
    });
    let root = tempfile::tempdir().unwrap();
    let routes = "dialect = \"9.0-vs\"\n[[route]]\npath = '/ws'\nupgrade = ['websocket']\n[[route]]\npath = '/pipe'\naction = 'pipe'\n";
    let text = config(&listen(&[&issued]), server.address, routes);
    let daemon = Daemon::start(&root.path().join("w"), &text);
    let believing = Arc::new(authority.client(&["http/1.1"]));
    for (target, fields) in
        [("/ws", "Upgrade: websocket\r\nConnection: Upgrade\r\n"), ("/pipe", "")]
    {
        let mut client =
            Client::connect(daemon.address(), &believing, "a.example").expect("they agree");
        client.send(format!("GET {target} HTTP/1.1\r\nHost: a.example\r\n{fields}\r\n"));
        let head = client.head();
        assert!(head.starts_with("HTTP/1.1 101 "), "{target}: {head}");
        assert_eq!(client.exactly(5), b"hello", "{target}");
        for number in 0..50_u8 {
            let piece = vec![number; PIECE];
            client.send(&piece);
            assert!(client.exactly(PIECE) == piece, "{target}: piece {number} came back changed");
        }
        client.say_end();
        assert_eq!(client.rest(), b"", "{target}");
    }
    let log = raw_log(&daemon, "the ends", |log| records(log, "SessClose").len() == 2);
    assert!(records(&log, "SessClose").iter().all(|end| end.starts_with("TX_PIPE ")), "{log}");
    let bytes = (50 * PIECE).to_string();
    let acct = records(&log, "PipeAcct");
    assert_eq!(acct.len(), 2, "{log}");
    for text in acct {
        let up = text.split(' ').nth(2);
        assert_eq!(up, Some(bytes.as_str()), "{text}: what was sent inside is counted");
    }
    let agreed = records(&log, "TLS");
    assert!(agreed.len() == 2 && agreed.iter().all(|text| text.starts_with("agreed ")), "{log}");
}

#[test]
fn the_preamble_of_a_proxy_in_front_comes_before_tls() {
    let authority = Authority::new();
    let issued = authority.issue("a", &["a.example"]);
    let origin =
        Origin::start(|asked| vec![ok(asked.fields.get("X-Forwarded-For").unwrap_or("-"))]);
    let root = tempfile::tempdir().unwrap();
    let listener = format!("proxy_protocol = true\n{}", listen(&[&issued]));
    let text = config(&listener, origin.address(), "dialect = \"9.0-vs\"\n");
    let daemon = Daemon::start(&root.path().join("w"), &text);
    let believing = Arc::new(authority.client(&["http/1.1"]));
    // Version 2, a connection over TCP and IPv4, twelve bytes: 192.0.2.7:4711 to 198.51.100.1:443.
    let preamble =
        *b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\xc6\x33\x64\x01\x12\x67\x01\xbb";
    let mut client =
        Client::behind(daemon.address(), &preamble, &believing, "a.example").expect("they agree");
    assert_eq!(client.shown(), issued.der.to_vec());
    let (head, body) = client.get("/");
    assert!(head.starts_with("HTTP/1.1 200 ") && body == "192.0.2.7", "{head}{body}");
    client.say_end();
    client.rest();
    let log = raw_log(&daemon, "the end", |log| !records(log, "SessClose").is_empty());
    assert_eq!(records(&log, "Proxy"), ["2 192.0.2.7 4711 198.51.100.1 443"], "{log}");
    assert_eq!(records(&log, "ReqStart"), ["192.0.2.7 4711 main"], "{log}");
    assert!(records(&log, "TLS")[0].starts_with("agreed "), "{log}");

    // Without one there is nothing to agree on.
    assert!(Client::connect(daemon.address(), &believing, "a.example").is_err());
    let log = raw_log(&daemon, "the other end", |log| records(log, "SessClose").len() == 2);
    assert!(records(&log, "SessClose")[1].starts_with("RX_JUNK "), "{log}");
    assert_eq!(records(&log, "TLS").len(), 1, "{log}");
}
