//! Backends with TLS.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex};

use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use shellac_counters::vsc::table::Main;
use shellac_format::{Dialect, Tag};

use super::certificates::{Authority, provider};
use super::peers::{Client, backend};
use crate::tests::log::{PATIENCE, Transaction};
use crate::tests::rig::{Rig, body, get, post};

const NEW: Dialect = Dialect::Vs9_0;

/// What is said of a backend whose certificate is for `api.example`.
pub(super) fn trusting(authority: &Authority, more: &str) -> String {
    let ca = authority.file();
    format!("[backend.tls]\nca = '{}'\nserver_name = 'api.example'\n{more}", ca.display())
}

fn attempts(found: &[Transaction]) -> Vec<&Transaction> {
    found.iter().filter(|one| one.kind() == "bereq").collect()
}

#[test]
fn a_backend_is_asked_over_tls_and_its_connection_is_kept() {
    let authority = Authority::new();
    let issued = authority.issue("api", &["api.example"]);
    let address = backend(issued.server(), |served| served.serve());
    let rig = Rig::start(NEW, address, &trusting(&authority, ""));
    for _ in 0..3 {
        assert_eq!(body(&rig.exchange(get("/"))), "1", "one connection for all");
    }
    let found = rig.sessions(3);
    let attempts = attempts(&found);
    let first = attempts[0].texts(Tag::BackendSsl);
    assert!(first[0].starts_with("agreed TLSv1.3 TLS13_"), "{first:?}");
    assert!(first[0].contains(" alpn=http/1.1") || !first[0].contains("alpn"), "{first:?}");
    assert!(attempts[1].texts(Tag::BackendSsl).is_empty(), "nothing was agreed on again");
    let opens: Vec<_> = attempts.iter().map(|one| one.texts(Tag::BackendOpen)[0]).collect();
    assert!(opens[0].ends_with(" connect") && opens[1].contains(" reuse"), "{opens:?}");
}

#[test]
fn bodies_of_any_size_go_through_tls_on_both_sides() {
    let authority = Authority::new();
    let issued = authority.issue("both", &["api.example"]);
    let address = backend(issued.server(), |served| {
        while let Some((head, body)) = served.request() {
            let sum = body.iter().fold(0_u32, |sum, &byte| sum.rotate_left(5) ^ u32::from(byte));
            let sum = format!("{sum:08x}");
            let size = if head.starts_with("POST") { 0 } else { 3_000_000 };
            served.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", size + 8));
            served.send(vec![b'x'; size]);
            served.send(sum);
        }
    });
    let listen = format!("tls = {{ certificates = [{}] }}\n", issued.toml());
    let rig = Rig::saying(NEW, &listen, &[address], &trusting(&authority, ""));
    let config = Arc::new(authority.client(&[]));
    let mut client = Client::connect(rig.address, &config, "api.example").unwrap();
    let (_, down) = client.get("/", "api.example");
    assert_eq!(down.len(), 3_000_008);
    assert!(down[..3_000_000].iter().all(|&byte| byte == b'x'));
    let up: Vec<u8> =
        (0..2_500_000_u32).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let sum = up.iter().fold(0_u32, |sum, &byte| sum.rotate_left(5) ^ u32::from(byte));
    let head = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", up.len());
    client.send(head.as_bytes());
    client.send(&up);
    assert_eq!(client.answer().1, format!("{sum:08x}").into_bytes());
    // And in chunks, whose end is not known beforehand.
    client.send(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    assert_eq!(client.answer().1, b"00000000");
}

#[test]
fn a_body_that_ends_with_its_connection_is_complete_only_when_the_backend_says_so() {
    let authority = Authority::new();
    let issued = authority.issue("api", &["api.example"]);
    let address = backend(issued.server(), |served| {
        let Some((head, _)) = served.request() else { return };
        served.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it");
        if head.starts_with("GET /said") {
            served.say_end();
        }
    });
    let rig = Rig::start(NEW, address, &trusting(&authority, ""));
    let said = rig.exchange(get("/said"));
    assert!(said.ends_with("9\r\nall of it\r\n0\r\n\r\n"), "{said:?}");
    let cut = rig.exchange(get("/cut"));
    assert!(cut.contains("all of it") && !cut.contains("0\r\n\r\n"), "{cut:?}");
    let found = rig.sessions(2);
    let last = attempts(&found)[1];
    let errors = last.texts(Tag::FetchError);
    assert_eq!(errors, ["TLS: ended without close_notify", "eof socket fail"]);
    assert_eq!(last.note("fetch.class"), Some("truncated"));
}

#[test]
fn a_length_is_enough_where_nobody_says_the_end() {
    let authority = Authority::new();
    let issued = authority.issue("api", &["api.example"]);
    let address = backend(issued.server(), |served| {
        if served.request().is_some() {
            served.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine");
        }
    });
    let rig = Rig::start(NEW, address, &trusting(&authority, ""));
    assert_eq!(body(&rig.exchange(get("/"))), "fine");
    // The kept connection has ended, and the next request gets a new one in any case.
    assert_eq!(body(&rig.exchange(get("/"))), "fine");
}

#[test]
fn each_host_has_connections_of_its_own_where_requests_say_the_name() {
    let authority = Authority::new();
    let issued = authority.issue("api", &["one.example", "two.example"]);
    let address = backend(issued.server(), |served| {
        while let Some((head, _)) = served.request() {
            let name = served.stream.get_ref().conn.server_name().unwrap_or("-").to_owned();
            let text = format!("{name} {}", served.number);
            let host = head.lines().find_map(|line| line.strip_prefix("Host: ")).unwrap();
            assert!(host.to_ascii_lowercase().starts_with(&name), "{host} {name}");
            served.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len()));
        }
    });
    let ca = authority.file();
    let settings = format!("[backend.tls]\nca = '{}'\nserver_name = '$host'\n", ca.display());
    let rig = Rig::start(NEW, address, &settings);
    let ask = |host: &str| {
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        body(&rig.exchange(request)).to_owned()
    };
    assert_eq!(ask("one.example"), "one.example 1");
    assert_eq!(ask("two.example"), "two.example 2");
    assert_eq!(ask("ONE.example:8080"), "one.example 1");
    assert_eq!(ask("two.example"), "two.example 2");
    // A host that no certificate can be for is nobody's fault but the request's.
    let refused = rig.exchange("GET / HTTP/1.1\r\nHost: a..b\r\nConnection: close\r\n\r\n");
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    let found = rig.sessions(5);
    let last = *attempts(&found).last().unwrap();
    assert_eq!(last.note("fetch.tls"), Some("no_name"));
    assert_eq!(ask("two.example"), "two.example 2", "the backend is as good as before");
}

