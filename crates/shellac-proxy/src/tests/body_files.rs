//! Long request bodies: kept in files, or not where a disk fails, and never waited for.

use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use shellac_format::{Dialect, Tag};

use super::log::{PATIENCE, Transaction};
use super::origin::Origin;
use super::rig::{Rig, body, post};
use crate::bodies::{Bodies, Disk, Stored};

const DIALECT: Dialect = Dialect::V6_0;

/// A disk that does what a test says.
#[derive(Default)]
struct Fake {
    /// Bytes that a file takes before the disk is full; `None`: any.
    room: Option<usize>,
    /// Reading fails with this.
    unreadable: Option<i32>,
    /// Nothing is written as long as it is true.
    stuck: Mutex<bool>,
    freed: Condvar,
}

impl Fake {
    fn free(&self) {
        *self.stuck.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.freed.notify_all();
    }
}

struct FakeFile(Arc<Fake>, Vec<u8>);

/// What an engine is given.
struct OnFake(Arc<Fake>);

impl Disk for OnFake {
    fn create(&self, _: &Path) -> io::Result<Box<dyn Stored>> {
        Ok(Box::new(FakeFile(Arc::clone(&self.0), Vec::new())))
    }
}

impl Stored for FakeFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let stuck = self.0.stuck.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.0.freed.wait_while(stuck, |stuck| *stuck));
        if self.0.room.is_some_and(|room| self.1.len() + bytes.len() > room) {
            return Err(rustix::io::Errno::NOSPC.into());
        }
        self.1.extend_from_slice(bytes);
        Ok(())
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        if let Some(errno) = self.0.unreadable {
            return Err(io::Error::from_raw_os_error(errno));
        }
        let at = usize::try_from(at).unwrap();
        into.copy_from_slice(&self.1[at..at + into.len()]);
        Ok(())
    }
}

/// So many bytes, no two places alike.
fn data(len: usize) -> String {
    let mut text = String::with_capacity(len + 8);
    while text.len() < len {
        text.push_str(&format!("{:07} ", text.len()));
    }
    text.truncate(len);
    text
}

const RETRIED: &str =
    "[[route]]\npath = \"/\"\n[route.retry]\nmethods = [\"POST\"]\non = [\"eof_before_byte\"]\n";

fn settings(dir: &Path, more: &str) -> String {
    let dir = dir.display();
    format!(
        "[limits]\nidle_per_backend = 0\n[body]\nmemory = \"4K\"\nlimit = \"1M\"\ndir = \"{dir}\"\n{more}\n{RETRIED}"
    )
}

/// An origin that reads the first request on every other connection and says nothing, and answers the others.
fn forgetful() -> Origin {
    Origin::start(|number, mut connection| {
        if number % 2 == 1 {
            connection.request();
        } else {
            connection.serve();
        }
    })
}

fn attempts(all: &[Transaction]) -> Vec<&Transaction> {
    let mut attempts: Vec<_> = all.iter().filter(|one| one.kind() == "bereq").collect();
    attempts.sort_by_key(|one| one.xid());
    attempts
}

#[test]
fn a_body_longer_than_the_memory_is_sent_again_from_a_file_without_a_name() {
    let dir = tempfile::TempDir::new().unwrap();
    let origin = forgetful();
    let rig = Rig::start(DIALECT, origin.address, &settings(dir.path(), ""));
    for len in [4095, 4096, 4097, 70_000, 1 << 20] {
        let seen = origin.seen().len();
        let sent = data(len);
        let response = rig.exchange(post("/a", &sent));
        assert_eq!(body(&response), "answer", "{len}: {response}");
        let both = origin.seen().split_off(seen);
        assert_eq!(both.len(), 2);
        assert!(both.iter().all(|one| one.body == sent.as_bytes()), "{len}");
        assert_eq!(dir.path().read_dir().unwrap().count(), 0);
    }
    let all = rig.sessions(5);
    let attempts = attempts(&all);
    assert_eq!(attempts.len(), 10);
    assert!(attempts.iter().all(|one| one.note("fetch.replay") == Some("complete")));
}

#[test]
fn an_attempt_that_fails_half_way_is_followed_by_one_with_everything() {
    let dir = tempfile::TempDir::new().unwrap();
    let (begun, second) = std::sync::mpsc::channel();
    let origin = Origin::start(move |number, mut connection| {
        if number == 1 {
            connection.head();
            let mut got = 0;
            while got < 100_000 {
                connection.byte();
                got += 1;
            }
        } else {
            let _ = begun.send(());
            connection.serve();
        }
    });
    let on = RETRIED.replace("eof_before_byte", "eof_before_byte\", \"reset_before_byte");
    let settings = settings(dir.path(), "").replace(RETRIED, &on);
    let rig = Rig::start(DIALECT, origin.address, &settings);
    let sent = data(900_000);
    let mut client = rig.connect();
    client.send(
        "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
    );
    let chunk = |part: &str| format!("{:x}\r\n{part}\r\n", part.len());
    client.send(chunk(&sent[..300_000]));
    // The first attempt has failed and the second has begun before the rest comes.
    second.recv_timeout(PATIENCE).unwrap();
    client.send(chunk(&sent[300_000..]));
    client.send("0\r\n\r\n");
    assert_eq!(body(&client.rest()), "answer");
    let all = rig.sessions(1);
    let notes: Vec<_> = attempts(&all).iter().map(|one| one.note("fetch.replay")).collect();
    assert_eq!(notes, [Some("kept"), Some("complete")]);
    assert!(origin.seen().last().unwrap().body == sent.as_bytes());
}

