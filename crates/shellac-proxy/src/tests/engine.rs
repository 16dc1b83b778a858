//! Engines as a whole: draining, several threads, a log in shared memory.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use shellac_config::{Config, ParseOptions};
use shellac_format::{Dialect, Records, Tag};
use shellac_ring::{Cursor, Next, Start};
use shellac_sys::{LogView, MappedFile};
use shellac_vsm::map_retired;

use super::log::PATIENCE;
use super::origin::Origin;
use super::rig::{Client, Rig, body, get};
use crate::engine::{Engine, EngineLog, EngineOptions};
use crate::log::LogSink;
use crate::{Counting, Listener, Worker, WorkerOptions};

const DIALECT: Dialect = Dialect::V7_3;

#[test]
fn draining_lets_a_request_come_to_its_end() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let origin = Origin::start(move |_, mut connection| {
        connection.request();
        wait.lock().unwrap().recv().unwrap();
        connection.respond(200, "answer");
    });
    let mut rig = Rig::start(DIALECT, origin.address, "");
    let mut idle = rig.connect();
    idle.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    go.send(()).unwrap();
    idle.until("answer");
    let mut busy = rig.connect();
    busy.send("GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
    rig.journal.wait(DIALECT, |_| origin.seen().len() == 2);

    // Too short for the busy one; the idle one is gone at once.
    assert!(!rig.engine.drain(Duration::from_millis(200)));
    assert_eq!(idle.rest(), "");
    assert_eq!(rig.engine.running(), 1);
    go.send(()).unwrap();
    let response = busy.rest();
    assert!(response.starts_with("HTTP/1.1 200 ") && body(&response) == "answer", "{response}");
    assert!(response.contains("\r\nConnection: close\r\n"), "the client is told: {response}");
    assert!(rig.engine.drain(PATIENCE));
    assert_eq!(rig.engine.running(), 0);
    assert!(rig.journal.transactions(DIALECT).iter().all(super::log::Transaction::has_ended));
}

#[test]
fn endpoints_count_what_happens() {
    let origin = Origin::start(|_, mut connection| connection.serve());
    let rig = Rig::with_backends(DIALECT, &[Origin::refusing(), origin.address], "");
    rig.exchange(get("/a"));
    rig.sessions(1);
    let [refusing, healthy] = &rig.engine.endpoints()[..] else { panic!() };
    assert_eq!((refusing.attempts(), refusing.failures()), (1, 1));
    assert_eq!((healthy.attempts(), healthy.failures(), healthy.in_flight()), (1, 0, 0));
}

/// A log that takes everything, and panics in its next sweep once it is told to.
#[derive(Clone, Debug, Default)]
struct Bomb(Arc<AtomicBool>);

impl LogSink for Bomb {
    fn publish(&mut self, _: &[u8]) {}

