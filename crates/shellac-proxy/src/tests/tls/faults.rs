//! Backends with which there is no agreement: what the client gets and what the log says.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;

use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use shellac_counters::vsc::table::{Main, Vbe};
use shellac_format::{Dialect, Tag};

use super::certificates::{Authority, provider};
use super::peers::backend;
use super::upstreams::trusting;
use crate::tests::log::PATIENCE;
use crate::tests::rig::{Rig, get};

const NEW: Dialect = Dialect::Vs9_0;

/// A backend that does what it wants with the bytes.
fn raw(script: impl Fn(&mut std::net::TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for socket in listener.incoming() {
            let Ok(mut socket) = socket else { return };
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            script(&mut socket);
        }
    });
    address
}

/// Asks once; what the log says must be these words of the text, phase, class and detail.
fn check(address: SocketAddr, settings: &str, wanted: (&str, &str, Option<&str>)) {
    let (words, class, detail) = wanted;
    let settings =
        format!("connect_timeout = '400ms'\n{settings}\n[[route]]\n[route.retry]\nmax = 0\n");
    let rig = Rig::start(NEW, address, &settings);
    let answer = rig.exchange(get("/"));
    assert!(answer.starts_with("HTTP/1.1 503 "), "{words}: {answer}");
    let found = rig.sessions(1);
    let attempt = found.iter().find(|one| one.kind() == "bereq").unwrap();
    let text = format!("backend b0: TLS: {words}");
    let errors = attempt.texts(Tag::FetchError);
    assert!(errors.len() == 1 && errors[0].starts_with(&text), "{text:?} is not {errors:?}");
    assert_eq!(attempt.note("fetch.phase"), Some("tls"), "{words}");
    assert_eq!(attempt.note("fetch.class"), Some(class), "{words}");
    assert_eq!(attempt.note("fetch.tls"), detail, "{words}");
    let own = attempt.texts(Tag::BackendSsl);
    assert!(own.len() == 1 && own[0].starts_with(&format!("failed {words}")), "{own:?}");
    let close = attempt.texts(Tag::BackendClose)[0];
    let reason = if class == "timeout" { "RX_TIMEOUT" } else { "RX_BAD" };
    assert!(close.ends_with(&format!(" b0 close {reason}")), "{close}");
    // The request was not sent, so nothing says so.
    let stamps: Vec<_> = attempt.texts(Tag::Timestamp);
    assert!(!stamps.iter().any(|stamp| stamp.starts_with("Bereq:")), "{stamps:?}");
    rig.wait_for_count(Main::BackendFail, 1);
    let generation = rig.engine.control().active();
    let published = generation.counters.published().clone();
    rig.wait_until(|| published.get(0, Vbe::TlsFail) == 1 && published.get(0, Vbe::Fail) == 1);
}

#[test]
fn a_certificate_that_has_expired() {
    let authority = Authority::new();
    let issued = authority.issue_until("api", &["api.example"], 2001);
    let address = backend(issued.server(), |served| served.serve());
    let wanted = ("the certificate has expired", "tls", Some("expired"));
    check(address, &trusting(&authority, ""), wanted);
}

#[test]
fn a_certificate_for_another_name() {
    let authority = Authority::new();
    let issued = authority.issue("api", &["other.example"]);
    let address = backend(issued.server(), |served| served.serve());
    let wanted = ("the certificate is not for api.example", "tls", Some("wrong_name"));
    check(address, &trusting(&authority, ""), wanted);
}

#[test]
fn a_certificate_from_a_stranger() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let issued = stranger.issue("api", &["api.example"]);
    let address = backend(issued.server(), |served| served.serve());
    let wanted = ("the certificate is from nobody who is believed", "tls", Some("unknown_ca"));
    check(address, &trusting(&authority, ""), wanted);
}

#[test]
fn a_certificate_of_an_authority_is_no_servers() {
    let authority = Authority::new();
    let issued = authority.issue_authority("api", "api.example");
    let address = backend(issued.server(), |served| served.serve());
    let text = "the certificate is an authority's (CA:TRUE), and no server's";
    check(address, &trusting(&authority, ""), (text, "tls", Some("unknown_ca")));
}

#[test]
fn a_backend_with_another_protocol() {
    let authority = Authority::new();
    let issued = authority.issue("api", &["api.example"]);
    let mut server = issued.server();
    server.alpn_protocols = vec![b"h2".to_vec()];
    let address = backend(server, |served| served.serve());
    let wanted =
        ("nothing in common (the other side says NoApplicationProtocol)", "tls", Some("protocol"));
    check(address, &trusting(&authority, ""), wanted);
}

