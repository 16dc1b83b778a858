//! Who gets in, and what those can do who do not behave.

use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use shellac_admin::{AnswerReader, Challenge, response};

use super::raw::{Raw, place};
use super::{adm, done};
use crate::support::daemon::Daemon;
use crate::support::deadline::Deadline;

struct Place {
    _daemon: Daemon,
    address: SocketAddr,
    secret: Vec<u8>,
    workdir: PathBuf,
}

fn start(root: &Path, more: &str) -> Place {
    let workdir = root.join("w");
    let daemon = Daemon::start(&workdir, &Daemon::config("127.0.0.1:9".parse().unwrap(), more));
    let (address, secret) = place(&workdir);
    Place { _daemon: daemon, address, secret, workdir }
}

#[test]
fn only_those_who_know_the_secret_get_in() {
    let root = tempfile::tempdir().unwrap();
    let place = start(root.path(), "");
    let file = place.workdir.join("_.secret");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let mut raw = Raw::open(place.address);
    assert_eq!(raw.login(&place.secret), Some(200));
    raw.send(b"status\n");
    assert_eq!(raw.answer().unwrap().text(), "Child in state running");

    let mut raw = Raw::open(place.address);
    assert_eq!((raw.login(b"wrong"), raw.code()), (Some(500), None));
    // An answer to a challenge is good for no other.
    let challenge = {
        let greeting = Raw::open(place.address).answer().unwrap();
        Challenge::from_greeting(&greeting.body).unwrap()
    };
    let mut raw = Raw::open(place.address);
    assert_eq!(raw.code(), Some(107));
    raw.send(format!("auth {}\n", response(&challenge, &place.secret)).as_bytes());
    assert_eq!((raw.code(), raw.code()), (Some(500), None));

    for (line, codes) in [
        ("status\n", [Some(101), None]),
        ("backend.list\n", [Some(101), None]),
        ("ping\nstop\n", [Some(200), Some(101)]),
        ("auth\n", [Some(104), None]),
        ("ping \"\n", [Some(100), None]),
        ("quit\n", [Some(500), None]),
    ] {
        let mut raw = Raw::open(place.address);
        assert_eq!(raw.code(), Some(107));
        raw.send(line.as_bytes());
        assert_eq!([raw.code(), raw.code()], codes, "{line:?}");
    }
    assert_eq!(done(&place.workdir, &["status"]), "Child in state running");

    // Another content of the file counts at once.
    std::fs::write(&file, "changed\n").unwrap();
    assert_eq!(Raw::open(place.address).login(&place.secret), Some(500));
    assert_eq!(Raw::open(place.address).login(b"changed\n"), Some(200));
}

#[test]
fn a_secret_of_ones_own_none_at_all_and_a_socket() {
    let root = tempfile::tempdir().unwrap();
    let own = root.path().join("own");
    std::fs::write(&own, "mine").unwrap();
    let socket = root.path().join("adm.sock");
    let more = format!(
        "[admin]\nsecret = '{}'\nlisten = ['127.0.0.1:0', '{}']\n",
        own.display(),
        socket.display()
    );
    let place = start(root.path(), &more);
    assert_eq!(place.secret, b"mine");
    assert!(!place.workdir.join("_.secret").exists());
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    let mut raw =
        Raw { stream: UnixStream::connect(&socket).unwrap(), reader: AnswerReader::new(1 << 20) };
    assert_eq!(raw.login(b"mine"), Some(200));
    let (socket_text, own_text) = (socket.to_str().unwrap(), own.to_str().unwrap());
    let output = adm(&["-T", socket_text, "-S", own_text, "ping"]);
    assert!(output.status.success() && output.stdout.starts_with(b"PONG"), "{output:?}");
    let output = adm(&["-T", socket_text, "ping"]);
    assert_eq!(
        (output.status.code(), &output.stderr[..]),
        (Some(2), &b"Authentication required\n"[..])
    );
    drop(place);

    let place = start(root.path(), "[admin]\nsecret = 'none'\n");
    let mut raw = Raw::open(place.address);
    assert!(raw.answer().unwrap().text().contains("Shellac CLI"));
    raw.send(b"status\n");
    assert_eq!(raw.code(), Some(200));
    assert_eq!(done(&place.workdir, &["status"]), "Child in state running");
    drop(place);

    let workdir = root.path().join("off");
    let config = Daemon::config("127.0.0.1:9".parse().unwrap(), "[admin]\nlisten = []\n");
    let _daemon = Daemon::start(&workdir, &config);
    let output = super::ask(&workdir, &["ping"]);
    assert_eq!(
        (output.status.code(), &output.stderr[..]),
        (Some(2), &b"No -T in shared memory\n"[..])
    );
}