    fn sweep(&mut self) {
        assert!(!self.0.load(Ordering::Relaxed), "told to");
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test is a program: nobody hands it the time")]
fn a_thread_that_panics_is_missed() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let text = format!(
        "[[listen]]\naddress = \"{address}\"\n[[backend]]\nname = \"b0\"\naddress = \"{}\"\n",
        Origin::refusing()
    );
    let config = Config::parse_with(&text, "test", ParseOptions::default()).unwrap();
    let bombs: [Bomb; 3] = Default::default();
    let [control, first, second] = bombs.clone();
    let log = EngineLog {
        dialect: DIALECT,
        control: Box::new(control),
        serving: vec![Box::new(first), Box::new(second)],
        seats: Vec::new(),
        ring: None,
        counting: Counting::default(),
    };
    let listener =
        Listener { name: "main".to_owned(), address: address.into(), sockets: vec![socket.into()] };
    let options = EngineOptions {
        instance: "test".to_owned(),
        xid_base: 1000,
        inherited: crate::Inherited::default(),
    };
    let mut engine = Engine::start(Arc::new(config), vec![listener], log, options).unwrap();
    let mut until = |wanted: (usize, bool)| {
        let start = Instant::now();
        while (engine.running(), engine.is_looked_after()) != wanted {
            assert!(start.elapsed() < PATIENCE, "{} threads serve", engine.running());
            std::thread::yield_now();
        }
    };
    until((2, true));
    bombs[1].0.store(true, Ordering::Relaxed);
    until((1, true));
    bombs[0].0.store(true, Ordering::Relaxed);
    until((1, false));
    assert!(engine.drain(PATIENCE), "the other one goes on");
    assert_eq!(engine.running(), 0);
}

/// A worker with two threads on one address, its log in a directory.
fn worker(origin: &Origin, workdir: &std::path::Path) -> (Worker, std::net::SocketAddr) {
    let first = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = first.local_addr().unwrap();
    let text = format!(
        "[log]\nsize = \"1M\"\n[[listen]]\naddress = \"{address}\"\n[[backend]]\nname = \"b0\"\naddress = \"{}\"\n",
        origin.address
    );
    let config = Config::parse_with(&text, "test", ParseOptions { allow_small: true }).unwrap();
    let options = WorkerOptions {
        workdir: workdir.to_owned(),
        gid: None,
        instance: "test".to_owned(),
        threads: 2,
        inherited: crate::Inherited::default(),
        xid_base: 1 << 40,
        holds_lock: false,
        before: Vec::new(),
    };
    let listener =
        Listener { name: "main".to_owned(), address: address.into(), sockets: vec![first.into()] };
    (Worker::start(Arc::new(config), vec![listener], options).unwrap(), address)
}

#[test]
fn a_worker_that_cuts_requests_short_leaves_its_log() {
    let (arrives, arrived) = std::sync::mpsc::channel();
    let arrives = std::sync::Mutex::new(arrives);
    let origin = Origin::start(move |_, mut connection| {
        connection.head();
        arrives.lock().unwrap().send(()).unwrap();
        connection.wait_for_end();
    });
    let workdir = tempfile::tempdir().unwrap();
    let (worker, address) = worker(&origin, workdir.path());
    let mut client = Client { stream: std::net::TcpStream::connect(address).unwrap() };
    client.send(get("/a"));
    arrived.recv_timeout(PATIENCE).expect("the request at its backend");
    worker.drain(Duration::from_millis(1)).unwrap();
    let file = map_retired(&workdir.path().join("_.vsm_child"), "Log", "Log").unwrap().unwrap();
    let mut cursor =
        Cursor::open(LogView::open(file).unwrap(), DIALECT.layout(), Start::Head).unwrap();
    let (mut cut, mut unit) = (0, Vec::new());
    while cursor.next(&mut unit).unwrap() == Next::Batch {
        let records = Records::new(DIALECT.layout(), &unit).map(Result::unwrap);
        cut += records
            .filter(|record| record.tag(DIALECT) == Some(Tag::Error))
            .filter(|record| record.text() == b"shellac: transaction cut short")
            .count();
    }
    assert_eq!(cut, 3, "the connection, its request and its attempt");
}

#[test]
fn a_worker_publishes_a_log_that_can_be_followed() {
    let origin = Origin::start(|_, mut connection| connection.serve());
    let workdir = tempfile::tempdir().unwrap();
    let (mut worker, address) = worker(&origin, workdir.path());
    assert_eq!(worker.engine().running(), 2);

    let child = workdir.path().join("_.vsm_child");
    let index = std::fs::read_to_string(child.join("_.index")).unwrap();
    let line: Vec<&str> = index.lines().nth(1).unwrap().split(' ').collect();
    assert_eq!(line[4..], ["Log", "Log"]);
    let len = line[3].parse().unwrap();
    let file = MappedFile::open(&child.join(line[1]), 0, len).unwrap();
    let mut cursor =
        Cursor::open(LogView::open(file).unwrap(), DIALECT.layout(), Start::Head).unwrap();

    for _ in 0..20 {
        let stream = std::net::TcpStream::connect(address).unwrap();
        let mut client = Client { stream };
        client.send(get("/a"));
        assert_eq!(body(&client.rest()), "answer");
    }
    worker.drain(PATIENCE).unwrap();
    assert!(!child.exists(), "the log is taken away");

    let (mut begun, mut ended) = (Vec::new(), 0);
    let mut unit = Vec::new();
    while cursor.next(&mut unit).unwrap() == Next::Batch {
        for record in Records::new(DIALECT.layout(), &unit) {
            let record = record.unwrap();
            match record.tag(DIALECT) {
                Some(Tag::Begin) => begun.push(record.vxid.0),
                Some(Tag::End) => ended += 1,
                _ => {}
            }
        }
    }
    assert_eq!((begun.len(), ended), (60, 60));
    begun.sort_unstable();
    begun.dedup();
    assert_eq!(begun.len(), 60, "no number twice");
}