#[test]
fn a_certificate_of_ours_is_shown_to_whom_it_is_meant_for() {
    let authority = Authority::new();
    let issued = authority.issue("api", &["api.example"]);
    let ours = authority.issue("ours", &["proxy.example"]);
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(authority.roots()), provider())
            .build()
            .unwrap();
    let server = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![issued.der.clone()], issued.key())
        .unwrap();
    let wanted = ours.der.to_vec();
    let address = backend(server, move |served| {
        if served.request().is_some() {
            let shown = served.stream.get_ref().conn.peer_certificates().unwrap()[0].to_vec();
            let text = if shown == wanted { "ours" } else { "another" };
            served.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len()));
        }
    });
    let more = format!("cert = '{}'\nkey = '{}'\n", ours.cert.display(), ours.key.display());
    let rig = Rig::start(NEW, address, &trusting(&authority, &more));
    assert_eq!(body(&rig.exchange(get("/"))), "ours");
    // Without it the backend says no, when its turn comes.
    let rig = Rig::start(NEW, address, &trusting(&authority, ""));
    assert!(rig.exchange(get("/")).starts_with("HTTP/1.1 503 "));
}

#[test]
fn whoever_does_not_look_at_certificates_accepts_every_one() {
    let authority = Authority::new();
    let issued = authority.issue_until("old", &["other.example"], 2001);
    let address = backend(issued.server(), |served| served.serve());
    let rig = Rig::start(NEW, address, "[backend.tls]\nverify = false\n");
    assert_eq!(body(&rig.exchange(get("/"))), "1");
}

#[test]
fn an_address_is_what_the_certificate_has_to_be_for_unless_a_name_is_set() {
    let authority = Authority::new();
    let issued = authority.issue("ip", &["127.0.0.1"]);
    let address = backend(issued.server(), |served| served.serve());
    let rig = Rig::start(
        NEW,
        address,
        &format!("[backend.tls]\nca = '{}'\n", authority.file().display()),
    );
    assert_eq!(body(&rig.exchange(post("/", "some"))), "1");
}

#[test]
fn connections_made_with_other_certificates_are_not_used_again() {
    let authority = Authority::new();
    let issued = authority.issue("api", &["api.example"]);
    let address = backend(issued.server(), |served| served.serve());
    let rig = Rig::start(NEW, address, &trusting(&authority, ""));
    assert_eq!(body(&rig.exchange(get("/"))), "1");
    let same = rig.config_saying("", &[address], &trusting(&authority, ""));
    rig.engine.control().load("same", same).unwrap();
    rig.activate("same");
    assert_eq!(body(&rig.exchange(get("/"))), "1", "a reload that changes nothing keeps it");
    let other = rig.config_saying("", &[address], "[backend.tls]\nverify = false\n");
    rig.engine.control().load("other", other).unwrap();
    rig.activate("other");
    assert_eq!(body(&rig.exchange(get("/"))), "2");
}

