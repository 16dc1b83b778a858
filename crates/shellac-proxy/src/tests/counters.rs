//! What is counted, against what really went over the wire.

use std::collections::HashMap;
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Instant;

use shellac_config::{Config, ParseOptions};
use shellac_counters::vsc::Counters;
use shellac_counters::vsc::table::{Health, Kind, Log, Main, Node, Vbe};
use shellac_format::Dialect;
use shellac_upstream::admin::{Entry, Mode, Pattern, Table};
use shellac_vsm::{AttachOptions, Attachment, MgtSet, PublishOptions};

use super::log::PATIENCE;
use super::origin::Origin;
use super::rig::{Client, Rig, body, get};
use crate::{Control, Listener, Temperature, Worker, WorkerOptions};

const DIALECT: Dialect = Dialect::V7_3;

/// Waits until `look` finds `wanted`.
#[allow(clippy::disallowed_methods, reason = "a test is a program: nobody hands it the time")]
fn wait_for<T: PartialEq + std::fmt::Debug>(wanted: T, mut look: impl FnMut() -> T) {
    let start = Instant::now();
    loop {
        let found = look();
        if found == wanted {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "found {found:?}, wanted {wanted:?}");
        std::thread::yield_now();
    }
}

impl Rig {
    /// Waits until the counters of the worker are these.
    pub(super) fn counts(&self, wanted: &[(Main, u64)]) {
        let main = self.counting.main();
        wait_for(wanted.to_vec(), || {
            wanted.iter().map(|(counter, _)| (*counter, main.get(0, *counter))).collect()
        });
    }

    /// Waits until the counters of a backend are these.
    pub(super) fn backend_counts(&self, backend: usize, wanted: &[(Vbe, u64)]) {
        let generation = self.engine.control().active();
        let published = generation.counters.published();
        wait_for(wanted.to_vec(), || {
            wanted.iter().map(|(counter, _)| (*counter, published.get(backend, *counter))).collect()
        });
    }
}

#[test]
fn requests_and_their_bytes_are_those_of_the_wire() {
    let origin = Origin::start(|_, mut connection| connection.serve());
    let rig = Rig::start(DIALECT, origin.address, "");
    let mut client = rig.connect();
    let mut sent = 0;
    let mut received = String::new();
    let data = "x".repeat(777);
    let keep = format!("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 777\r\n\r\n{data}");
    for _ in 0..9 {
        client.send(&keep);
        sent += keep.len();
        received.push_str(&client.until("answer"));
    }
    let last = get("/b");
    client.send(&last);
    sent += last.len();
    received.push_str(&client.rest());
    let (bodies, answers) = (9 * 777, 10 * "answer".len() as u64);
    rig.counts(&[
        (Main::SessConn, 1),
        (Main::SessClosed, 1),
        (Main::SessClosedErr, 0),
        (Main::ScReqClose, 1),
        (Main::NSess, 0),
        (Main::NReq, 0),
        (Main::ClientReq, 10),
        (Main::ClientReq400, 0),
        (Main::SPass, 10),
        (Main::SFetch, 10),
        (Main::SSynth, 0),
        (Main::Resp2xx, 10),
        (Main::BackendConn, 1),
        (Main::BackendReuse, 9),
        (Main::BackendRecycle, 10),
        (Main::BackendReq, 10),
        (Main::FetchLength, 10),
        (Main::FetchFailed, 0),
        (Main::SReqHdrbytes, sent as u64 - bodies),
        (Main::SReqBodybytes, bodies),
        (Main::SRespHdrbytes, received.len() as u64 - answers),
        (Main::SRespBodybytes, answers),
    ]);
    let heads: usize = origin.seen().iter().map(|seen| seen.head.len() + 4).sum();
    rig.backend_counts(
        0,
        &[
            (Vbe::Conn, 0),
            // It is kept.
            (Vbe::Sockets, 1),
            (Vbe::Req, 10),
            (Vbe::Open, 1),
            (Vbe::Reuse, 9),
            (Vbe::Beresp, 10),
            (Vbe::Beresp5xx, 0),
            (Vbe::BereqHdrbytes, heads as u64),
            (Vbe::BereqBodybytes, bodies),
            (Vbe::BerespBodybytes, answers),
            (Vbe::Fail, 0),
            (Vbe::FetchFailed, 0),
        ],
    );
    // What was written is counted where it is written.
    let records = rig.sessions(1).iter().map(|transaction| transaction.lines.len() as u64).sum();
    rig.counts(&[(Main::ShmRecords, records)]);
}