#[test]
fn a_full_disk_costs_the_replay_and_nothing_else() {
    let fake = Arc::new(Fake { room: Some(100_000), ..Fake::default() });
    let origin = forgetful();
    let bodies = Bodies::on(Arc::new(OnFake(fake)));
    let rig =
        Rig::with_bodies(bodies, DIALECT, &[origin.address], &settings(Path::new("/none"), ""));
    let sent = data(1 << 20);
    let response = rig.exchange(post("/a", &sent));
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    assert!(origin.seen()[0].body == sent.as_bytes(), "it went on streaming");
    // The next one is answered at its first attempt.
    assert_eq!(body(&rig.exchange(post("/b", &sent))), "answer");
    let all = rig.sessions(2);
    let attempts = attempts(&all);
    assert_eq!(attempts.len(), 2);
    for attempt in &attempts {
        assert_eq!(attempt.note("fetch.replay"), Some("lost"));
        let lost = attempt.note("fetch.lost");
        assert_eq!(lost, Some("disk, errno 28 (No space left on device)"));
    }
    assert_eq!(attempts[0].note("fetch.retry"), Some("no body"));
}

#[test]
fn a_directory_that_is_not_there_costs_the_replay_and_nothing_else() {
    let dir = tempfile::TempDir::new().unwrap();
    let origin = forgetful();
    let gone = dir.path().join("gone");
    let rig = Rig::start(DIALECT, origin.address, &settings(&gone, ""));
    assert!(rig.exchange(post("/a", &data(300_000))).starts_with("HTTP/1.1 503 "));
    // What fits into memory needs no directory.
    assert!(rig.exchange(post("/b", &data(4000))).starts_with("HTTP/1.1 200 "));
    let all = rig.sessions(2);
    let first = attempts(&all)[0];
    assert_eq!(first.note("fetch.lost"), Some("disk, errno 2 (No such file or directory)"));
}

#[test]
fn all_files_together_have_a_limit_that_ends_with_the_requests() {
    let dir = tempfile::TempDir::new().unwrap();
    let origin = Origin::start(|_, mut connection| connection.serve());
    let settings = settings(dir.path(), "total = \"1M\"");
    let rig = Rig::start(DIALECT, origin.address, &settings);
    let sent = data(900_000);
    let mut first = rig.connect();
    first.send(format!(
        "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
        sent.len(),
        &sent[..800_000]
    ));
    // All of it but the end has come.
    rig.in_flight(|now| now.requests.iter().any(|one| one.bytes.from_client > 800_000));
    assert_eq!(body(&rig.exchange(post("/b", &sent))), "answer");
    first.send(&sent[800_000..]);
    assert_eq!(body(&first.rest()), "answer");
    let all = rig.sessions(2);
    let found = |name: &str| {
        let url = |one: &&&Transaction| one.texts(Tag::BereqUrl) == [name];
        *attempts(&all).iter().find(url).unwrap()
    };
    assert_eq!(found("/a").note("fetch.replay"), Some("complete"));
    assert_eq!(found("/b").note("fetch.lost"), Some("total"));
    assert_eq!(body(&rig.exchange(post("/c", &sent))), "answer");
    let all = rig.sessions(3);
    let third = attempts(&all)[2];
    assert_eq!(third.note("fetch.replay"), Some("complete"));
}

#[test]
fn a_disk_that_hangs_does_not_hold_a_body_up_but_another_attempt_waits_for_it() {
    let fake = Arc::new(Fake { stuck: Mutex::new(true), ..Fake::default() });
    let origin = forgetful();
    let bodies = Bodies::on(Arc::new(OnFake(Arc::clone(&fake))));
    let rig =
        Rig::with_bodies(bodies, DIALECT, &[origin.address], &settings(Path::new("/none"), ""));
    let sent = data(200_000);
    let mut client = rig.connect();
    client.send(post("/a", &sent));
    // The backend has all of it, and the disk nothing.
    let has_all = || origin.seen().first().is_some_and(|seen| seen.body == sent.as_bytes());
    rig.journal.wait(DIALECT, |_| has_all());
    fake.free();
    assert_eq!(body(&client.rest()), "answer");
    assert!(origin.seen()[1].body == sent.as_bytes());
}

#[test]
fn a_file_that_cannot_be_read_again_is_named_and_no_backend_is_blamed() {
    let fake = Arc::new(Fake { unreadable: Some(5), ..Fake::default() });
    let origin = forgetful();
    let bodies = Bodies::on(Arc::new(OnFake(fake)));
    let rig =
        Rig::with_bodies(bodies, DIALECT, &[origin.address], &settings(Path::new("/none"), ""));
    let response = rig.exchange(post("/a", &data(300_000)));
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    let all = rig.sessions(1);
    let second = attempts(&all)[1];
    assert_eq!(
        second.texts(Tag::FetchError),
        [
            "req.body read error: 5 (Input/output error)",
            "backend write error: 5 (Input/output error) (Error transaction"
        ]
    );
    assert_eq!(second.note("fetch.class"), Some("body_file"));
    // Whoever was asked the second time has seen no whole request.
    assert!(origin.seen().iter().skip(1).all(|one| one.body.is_empty()));
}
