//! Clients with TLS, those who want something else, and what the log says of both.

use std::sync::Arc;

use super::certificates::Authority;
use super::peers::{Client, Server};
use super::{config, listen, raw_log, records};
use crate::support::client::Client as Plain;
use crate::support::daemon::Daemon;
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, ok};

const NEW: &str = "dialect = \"9.0-vs\"\n";

#[test]
fn clients_are_answered_and_the_name_they_ask_for_chooses_the_certificate() {
    let authority = Authority::new();
    let first = authority.issue("a", &["a.example"]);
    let second = authority.issue("b", &["b.example", "*.b.example"]);
    let origin = Origin::start(|asked| vec![ok(&asked.target)]);
    let root = tempfile::tempdir().unwrap();
    let text = config(&listen(&[&first, &second]), origin.address(), NEW);
    let daemon = Daemon::start(&root.path().join("w"), &text);
    let believing = Arc::new(authority.client(&["h2", "http/1.1"]));
    for (name, wanted) in [("a.example", &first), ("b.example", &second), ("x.b.example", &second)]
    {
        let mut client = Client::connect(daemon.address(), &believing, name).expect(name);
        assert_eq!(client.shown(), wanted.der.to_vec(), "{name}");
        assert_eq!(client.protocol(), Some(&b"http/1.1"[..]));
        // One after the other on the same connection.
        for target in ["/1", "/2"] {
            let (head, body) = client.get(target);
            assert!(head.starts_with("HTTP/1.1 200 ") && body == target, "{name}: {head}{body}");
        }
        client.send("GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        assert!(client.rest().ends_with(b"/last"), "{name}");
    }
    assert_eq!(origin.wait_finished(9).len(), 9);
}

#[test]
fn whoever_wants_something_else_is_sent_away_with_a_line_in_the_log() {
    let authority = Authority::new();
    let issued = authority.issue("a", &["a.example"]);
    let origin = Origin::start(|_| vec![ok("never")]);
    let root = tempfile::tempdir().unwrap();
    let text = config(&listen(&[&issued]), origin.address(), NEW);
    let daemon = Daemon::start(&root.path().join("w"), &text);

    let other = Arc::new(authority.client(&["h2"]));
    let error =
        Client::connect(daemon.address(), &other, "a.example").err().expect("it is refused");
    assert!(error.to_string().contains("NoApplicationProtocol"), "{error}");

    let mut plain = Plain::connect(daemon.address());
    plain.send("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
    let answer = plain.until_closed();
    assert!(!answer.starts_with(b"HTTP/"), "{:?}", String::from_utf8_lossy(&answer));

    let log = raw_log(&daemon, "two ends", |log| records(log, "SessClose").len() == 2);
    // They may be on different threads.
    let mut told = records(&log, "TLS");
    told.sort_unstable();
    let wanted = ["failed nothing in common (not http/1.1)", "failed what came is not TLS"];
    assert_eq!(told, wanted, "{log}");
    assert!(records(&log, "SessClose").iter().all(|end| end.starts_with("RX_JUNK ")), "{log}");
    Deadline::generous().wait_for("both to be counted", || {
        let counted = daemon.tool("stat", &["-1", "-f", "MAIN.tls_*"]);
        let count = |name: &str| {
            let mut lines = counted.lines().map(str::split_ascii_whitespace);
            let mut line = lines.find(|line| line.clone().next() == Some(name))?;
            line.nth(1).map(str::to_owned)
        };
        let found = [count("MAIN.tls_fail")?, count("MAIN.tls_conn")?];
        (found == ["2", "0"]).then_some(())
    });
    assert!(origin.received().is_empty());
}

#[test]
fn what_was_agreed_on_has_its_own_record_or_is_in_vcl_log() {
    let authority = Authority::new();
    let issued = authority.issue("a", &["a.example"]);
    let server = Server::secure(issued.server(), "behind");
    let trusting = format!(
        "[backend.tls]\nca = '{}'\nserver_name = 'a.example'\n[log]",
        authority.file().display()
    );
    for (dialect, client_tag, backend_tag, begins) in [
        ("9.0-vs", "TLS", "BackendSSL", "agreed TLSv1.3 "),
        ("6.0-7.2", "VCL_Log", "VCL_Log", "tls.agreed:TLSv1.3 "),
    ] {
        let root = tempfile::tempdir().unwrap();
        let more = format!("dialect = \"{dialect}\"\n");
        let text = config(&listen(&[&issued]), server.address, &more);
        let daemon = Daemon::start(&root.path().join("w"), &text.replacen("[log]", &trusting, 1));
        let believing = Arc::new(authority.client(&["http/1.1"]));
        let mut client =
            Client::connect(daemon.address(), &believing, "a.example").expect("they agree");
        assert_eq!(client.get("/").1, "behind");
        client.say_end();
        client.rest();
        let log = raw_log(&daemon, "the end", |log| !records(log, "SessClose").is_empty());
        let agreed = |tag: &str| -> Vec<&str> {
            records(&log, tag).into_iter().filter(|text| text.starts_with(begins)).collect()
        };
        let both = agreed(client_tag).len() + agreed(backend_tag).len();
        assert_eq!(both, if client_tag == backend_tag { 4 } else { 2 }, "{dialect}: {log}");
        let of_client = agreed(client_tag)[0];
        assert!(
            of_client.contains(" sni=a.example alpn=http/1.1 resumed=0 took=0."),
            "{of_client}"
        );
        assert!(records(&log, "SessClose")[0].starts_with("REM_CLOSE "), "{log}");
        // The other way of saying it is not used as well.
        let other = if client_tag == "TLS" { "VCL_Log" } else { "TLS" };
        assert!(!records(&log, other).iter().any(|text| text.contains("greed")), "{log}");
    }
}
