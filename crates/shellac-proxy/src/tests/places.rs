//! Backends at paths, and backends that are told who the client is.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use shellac_format::{Dialect, Tag};

use super::log::{PATIENCE, Transaction};
use super::rig::{Rig, get};

const DIALECT: Dialect = Dialect::V7_3;

/// Answers `count` connections at `path` with what comes, one request each unless the other side goes on; tells everything that
/// came on each.
fn answering(path: &Path, count: usize) -> mpsc::Receiver<String> {
    let listener = UnixListener::bind(path).unwrap();
    let (told, all) = mpsc::channel();
    thread::spawn(move || {
        for _ in 0..count {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut came = Vec::new();
            let mut block = [0; 4096];
            loop {
                let count = stream.read(&mut block).unwrap_or(0);
                if count == 0 {
                    break;
                }
                came.extend_from_slice(&block[..count]);
                if came.ends_with(b"\r\n\r\n") && stream.write_all(ANSWER).is_err() {
                    break;
                }
            }
            if told.send(String::from_utf8_lossy(&came).into_owned()).is_err() {
                return;
            }
        }
    });
    all
}

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nanswer";

/// A rig whose only backend, `u`, is at `path`.
fn at(path: &Path, more: &str, settings: &str) -> Rig {
    let text =
        format!("[[backend]]\nname = \"u\"\naddress = \"{}\"\n{more}\n{settings}", path.display());
    Rig::with_backends(DIALECT, &[], &text)
}

fn attempts(rig: &Rig, sessions: usize) -> Vec<Transaction> {
    rig.sessions(sessions).into_iter().filter(|one| one.kind() == "bereq").collect()
}

fn without_fd(text: &str) -> &str {
    text.split_once(' ').unwrap().1
}

#[test]
fn a_backend_may_be_at_a_path() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let all = answering(&path, 1);
    let rig = at(&path, "", "");
    // Kept and used again, as any other.
    for _ in 0..2 {
        assert!(rig.exchange(get("/a")).ends_with("answer"));
    }
    let attempts = attempts(&rig, 2);
    let opened: Vec<&str> =
        attempts.iter().map(|one| without_fd(one.texts(Tag::BackendOpen)[0])).collect();
    assert_eq!(opened, ["u 0.0.0.0 0 0.0.0.0 0 connect", "u 0.0.0.0 0 0.0.0.0 0 reuse"]);
    drop(rig);
    assert_eq!(all.recv().unwrap().matches("GET /a ").count(), 2);
}

#[test]
fn a_path_at_which_nobody_is() {
    let directory = tempfile::tempdir().unwrap();
    let nothing = directory.path().join("nothing");
    let dead = directory.path().join("dead");
    drop(UnixListener::bind(&dead).unwrap());
    for (path, error) in [
        (nothing, "backend u: fail errno 2 (No such file or directory)"),
        (dead, "backend u: fail errno 111 (Connection refused)"),
    ] {
        let rig = at(&path, "", "[[route]]\n[route.retry]\nmax = 0\n");
        assert!(rig.exchange(get("/a")).starts_with("HTTP/1.1 503 "));
        let attempts = attempts(&rig, 1);
        assert_eq!(attempts[0].texts(Tag::FetchError), [error]);
        assert_eq!(attempts[0].note("fetch.class"), Some("refused"));
        assert_eq!(attempts[0].note("fetch.addr"), None);
    }
}

#[test]
fn a_backend_is_told_who_the_client_is() {
    let directory = tempfile::tempdir().unwrap();
    for version in ["v1", "v2"] {
        let path = directory.path().join(version);
        let all = answering(&path, 2);
        let rig = at(&path, &format!("send_proxy = \"{version}\""), "");
        let mut ports = Vec::new();
        for _ in 0..2 {
            let mut client = rig.connect();
            ports.push(client.stream.local_addr().unwrap().port());
            client.send(get("/a"));
            assert!(client.rest().ends_with("answer"));
        }
        // A connection is one client's, so none is used again.
        for (came, port) in all.iter().zip(ports) {
            let server = rig.address.port();
            if version == "v1" {
                let line = format!("PROXY TCP4 127.0.0.1 127.0.0.1 {port} {server}\r\nGET /a ");
                assert!(came.starts_with(&line), "{came:?}");
            } else {
                assert!(came.starts_with("\r\n\r\n\0\r\nQUIT\n!\x11\0\x0c"), "{came:?}");
            }
            assert_eq!(came.matches("GET /a ").count(), 1);
        }
        for attempt in attempts(&rig, 2) {
            assert!(attempt.texts(Tag::BackendOpen)[0].ends_with(" connect"));
            assert_eq!(without_fd(attempt.texts(Tag::BackendClose)[0]), "u close RESP_CLOSE");
        }
    }
}

#[test]
fn probes_speak_for_themselves() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let all = answering(&path, 1);
    let probe = "[[probe]]\nname = \"web\"\nurl = \"/alive\"\ninterval = \"20s\"\n";
    let rig = at(&path, "probe = \"web\"\nsend_proxy = \"v1\"", probe);
    let came = all.recv_timeout(PATIENCE).unwrap();
    assert!(
        came.starts_with("PROXY UNKNOWN\r\nGET /alive HTTP/1.1\r\nHost: localhost\r\n"),
        "{came}"
    );
    rig.journal.wait_loose(DIALECT, |line| {
        line.tag == Tag::BackendHealth && line.text.contains("--U-X-RH")
    });
}
