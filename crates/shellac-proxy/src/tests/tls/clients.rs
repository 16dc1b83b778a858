//! Listeners with TLS.

use std::io::{Read, Write};
use std::sync::Arc;

use rustls::ClientConfig;
use shellac_counters::vsc::table::Main;
use shellac_format::{Dialect, Tag};

use super::certificates::{Authority, Issued, provider};
use super::peers::Client;
use crate::ControlError;
use crate::tests::log::Transaction;
use crate::tests::origin::Origin;
use crate::tests::rig::Rig;

const NEW: Dialect = Dialect::Vs9_0;

fn listen(certificates: &[&Issued], more: &str) -> String {
    let list: Vec<String> = certificates.iter().map(|one| one.toml()).collect();
    format!("tls = {{ certificates = [{}]{more} }}\n", list.join(", "))
}

fn echo() -> Origin {
    Origin::start(|_, mut connection| connection.serve())
}

fn rig(dialect: Dialect, origin: &Origin, certificates: &[&Issued], more: &str) -> Rig {
    Rig::saying(dialect, &listen(certificates, more), &[origin.address], "")
}

/// The texts of the record of TLS in a session of the newest dialect.
fn told(session: &Transaction) -> String {
    session.texts(Tag::Tls).join("\n")
}

#[test]
fn requests_come_over_tls_one_after_the_other_and_the_end_is_said() {
    let authority = Authority::new();
    let issued = authority.issue("a", &["a.example"]);
    let origin = echo();
    let rig = rig(NEW, &origin, &[&issued], "");
    let config = Arc::new(authority.client(&["http/1.1"]));
    let mut client = Client::connect(rig.address, &config, "a.example").unwrap();
    assert_eq!(client.stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    for _ in 0..3 {
        let (head, body) = client.get("/", "a.example");
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert_eq!(body, b"answer");
    }
    client.send(b"GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n");
    // An end that was not said would be an error here.
    assert!(client.rest().unwrap().ends_with("answer"));
    let found = rig.sessions(1);
    let session = found.iter().find(|one| one.kind() == "sess").unwrap();
    let told = told(session);
    assert!(told.starts_with("agreed TLSv1.3 TLS13_"), "{told}");
    assert!(told.contains(" sni=a.example alpn=http/1.1 resumed=0 took=0."), "{told}");
    let kept: Vec<_> = origin.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(kept, [1; 4], "the backend's connection is kept as ever");
}

#[test]
fn the_backend_is_told_that_its_client_speaks_tls_whatever_that_says() {
    let authority = Authority::new();
    let issued = authority.issue("a", &["a.example"]);
    let origin = echo();
    let rig = rig(NEW, &origin, &[&issued], "");
    let config = Arc::new(authority.client(&[]));
    let mut client = Client::connect(rig.address, &config, "a.example").unwrap();
    client.send(
        b"GET / HTTP/1.1\r\nHost: a.example\r\nx-forwarded-proto: http\r\nConnection: close\r\n\r\n",
    );
    client.rest().unwrap();
    let seen = origin.seen();
    let is_it = |line: &&str| line.to_ascii_lowercase().starts_with("x-forwarded-proto");
    let lines: Vec<_> = seen[0].head.lines().filter(is_it).collect();
    assert_eq!(lines, ["X-Forwarded-Proto: https"]);
    let found = rig.sessions(1);
    let request = found.iter().find(|one| one.kind() == "req").unwrap();
    assert!(request.texts(Tag::ReqHeader).contains(&"X-Forwarded-Proto: https"), "{request:#?}");
}

#[test]
fn a_dialect_without_the_record_has_the_words_in_vcl_log() {
    let authority = Authority::new();
    let issued = authority.issue("a", &["a.example"]);
    let origin = echo();
    let rig = rig(Dialect::V7_3, &origin, &[&issued], "");
    let config = Arc::new(authority.client(&[]));
    let mut client = Client::connect(rig.address, &config, "a.example").unwrap();
    client.get("/", "a.example");
    drop(client);
    let found = rig.sessions(1);
    let session = found.iter().find(|one| one.kind() == "sess").unwrap();
    let agreed = session.note("tls.agreed").unwrap();
    assert!(agreed.starts_with("TLSv1.3 ") && !agreed.contains("alpn="), "{agreed}");
}

#[test]
fn the_name_that_is_asked_for_chooses_the_certificate() {
    let authority = Authority::new();
    let first = authority.issue("a", &["a.example", "*.b.example"]);
    let second = authority.issue("b", &["exact.b.example", "*.c.example"]);
    let origin = echo();
    let rig = rig(NEW, &origin, &[&first, &second], "");
    let config = Arc::new(authority.client(&[]));
    let cases = [
        ("a.example", &first),
        ("A.EXAMPLE", &first),
        ("any.b.example", &first),
        ("exact.b.example", &second),
        ("any.c.example", &second),
    ];
    for (name, wanted) in cases {
        let client = Client::connect(rig.address, &config, name).unwrap();
        assert_eq!(client.shown(), wanted.der.to_vec(), "{name}");
    }
    // Whoever asks for something else is shown the first one, and refuses it.
    for name in ["other.example", "deep.any.c.example"] {
        let error = Client::connect(rig.address, &config, name).err().unwrap().to_string();
        assert!(error.contains("not valid for name"), "{name}: {error}");
    }
}

#[test]
fn only_one_protocol_is_spoken_inside() {
    let authority = Authority::new();
    let issued = authority.issue("a", &["a.example"]);
    let origin = echo();
    let rig = rig(NEW, &origin, &[&issued], "");
    let both = Arc::new(authority.client(&["h2", "http/1.1"]));
    let client = Client::connect(rig.address, &both, "a.example").unwrap();
    assert_eq!(client.stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    drop(client);
    let other = Arc::new(authority.client(&["h2"]));
    let error = Client::connect(rig.address, &other, "a.example").err().unwrap().to_string();
    assert!(error.contains("NoApplicationProtocol"), "{error}");
    let found = rig.sessions(2);
    let refused = found.iter().find(|one| told(one).starts_with("failed")).unwrap();
    assert_eq!(told(refused), "failed nothing in common (not http/1.1)");
    assert!(refused.texts(Tag::SessClose)[0].starts_with("RX_JUNK "));
}

#[test]
fn the_oldest_version_can_be_set() {
    let authority = Authority::new();
    let issued = authority.issue("a", &["a.example"]);
    let origin = echo();
    let old = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_root_certificates(authority.roots())
        .with_no_client_auth();
    let old = Arc::new(old);
    let lenient = rig(NEW, &origin, &[&issued], "");
    let mut client = Client::connect(lenient.address, &old, "a.example").unwrap();
    assert_eq!(client.get("/", "a.example").1, b"answer");
    drop(client);
    let found = lenient.sessions(1);
    let session = found.iter().find(|one| one.kind() == "sess").unwrap();
    assert!(told(session).starts_with("agreed TLSv1.2 TLS_ECDHE_"), "{}", told(session));
    let strict = rig(NEW, &origin, &[&issued], ", min_version = '1.3'");
    assert!(Client::connect(strict.address, &old, "a.example").is_err());
}

#[test]
fn what_is_no_handshake_is_sent_away_and_counted() {
    let authority = Authority::new();
    let issued = authority.issue("a", &["a.example"]);
    let origin = echo();
    let rig = Rig::saying(
        NEW,
        &listen(&[&issued], ""),
        &[origin.address],
        "[timeouts]\nclient_head = '300ms'\n",
    );
    // A plain request.
    let plain = rig.exchange("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
    assert!(!plain.contains("HTTP/1.1"), "{plain:?}");
    // Somebody who says nothing is not waited for longer than for a head.
    let mut silent = rig.connect();
    assert_eq!(silent.rest(), "");
    // Somebody who leaves in the middle.
    let mut leaving = rig.connect();
    leaving.stream.write_all(&[22, 3, 1, 2, 0, 1]).unwrap();
    drop(leaving);
    let found = rig.sessions(3);
    let mut ends: Vec<_> = found
        .iter()
        .map(|one| {
            let end = one.texts(Tag::SessClose)[0].split(' ').next().unwrap().to_owned();
            (end, told(one))
        })
        .collect();
    ends.sort();
    let wanted = [
        ("REM_CLOSE", "failed the client closed"),
        ("RX_JUNK", "failed what came is not TLS"),
        ("RX_TIMEOUT", "failed the client took too long"),
    ];
    assert_eq!(ends, wanted.map(|(end, told)| (end.to_owned(), told.to_owned())));
    rig.wait_for_count(Main::TlsFail, 3);
    assert!(origin.seen().is_empty());
}

#[test]
fn a_session_is_taken_up_again_also_after_a_reload() {
    let authority = Authority::new();
    let issued = authority.issue("a", &["a.example"]);
    let origin = echo();
    let rig = rig(NEW, &origin, &[&issued], "");
    let config = Arc::new(authority.client(&[]));
    let visit = || {
        let mut client = Client::connect(rig.address, &config, "a.example").unwrap();
        // The ticket comes with the first bytes.
        client.get("/", "a.example");
        client.stream.conn.handshake_kind().unwrap()
    };
    assert_eq!(visit(), rustls::HandshakeKind::Full);
    assert_eq!(visit(), rustls::HandshakeKind::Resumed);
    let next = rig.config_saying(&listen(&[&issued], ""), &[origin.address], "");
    rig.engine.control().load("next", next).unwrap();
    rig.activate("next");
    assert_eq!(visit(), rustls::HandshakeKind::Resumed);
    rig.wait_for_count(Main::TlsConn, 3);
    rig.wait_for_count(Main::TlsResumed, 2);
}

#[test]
fn a_reload_reads_certificates_again_and_open_connections_keep_theirs() {
    let authority = Authority::new();
    let old = authority.issue("a", &["a.example"]);
    let new = authority.issue("b", &["a.example"]);
    let origin = echo();
    let rig = rig(NEW, &origin, &[&old], "");
    // Resumed sessions show nothing.
    let mut config = authority.client(&[]);
    config.resumption = rustls::client::Resumption::disabled();
    let config = Arc::new(config);
    let before = old.der.to_vec();
    let mut open = Client::connect(rig.address, &config, "a.example").unwrap();
    assert_eq!(open.shown(), before);
    new.replace(&old);
    let next = rig.config_saying(&listen(&[&old], ""), &[origin.address], "");
    let loaded = rig.engine.control().load("next", next).unwrap();
    assert!(loaded.needs_restart.is_empty(), "{loaded:?}");
    rig.activate("next");
    let client = Client::connect(rig.address, &config, "a.example").unwrap();
    assert_eq!(client.shown(), new.der.to_vec());
    assert_eq!(open.get("/", "a.example").1, b"answer");

    // What cannot be used is not loaded, and everything stays.
    std::fs::write(&old.cert, "nothing").unwrap();
    let next = rig.config_saying(&listen(&[&old], ""), &[origin.address], "");
    let error = rig.engine.control().load("bad", next).unwrap_err();
    assert!(matches!(error, ControlError::Certificates { .. }));
    let error = error.to_string();
    assert!(
        error.starts_with("line 4: listen.tls.certificates: /")
            && error.ends_with("a.pem: has no certificate (PEM)"),
        "{error}"
    );
    let client = Client::connect(rig.address, &config, "a.example").unwrap();
    assert_eq!(client.shown(), new.der.to_vec());
}

#[test]
fn what_was_loaded_before_does_without_what_is_gone() {
    let authority = Authority::new();
    let issued = authority.issue("a", &["a.example"]);
    let origin = echo();
    let text = listen(&[&issued], "");
    std::fs::remove_file(&issued.key).unwrap();
    let rig = Rig::saying(NEW, &text, &[origin.address], "");
    let config = Arc::new(authority.client(&[]));
    assert!(Client::connect(rig.address, &config, "a.example").is_err());
    let found = rig.sessions(1);
    let session = found.iter().find(|one| one.kind() == "sess").unwrap();
    assert_eq!(told(session), "failed this listener has no certificate that can be used");
    rig.journal.wait_loose(NEW, |line| {
        line.tag == Tag::Notice && line.text.contains("listen.tls.certificates: /")
    });
}

#[test]
fn certificates_that_do_not_fit_are_named() {
    let authority = Authority::new();
    let one = authority.issue("one", &["a.example"]);
    let other = authority.issue("other", &["a.example"]);
    let garbage = authority.path("garbage.pem");
    std::fs::write(&garbage, "-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n")
        .unwrap();
    let locked = authority.path("locked.key");
    std::fs::write(
        &locked,
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    )
    .unwrap();
    let missing = authority.path("missing.pem");
    let cases = [
        (&one.cert, &other.key, "other.key: is not the key of the certificate in "),
        (&missing, &one.key, "missing.pem: No such file or directory"),
        (&garbage, &one.key, "garbage.pem: "),
        (&one.key, &one.key, "one.key: has no certificate (PEM)"),
        (&one.cert, &one.cert, "one.pem: has no private key (PEM)"),
        (&one.cert, &locked, "keys with a password cannot be used"),
    ];
    for (cert, key, wanted) in cases {
        let text = format!(
            "[[listen]]\naddress = '127.0.0.1:1'\n[listen.tls]\ncertificates = [\n{{ cert = '{}', key = '{}' }}]\n[[backend]]\nname = 'b'\naddress = '127.0.0.1:2'\n",
            cert.display(),
            key.display()
        );
        let config = shellac_config::Config::parse(&text, "x.toml").unwrap();
        let error = crate::check_certificates(&config, "x.toml").unwrap_err().to_string();
        assert!(error.starts_with("x.toml:5: listen.tls.certificates: /"), "{error}");
        assert!(error.contains(wanted), "{wanted:?} in {error:?}");
    }
}

#[test]
fn bytes_that_are_not_for_the_reader_do_not_wake_it_for_ever() {
    let authority = Authority::new();
    let issued = authority.issue("a", &["a.example"]);
    let origin = echo();
    let rig = rig(NEW, &origin, &[&issued], "");
    let config = Arc::new(authority.client(&[]));
    let mut client = Client::connect(rig.address, &config, "a.example").unwrap();
    client.get("/", "a.example");
    // A change of keys is a message without a byte for the reader, and wants to be answered.
    client.stream.conn.refresh_traffic_keys().unwrap();
    client.stream.flush().unwrap();
    let (head, body) = client.get("/", "a.example");
    assert!(head.starts_with("HTTP/1.1 200") && body == b"answer", "{head}");
    let mut byte = [0];
    client.send(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_eq!(client.stream.read(&mut byte).unwrap(), 1);
}

/// A record of data that nobody has encrypted.
const BROKEN: &[u8] = b"\x17\x03\x03\x00\x20................................";

#[test]
fn bytes_that_cannot_be_decrypted_inside_a_request_are_named_too() {
    let authority = Authority::new();
    let issued = authority.issue("a", &["a.example"]);
    const WHY: &str = "cannot decrypt peer's message";
    const BODY: &str = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc";
    const NONE: &str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let in_body = [&format!("TLS: {WHY}"), "straight insufficient bytes"];
    for (dialect, asked, errors) in
        [(NEW, BODY, &in_body[..]), (Dialect::V7_3, BODY, &in_body), (NEW, NONE, &[])]
    {
        let origin = Origin::start(|_, mut connection| {
            connection.head();
            connection.wait_for_end();
        });
        let rig = Rig::saying(dialect, &listen(&[&issued], ""), &[origin.address], "");
        let config = Arc::new(authority.client(&[]));
        let mut client = Client::connect(rig.address, &config, "a.example").unwrap();
        client.send(asked.as_bytes());
        // From here on it is the rest of the request that is waited for, or the answer.
        rig.wait_until(|| origin.seen().len() == 1);
        client.stream.sock.write_all(BROKEN).unwrap();
        assert!(client.rest().is_err(), "an alert");
        let found = rig.sessions(1);
        let one = |kind: &str| found.iter().find(|one| one.kind() == kind).unwrap();
        let (session, request, attempt) = (one("sess"), one("req"), one("bereq"));
        let noted = session.note("tls.failed").map(|why| format!("failed {why}"));
        let said = noted.unwrap_or_else(|| told(session));
        assert!(said.ends_with(&format!("failed {WHY}")), "{found:#?}");
        assert_eq!(request.texts(Tag::FetchError), errors);
        assert_eq!(attempt.note("fetch.class"), Some("client"));
        assert_eq!(attempt.note("fetch.client"), Some("tls"));
        assert!(session.texts(Tag::SessClose)[0].starts_with("RX_JUNK "), "{session:?}");
    }
}

#[test]
fn bytes_that_cannot_be_decrypted_end_the_connection_with_the_reason() {
    let authority = Authority::new();
    let issued = authority.issue("a", &["a.example"]);
    let origin = echo();
    let rig = rig(NEW, &origin, &[&issued], "");
    let config = Arc::new(authority.client(&[]));
    let mut client = Client::connect(rig.address, &config, "a.example").unwrap();
    client.get("/", "a.example");
    client.stream.sock.write_all(BROKEN).unwrap();
    assert!(client.rest().is_err(), "an alert");
    let found = rig.sessions(1);
    let session = found.iter().find(|one| one.kind() == "sess").unwrap();
    assert!(session.texts(Tag::SessClose)[0].starts_with("RX_JUNK "), "{session:?}");
    assert!(told(session).ends_with("failed cannot decrypt peer's message"), "{}", told(session));
}

#[test]
fn bytes_that_cannot_be_decrypted_in_a_body_end_its_request() {
    let authority = Authority::new();
    let issued = authority.issue("a", &["a.example"]);
    let (arrived, has_arrived) = std::sync::mpsc::channel();
    let origin = Origin::start(move |_, mut connection| {
        connection.head();
        arrived.send(()).unwrap();
        connection.wait_for_end();
    });
    let rig = rig(NEW, &origin, &[&issued], "");
    let config = Arc::new(authority.client(&[]));
    let mut client = Client::connect(rig.address, &config, "a.example").unwrap();
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nsome");
    has_arrived.recv().unwrap();
    client.stream.sock.write_all(BROKEN).unwrap();
    // An alert, and nothing that could be read behind it.
    assert!(client.rest().is_err());
    let found = rig.sessions(1);
    let of = |kind: &str| found.iter().find(|one| one.kind() == kind).unwrap();
    assert_eq!(
        of("bereq").texts(Tag::FetchError)[0],
        "req.body read error: 0 (Success)",
        "{found:?}"
    );
    assert!(of("bereq").texts(Tag::VclLog).contains(&"fetch.class:client"), "{found:?}");
}

#[test]
fn bytes_that_cannot_be_decrypted_behind_an_early_answer_are_no_matter() {
    let authority = Authority::new();
    let issued = authority.issue("a", &["a.example"]);
    let origin = Origin::start(|_, mut connection| {
        connection.head();
        connection.respond(200, "early");
        connection.wait_for_end();
    });
    let rig = rig(NEW, &origin, &[&issued], "");
    let config = Arc::new(authority.client(&[]));
    let mut client = Client::connect(rig.address, &config, "a.example").unwrap();
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nsome");
    assert_eq!(client.answer().1, b"early");
    // Now its end is said, and what still comes is taken for a while; on a busy machine that is over.
    let _ = client.stream.sock.write_all(BROKEN);
    let found = rig.sessions(1);
    let session = found.iter().find(|one| one.kind() == "sess").unwrap();
    assert!(session.texts(Tag::SessClose)[0].starts_with("RX_BODY "), "{session:?}");
}