#[test]
fn probes_speak_tls_too() {
    let authority = Authority::new();
    let issued = authority.issue("api", &["api.example"]);
    let address = backend(issued.server(), |served| served.serve());
    let probe = "\n[[probe]]\nname = 'p'\ninterval = '100ms'\nthreshold = 1\n";
    let good = format!("probe = 'p'\n{}{probe}", trusting(&authority, ""));
    let rig = Rig::start(NEW, address, &good);
    let is_good = |text: &str| text.contains("\"HTTP/1.1 200 OK\"");
    rig.journal.wait_loose(NEW, |line| line.tag == Tag::BackendHealth && is_good(&line.text));
    let bad = format!(
        "probe = 'p'\n[backend.tls]\nca = '{}'\nserver_name = 'wrong.example'\n{probe}",
        authority.file().display()
    );
    let rig = Rig::start(NEW, address, &bad);
    rig.journal.wait_loose(NEW, |line| {
        line.tag == Tag::BackendHealth
            && line.text.contains("TLS error (the certificate is not for wrong.example)")
    });
}

/// Requests that wait at their backend until somebody lets them go, by target.
#[derive(Default)]
struct Gates {
    waiting: Mutex<BTreeSet<String>>,
    opened: Mutex<BTreeSet<String>>,
    changed: Condvar,
}

impl Gates {
    /// Waits until it may go on, or gives up.
    fn wait(&self, target: &str) {
        self.waiting.lock().unwrap().insert(target.to_owned());
        let opened = self.opened.lock().unwrap();
        let waited =
            self.changed.wait_timeout_while(opened, PATIENCE, |opened| !opened.contains(target));
        drop(waited.unwrap());
    }

    fn is_waiting(&self, target: &str) -> bool {
        self.waiting.lock().unwrap().contains(target)
    }

    fn open(&self, target: &str) {
        self.opened.lock().unwrap().insert(target.to_owned());
        self.changed.notify_all();
    }
}

#[test]
fn the_one_that_was_used_last_is_used_first_and_no_more_are_kept_than_allowed() {
    let authority = Authority::new();
    let issued = authority.issue("api", &["api.example"]);
    let gates = Arc::new(Gates::default());
    let at_backend = Arc::clone(&gates);
    let address = backend(issued.server(), move |served| {
        while let Some((head, _)) = served.request() {
            let target = head.split(' ').nth(1).unwrap();
            if target.starts_with("/held") {
                at_backend.wait(target);
            }
            let body = served.number.to_string();
            served.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
        }
    });
    let settings = format!("{}[limits]\nidle_per_backend = 2\n", trusting(&authority, ""));
    let rig = Rig::start(NEW, address, &settings);
    let mut kept = 0;
    // Sends requests that are all under way at the same time, and has them answered in the order of `let_go`. The connections on
    // which they were, by request.
    let mut round = |name: &str, let_go: &[usize]| -> Vec<String> {
        let mut clients: Vec<_> = (0..let_go.len())
            .map(|number| {
                let target = format!("/held/{name}/{number}");
                let mut client = rig.connect();
                client.send(get(&target));
                rig.wait_until(|| gates.is_waiting(&target));
                client
            })
            .collect();
        let mut used = vec![String::new(); let_go.len()];
        for &number in let_go {
            gates.open(&format!("/held/{name}/{number}"));
            used[number] = body(&clients[number].rest()).to_owned();
            // Only then the next one, so that it is the one that was used last.
            kept += 1;
            rig.wait_for_count(Main::BackendRecycle, kept);
        }
        used
    };
    assert_eq!(round("both", &[0, 1]), ["1", "2"]);
    assert_eq!(round("last", &[0]), ["2"]);
    assert_eq!(round("again", &[0]), ["2"], "and not one after the other");
    // The other order: now the first one is on top.
    assert_eq!(round("turned", &[0, 1]), ["2", "1"]);
    assert_eq!(round("turned-back", &[1, 0]), ["1", "2"]);
    assert_eq!(round("on-top", &[0]), ["1"]);
    // Of three the two that were used last are kept: the third one has to be made anew.
    assert_eq!(round("three", &[1, 0, 2]), ["1", "2", "3"]);
    assert_eq!(round("two-of-them", &[0, 1, 2]), ["3", "1", "4"]);
    rig.wait_for_count(Main::BackendReuse, 11);
}