#[test]
fn those_who_do_not_behave_hold_nobody_up() {
    let root = tempfile::tempdir().unwrap();
    let place = start(root.path(), "");
    let works = || assert_eq!(done(&place.workdir, &["status"]), "Child in state running");

    // Long lines, half lines, bytes that are no text, before and behind the login.
    let mut long = Raw::open(place.address);
    long.send(&[b'x'; 1 << 20]);
    assert_eq!((long.code(), long.code()), (Some(107), Some(101)));
    let mut half = Raw::open(place.address);
    half.send(b"auth 0123");
    let mut binary = Raw::open(place.address);
    binary.send(b"\0\xff\xfe\x80\n");
    assert_eq!((binary.code(), binary.code(), binary.code()), (Some(107), Some(100), None));
    let mut known = Raw::open(place.address);
    assert_eq!(known.login(&place.secret), Some(200));
    known.send(b"\xff\xff\nping \"a\nsta");
    assert_eq!((known.code(), known.code()), (Some(100), Some(100)));
    works();
    known.send(b"tus\n");
    assert_eq!(known.code(), Some(200));
    known.send(b"vcl.inline x << EOF\n");
    for _ in 0..10 {
        known.send(&[b'x'; 1 << 20]);
    }
    assert_eq!((known.code(), known.code()), (Some(500), None));

    // Many strangers: the oldest make room, and somebody who knows the secret gets in.
    let mut strangers: Vec<_> = (0..100).map(|_| Raw::open(place.address)).collect();
    works();
    let mut ended = 0;
    for stranger in &mut strangers {
        stranger.send(b"ping\n");
        let alive = loop {
            match stranger.code() {
                Some(200) => break true,
                Some(code) => assert_eq!(code, 107),
                None => break false,
            }
        };
        ended += usize::from(!alive);
        if ended > 50 {
            break;
        }
    }
    assert!(ended > 50, "only {ended} had to make room");
    drop(strangers);

    // One who asks and never listens is not waited for.
    let mut deaf = Raw::open(place.address);
    assert_eq!(deaf.login(&place.secret), Some(200));
    deaf.stream.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    while deaf.stream.write_all(&b"help -j\n".repeat(1000)).is_ok() {}
    works();

    // As many as there may be, all of whom know the secret: one more is turned away, and comes in when another has left.
    drop((deaf, half));
    let mut known = Vec::new();
    Deadline::generous().wait_for("a full house", || {
        let mut raw = Raw::open(place.address);
        match raw.answer() {
            None => Some(()),
            Some(greeting) => {
                let challenge = Challenge::from_greeting(&greeting.body).unwrap();
                raw.send(format!("auth {}\n", response(&challenge, &place.secret)).as_bytes());
                assert_eq!(raw.code(), Some(200));
                known.push(raw);
                None
            }
        }
    });
    assert!((60..=64).contains(&known.len()), "{}", known.len());
    drop(known);
    Deadline::generous().wait_for("room", || {
        let output = super::ask(&place.workdir, &["ping"]);
        output.status.success().then_some(())
    });
}
