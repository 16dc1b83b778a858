//! A client that wants to agree anew on a connection of TLS 1.2, which is a way of making work for others: it is refused, its connection
//! ends with a line in the log, and nobody else's does.

use std::io::Write;
use std::process::{Command, Stdio};

use super::certificates::Authority;
use super::{config, listen, raw_log, records};
use crate::support::daemon::Daemon;
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, ok};
use crate::support::said::Said;
use crate::support::skip::skipped;

#[test]
fn a_client_that_wants_to_agree_anew_is_refused() {
    let Ok(version) = Command::new("openssl").arg("version").output() else {
        return skipped("openssl is not installed");
    };
    let authority = Authority::new();
    let issued = authority.issue("a", &["a.example"]);
    let origin = Origin::start(|asked| vec![ok(&format!("this is {}\n", asked.target))]);
    let root = tempfile::tempdir().unwrap();
    let text = config(&listen(&[&issued]), origin.address(), "dialect = \"9.0-vs\"\n");
    let daemon = Daemon::start(&root.path().join("w"), &text);
    let start = || {
        let mut child = Command::new("openssl")
            .args(["s_client", "-tls1_2", "-connect", &daemon.address().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let said = Said::by("openssl", child.stdout.take().expect("a pipe"));
        let complaints = Said::by("openssl", child.stderr.take().expect("a pipe"));
        (child, said, complaints)
    };
    let (mut other, mut other_said, _complaints) = start();
    let (mut child, mut said, mut complaints) = start();
    let mut stdin = child.stdin.take().expect("a pipe");
    let ask = |mut to: &std::process::ChildStdin, said: &mut Said, target: &str| {
        write!(to, "GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").expect("openssl reads");
        said.wait_for_line(&format!("this is {target}"));
    };
    ask(&stdin, &mut said, "/1");
    let other_stdin = other.stdin.take().expect("a pipe");
    ask(&other_stdin, &mut other_said, "/2");

    // A line that begins so, where openssl reads no more than that, is a command.
    stdin.write_all(b"R\n").expect("openssl reads");
    complaints.wait_for_line("RENEGOTIATING");
    complaints.wait_for_line("no renegotiation");
    let status = Deadline::generous()
        .wait_for("the end of openssl", || child.try_wait().expect("it is our child"));
    assert!(!status.success(), "{version:?}");
    let log = raw_log(&daemon, "the end", |log| !records(log, "SessClose").is_empty());
    let failed = records(&log, "TLS").into_iter().filter(|text| text.starts_with("failed "));
    assert_eq!(failed.count(), 1, "{log}");
    assert!(records(&log, "SessClose")[0].starts_with("RX_JUNK "), "{log}");

    ask(&other_stdin, &mut other_said, "/3");
    drop(other_stdin);
    Deadline::generous().wait_for("the end of the other", || other.try_wait().expect("our child"));
    assert_eq!(origin.wait_finished(3).len(), 3);
}