#[test]
fn a_backend_that_speaks_plain_http() {
    let authority = Authority::new();
    let address = raw(|socket| {
        let mut hello = [0; 16];
        let _ = socket.read(&mut hello);
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        // Until the proxy has read it: a reset would take it away.
        let _ = std::io::copy(socket, &mut std::io::sink());
    });
    let wanted = ("what came is not TLS", "tls", Some("not_tls"));
    check(address, &trusting(&authority, ""), wanted);
}

#[test]
fn a_backend_that_closes() {
    let authority = Authority::new();
    let address = raw(|socket| {
        // All of the greeting, so that the end is an orderly one.
        let mut head = [0; 5];
        socket.read_exact(&mut head).unwrap();
        let mut hello = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        socket.read_exact(&mut hello).unwrap();
    });
    check(address, &trusting(&authority, ""), ("the other side closed", "eof", None));
}

#[test]
fn a_backend_that_says_nothing() {
    let authority = Authority::new();
    let address = raw(|socket| {
        let _ = std::io::copy(socket, &mut std::io::sink());
    });
    check(address, &trusting(&authority, ""), ("timeout", "timeout", None));
}

#[test]
fn a_backend_that_wants_a_certificate_and_gets_none() {
    let authority = Authority::new();
    let issued = authority.issue("api", &["api.example"]);
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(authority.roots()), provider())
            .build()
            .unwrap();
    // In 1.2 that is a part of the handshake; in 1.3 it may be said when the request is on its way.
    let server = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![issued.der.clone()], issued.key())
        .unwrap();
    let address = backend(server, |served| served.serve());
    let wanted = ("our certificate is not accepted (", "tls", Some("refused_ours"));
    check(address, &trusting(&authority, ""), wanted);
}

#[test]
fn what_failed_before_anything_was_sent_is_tried_elsewhere() {
    let authority = Authority::new();
    let good = authority.issue("good", &["api.example"]);
    let bad = authority.issue_until("bad", &["api.example"], 2001);
    let wrong = backend(bad.server(), |served| served.serve());
    let right = backend(good.server(), |served| served.serve());
    let tls = trusting(&authority, "");
    // The settings of a test belong to the last backend: so the first one says its own.
    let text = format!(
        "{tls}[[backend]]\nname = 'b1'\naddress = '{right}'\n{tls}[[route]]\n[route.retry]\nconnection = 'any'\n"
    );
    let rig = Rig::start(NEW, wrong, &text);
    for _ in 0..2 {
        // A body too: nothing of it was sent.
        let answer = rig.exchange(crate::tests::rig::post("/", "some"));
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
}

#[test]
fn certificates_that_were_lost_do_not_make_a_backend_plain() {
    let authority = Authority::new();
    let address = raw(|socket| {
        let _ = std::io::copy(socket, &mut std::io::sink());
    });
    let settings = trusting(&authority, "");
    std::fs::remove_file(authority.file()).unwrap();
    let why = "not possible here: the certificates of the configuration cannot be used";
    let rig = Rig::start(NEW, address, &settings);
    assert!(rig.exchange(get("/")).starts_with("HTTP/1.1 503 "));
    let found = rig.sessions(1);
    let attempt = found.iter().find(|one| one.kind() == "bereq").unwrap();
    let text = format!("backend b0: TLS: {why}");
    assert_eq!(attempt.texts(Tag::FetchError)[0], text);
    assert_eq!(attempt.note("fetch.class"), Some("local"));
}

#[test]
fn what_cannot_be_decrypted_later_is_no_disagreement() {
    // A record of data that nobody has encrypted.
    const BROKEN: &[u8] = b"\x17\x03\x03\x00\x20................................";
    let authority = Authority::new();
    let issued = authority.issue("api", &["api.example"]);
    let text = "TLS: cannot decrypt peer's message";
    for (before, phase, errors) in [
        ("", "first_byte", &[text][..]),
        ("HTTP/1.1 200 OK\r\nServ", "head", &[text]),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nsome",
            "body",
            &[text, "straight insufficient bytes"],
        ),
    ] {
        let address = backend(issued.server(), move |served| {
            served.request();
            served.send(before);
            // A proxy that has left needs no answer.
            let _ = served.stream.get_mut().sock.write_all(BROKEN);
            let _ = served.stream.get_mut().sock.read_to_end(&mut Vec::new());
        });
        let settings = format!("{}\n[[route]]\n[route.retry]\nmax = 0\n", trusting(&authority, ""));
        let rig = Rig::start(NEW, address, &settings);
        rig.exchange(get("/"));
        let found = rig.sessions(1);
        let attempt = found.iter().find(|one| one.kind() == "bereq").unwrap();
        assert_eq!(attempt.texts(Tag::FetchError), errors, "{phase}");
        assert_eq!(attempt.note("fetch.class"), Some("tls"), "{phase}");
        assert_eq!(attempt.note("fetch.phase"), Some(phase));
    }
}
