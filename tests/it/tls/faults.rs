//! Backends with which there is no agreement: what the client gets, and what `shellac trace` says about it.

use std::process::{Command, Stdio};
use std::sync::Arc;

use super::certificates::Authority;
use super::peers::{Client as Secure, Server};
use super::{PATIENT, config, listen, raw_log, records};
use crate::support::client::Client;
use crate::support::daemon::Daemon;
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, ok};

/// A backend, and what is said of it.
struct Row {
    name: &'static str,
    server: Server,
    /// What the client gets.
    status: u16,
    /// What a trace has, with one blank between words.
    says: &'static [&'static str],
}

#[test]
fn a_backend_that_cannot_be_trusted_is_a_503_that_trace_explains() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let name = &["api.example"];
    let rows = [
        Row {
            name: "good",
            server: Server::secure(authority.issue("good", name).server(), "fine"),
            status: 200,
            says: &["200"],
        },
        Row {
            name: "unknown-ca",
            server: Server::secure(stranger.issue("unknown", name).server(), "never"),
            status: 503,
            says: &[
                "TLS: the certificate is from nobody who is believed",
                "he backend's certificate is from nobody who is believed",
            ],
        },
        Row {
            name: "authority",
            server: Server::secure(
                authority.issue_authority("itself", "api.example").server(),
                "never",
            ),
            status: 503,
            says: &["TLS: the certificate is an authority's (CA:TRUE)", "basicConstraints"],
        },
        Row {
            name: "wrong-name",
            server: Server::secure(authority.issue("wrong", &["b.example"]).server(), "never"),
            status: 503,
            says: &[
                "TLS: the certificate is not for api.example",
                "he backend's certificate is for another name",
            ],
        },
        Row {
            name: "expired",
            server: Server::secure(authority.issue_until("old", name, 2001).server(), "never"),
            status: 503,
            says: &[
                "TLS: the certificate has expired",
                "he backend's certificate is not valid at this time",
            ],
        },
        Row {
            name: "plain-http",
            server: Server::plain(),
            status: 503,
            says: &["TLS: what came is not TLS", "he backend does not speak TLS"],
        },
    ];
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let mut text = format!(
        "instance = \"test\"\nthreads = 2\n{PATIENT}[log]\nsize = \"16M\"\n[[listen]]\nname = \"main\"\naddress = \"127.0.0.1:0\"\n"
    );
    for Row { name, server, .. } in &rows {
        text.push_str(&format!(
            "[[backend]]\nname = '{name}'\naddress = '{}'\n[backend.tls]\nca = '{}'\nserver_name = 'api.example'\n\
             [[pool]]\nname = '{name}'\nbackends = ['{name}']\n\
             [[route]]\npath = '/{name}'\npool = '{name}'\n[route.retry]\nmax = 0\n",
            server.address,
            authority.file().display(),
        ));
    }
    let daemon = Daemon::start(&workdir, &text);
    for Row { name, status, says, .. } in &rows {
        let mut client = Client::connect(daemon.address());
        client.send(format!("GET /{name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        let answer = client.answer("GET");
        assert_eq!(answer.status, *status, "{name}: {}", answer.text());
        let xid = answer.xid().to_string();
        let mut shown = String::new();
        let deadline = Deadline::generous();
        while !says.iter().all(|part| shown.contains(part)) {
            assert!(deadline.left().is_some(), "{name}: {says:?} is not in {shown}");
            // The record of a request is written after its answer.
            shown = trace(&workdir, &xid);
        }
    }
}

#[test]
fn a_client_whose_tls_breaks_inside_its_body_is_to_blame_and_not_the_backend() {
    // A record of data that nobody has encrypted.
    const BROKEN: &[u8] = b"\x17\x03\x03\x00\x20................................";
    let authority = Authority::new();
    let issued = authority.issue("a", &["a.example"]);
    let origin = Origin::start(|_| vec![ok("never")]);
    let root = tempfile::tempdir().unwrap();
    let text = config(&listen(&[&issued]), origin.address(), "");
    let daemon = Daemon::start(&root.path().join("w"), &text);
    let believing = Arc::new(authority.client(&[]));
    let mut client = Secure::connect(daemon.address(), &believing, "a.example").unwrap();
    client.send("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 10\r\n\r\nabc");
    client.send_raw(BROKEN);
    let log =
        raw_log(&daemon, "the end of the connection", |log| records(log, "SessClose").len() == 1);
    let why = "tls.failed:cannot decrypt peer's message";
    assert!(records(&log, "VCL_Log").contains(&why), "{log}");
    let begun = records(&log, "Link");
    let xid = begun.iter().find_map(|text| text.strip_prefix("req ")?.split(' ').next());
    let shown = trace(&root.path().join("w"), xid.expect("the request is linked"));
    assert!(shown.contains("TLS with the client broke"), "{shown}");
    assert!(shown.contains("The backend is not to blame."), "{shown}");
}

/// What `shellac trace XID` says, with one blank between words.
fn trace(workdir: &std::path::Path, xid: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_shellac"))
        .args(["trace", xid, "-n"])
        .arg(workdir)
        .stdin(Stdio::null())
        .output()
        .expect("shellac starts");
    String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ")
}