#[test]
fn failures_are_counted_where_they_belong() {
    let origin = Origin::start(|_, mut connection| connection.serve());
    let rig = Rig::with_backends(DIALECT, &[Origin::refusing(), origin.address], "");
    rig.exchange(get("/a"));
    rig.backend_counts(
        0,
        &[(Vbe::Fail, 1), (Vbe::FailEconnrefused, 1), (Vbe::FailOther, 0), (Vbe::FetchFailed, 1)],
    );
    rig.backend_counts(1, &[(Vbe::Fail, 0), (Vbe::Req, 1), (Vbe::FetchFailed, 0)]);
    // No HTTP, and a head that does not come to its end.
    rig.exchange("nonsense\r\n\r\n");
    rig.counts(&[
        (Main::BackendFail, 1),
        (Main::BackendConn, 1),
        (Main::FetchFailed, 1),
        (Main::Retry, 1),
        (Main::BackendRetry, 0),
        (Main::ClientReq, 1),
        (Main::ClientReq400, 1),
        (Main::Resp2xx, 1),
        (Main::Resp4xx, 1),
        (Main::ScRxJunk, 1),
        (Main::SessClosedErr, 1),
    ]);
}

#[test]
fn a_truncated_body_and_a_client_that_left_are_told_apart() {
    let (gone, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let origin = Origin::start(move |number, mut connection| {
        connection.request();
        connection.send("HTTP/1.1 500 Oh\r\nContent-Length: 10\r\n\r\n12345");
        if number == 2 {
            let _ = wait.lock().unwrap().recv();
        }
    });
    let rig = Rig::start(DIALECT, origin.address, "");
    assert!(rig.exchange(get("/a")).ends_with("12345"));
    let mut client = rig.connect();
    client.send(get("/b"));
    client.until("12345");
    rig.backend_counts(0, &[(Vbe::Conn, 1)]);
    drop(client);
    rig.backend_counts(
        0,
        &[
            (Vbe::Conn, 0),
            (Vbe::FetchFailed, 1),
            (Vbe::FetchClient, 1),
            (Vbe::Beresp5xx, 2),
            (Vbe::BerespBodybytes, 10),
        ],
    );
    rig.counts(&[
        (Main::FetchFailed, 1),
        (Main::RespFailed, 2),
        (Main::Resp5xx, 2),
        (Main::ClientResp500, 2),
        (Main::ScTxError, 1),
        (Main::ScRemClose, 1),
        (Main::SRespBodybytes, 10),
    ]);
    drop(gone);
}

#[test]
fn an_attempt_is_counted_from_before_it_connects() {
    // Nobody accepts, so that connections beyond the backlog hang.
    let full = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let any: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
    full.bind(&any.into()).unwrap();
    full.listen(0).unwrap();
    let address = full.local_addr().unwrap().as_socket().unwrap();
    let filler: Vec<_> = (0..4)
        .map(|_| {
            let socket =
                socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            let _ = socket.connect(&address.into());
            socket
        })
        .collect();
    let rig = Rig::start(DIALECT, address, "");
    let mut client = rig.connect();
    client.send(get("/a"));
    rig.backend_counts(0, &[(Vbe::Conn, 1), (Vbe::Sockets, 1), (Vbe::Open, 0), (Vbe::Req, 0)]);
    wait_for(1, || rig.counting.node().get(0, Node::PortsInUse));
    rig.counts(&[(Main::NReq, 1), (Main::NSess, 1)]);
    drop(client);
    rig.backend_counts(
        0,
        &[(Vbe::Conn, 0), (Vbe::Sockets, 0), (Vbe::FetchClient, 1), (Vbe::Fail, 0)],
    );
    wait_for(0, || rig.counting.node().get(0, Node::PortsInUse));
    rig.counts(&[(Main::NReq, 0), (Main::NSess, 0), (Main::ReqGone, 1)]);
    drop(filler);
}

#[test]
fn a_kept_connection_is_counted_where_it_is() {
    let origin = Origin::start(|_, mut connection| connection.serve());
    let rig = Rig::start(DIALECT, origin.address, "");
    rig.exchange(get("/a"));
    rig.backend_counts(0, &[(Vbe::Sockets, 1)]);
    let control = rig.engine.control();
    let before = control.active();
    let config = rig.config(&[("b0".to_owned(), origin.address)], "");
    control.load("next", config).unwrap();
    control.activate("next").unwrap();
    rig.backend_counts(0, &[(Vbe::Sockets, 1)]);
    wait_for(0, || before.counters.published().get(0, Vbe::Sockets));
    rig.exchange(get("/b"));
    rig.backend_counts(0, &[(Vbe::Sockets, 1), (Vbe::Reuse, 1), (Vbe::Open, 0)]);
}

#[test]
fn responses_name_their_node() {
    let origin = Origin::start(|_, mut connection| {
        while let Some(seen) = connection.request() {
            let (status, node) = match seen.head.split(' ').nth(1) {
                Some("/good") => (200, "n1"),
                Some("/bad") => (503, "n2"),
                Some("/cut") => (200, "n2"),
                _ => (200, "not a name"),
            };
            let length = if seen.head.contains("/cut") { 60 } else { 6 };
            connection.send(format!(
                "HTTP/1.1 {status} Text\r\nx-node: {node}\r\nContent-Length: {length}\r\n\r\nanswer"
            ));
            if length == 60 {
                return;
            }
        }
    });
    let pool = "[[pool]]\nname = \"p\"\nbackends = [\"b0\"]\nnode_header = \"X-Node\"\n";
    let rig = Rig::start(DIALECT, origin.address, pool);
    let looks = || rig.counting.health().get(0, Health::Windows);
    wait_for(true, || looks() > 0);
    let named = (1..=100).find_map(|round| {
        let before = looks();
        for path in ["/good", "/bad", "/good", "/else", "/cut"] {
            rig.exchange(get(path));
        }
        rig.backend_counts(0, &[(Vbe::First, 5 * round), (Vbe::FirstFailed, 2 * round)]);
        let named = rig.engine.control().active().named.take();
        // Else the control thread has had some of it, as it has every few seconds.
        (looks() == before).then_some(named)
    });
    let named = named.expect("some round is not disturbed");
    let found: Vec<_> =
        named.iter().map(|((at, node), it)| (*at, &**node, it.attempts, it.failures)).collect();
    assert_eq!(found, [(0, "n1", 2, 0), (0, "n2", 2, 2)]);
}

/// Everything that a reader of the directory sees.
fn read(attachment: &mut Attachment, counters: &mut Counters) -> HashMap<String, u64> {
    attachment.refresh();
    counters.refresh(attachment);
    assert_eq!(counters.problems(), Vec::<String>::new());
    counters.values().into_iter().map(|counter| (counter.name, counter.value)).collect()
}

/// A worker that publishes in `workdir`, and where it listens.
fn worker(workdir: &Path, config: &str) -> (Worker, std::net::SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
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
    let listener = Listener {
        name: "main".to_owned(),
        address: address.into(),
        sockets: vec![listener.into()],
    };
    (Worker::start(parse(config), vec![listener], options).unwrap(), address)
}

fn parse(config: &str) -> Arc<Config> {
    let text = format!("[log]\nsize = \"1M\"\n[[listen]]\naddress = \"127.0.0.1:1\"\n{config}");
    Arc::new(Config::parse_with(&text, "test", ParseOptions { allow_small: true }).unwrap())
}

#[test]
fn sets_come_and_go_with_their_configurations() {
    let origin = Origin::start(|_, mut connection| connection.serve());
    let backend =
        |name: &str| format!("[[backend]]\nname = \"{name}\"\naddress = \"{}\"\n", origin.address);
    let workdir = tempfile::tempdir().unwrap();
    let mut mgt = MgtSet::create(workdir.path(), &PublishOptions::own(1)).unwrap();
    mgt.add_identity("test", "7.3-8.0", "0").unwrap();
    mgt.publish().unwrap();
    let (worker, address) = worker(workdir.path(), &backend("a"));
    let mut attachment = Attachment::open(workdir.path(), AttachOptions::default()).unwrap();
    let mut counters = Counters::new();
    let mut look = || read(&mut attachment, &mut counters);
    let rows = Main::ROWS.len() + Log::ROWS.len() + Node::ROWS.len() + Health::ROWS.len();
    assert_eq!(look().len(), rows + Vbe::ROWS.len());
    let ask = || body(&fetch(address)).to_owned();
    assert_eq!(ask(), "answer");
    wait_for(1, || look()["VBE.boot.a.req"]);
    // It may have been published while the answer was still to come.
    wait_for(1, || look()["VBE.boot.a.first"]);
    assert_eq!(look()["VBE.boot.a.first_failed"], 0);
    wait_for(1, || look()["VBE.boot.a.active"]);

    let control: Control = worker.control();
    let loaded = control.load("next", parse(&format!("{}{}", backend("a"), backend("b")))).unwrap();
    assert_eq!(loaded.uncounted, None);
    wait_for(rows + 3 * Vbe::ROWS.len(), || look().len());
    wait_for((2, 3), || (look()["MAIN.n_vcl"], look()["MAIN.n_backend"]));
    control.activate("next").unwrap();
    wait_for(true, || {
        let before = look()["VBE.next.a.req"] + look()["VBE.next.b.req"];
        ask() == "answer" && before > 0
    });
    wait_for((0, 1), || (look()["VBE.boot.a.active"], look()["VBE.next.b.active"]));
    control.set_temperature("boot", Temperature::Cold).unwrap();
    wait_for(false, || look().contains_key("VBE.boot.a.req"));
    control.set_temperature("boot", Temperature::Warm).unwrap();
    wait_for(true, || look().contains_key("VBE.boot.a.req"));
    control.discard("boot").unwrap();
    wait_for(rows + 2 * Vbe::ROWS.len(), || look().len());
    let index = workdir.path().join("_.vsm_child/_.index");
    wait_for(0, || {
        let text = std::fs::read_to_string(&index).unwrap();
        let lines = |sign| {
            text.lines().filter(|line| line.starts_with(sign) && line.contains("VBE.boot")).count()
        };
        lines('+') - lines('-')
    });
    wait_for(1, || look()["MAIN.n_vcl"]);
    // Every sum is in place when the worker has ended.
    let ring = worker.ring_stats().batches;
    wait_for(true, || look()["LOG.batches"] >= ring && look()["MAIN.shm_writes"] >= ring);
    drop(control);
    worker.drain(PATIENCE).unwrap();
    assert!(!workdir.path().join("_.vsm_child").exists());
}

fn fetch(address: std::net::SocketAddr) -> String {
    let mut client = Client::connect(address);
    client.send(get("/a"));
    client.rest()
}

#[test]
fn a_handle_does_not_keep_the_directory() {
    let origin = Origin::start(|_, mut connection| connection.serve());
    let workdir = tempfile::tempdir().unwrap();
    let config = format!("[[backend]]\nname = \"a\"\naddress = \"{}\"\n", origin.address);
    let (worker, address) = worker(workdir.path(), &config);
    assert!(fetch(address).starts_with("HTTP/1.1 200"));
    let control = worker.control();
    drop(worker);
    assert!(!workdir.path().join("_.vsm_child").exists());
    drop(control);
}

#[test]
fn backends_that_cannot_be_chosen_are_counted_with_the_reason() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let origin = Origin::start(move |_, mut connection| {
        connection.request();
        let _ = wait.lock().unwrap().recv();
        connection.respond(200, "answer");
    });
    let rig = Rig::with_backends(DIALECT, &[origin.address], "");
    let control = rig.engine.control();
    let pattern = Pattern::parse("b0").unwrap();
    let (author, reason) = ("ann".to_owned(), "disk".to_owned());
    let mut table = Table::default();
    table.set(Entry { pattern, mode: Mode::Drain, author, reason, since: 1, ttl: None }).unwrap();
    control.apply(table);
    rig.backend_counts(0, &[(Vbe::Drained, 1), (Vbe::Unhealthy, 0), (Vbe::Conn, 0)]);
    assert!(rig.exchange(get("/a")).starts_with("HTTP/1.1 503 "));
    rig.backend_counts(0, &[(Vbe::Unhealthy, 1), (Vbe::Busy, 0), (Vbe::Fail, 0)]);
    rig.counts(&[(Main::BackendUnhealthy, 1), (Main::BackendBusy, 0), (Main::FetchFailed, 1)]);
    control.apply(Table::default());
    rig.backend_counts(0, &[(Vbe::Drained, 0)]);
    let mut client = rig.connect();
    client.send(get("/b"));
    rig.backend_counts(0, &[(Vbe::Conn, 1)]);
    go.send(()).unwrap();
    assert_eq!(body(&client.rest()), "answer");
    rig.backend_counts(0, &[(Vbe::Conn, 0), (Vbe::Req, 1)]);
}
