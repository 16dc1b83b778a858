//! What is told a running proxy about its backends, and what it says about them.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use shellac_counters::live::Phase;
use shellac_format::{Dialect, Tag};
use shellac_upstream::admin::{Entry, Mode, Pattern, Scope, Table};

use super::generations::{named, settle};
use super::log::PATIENCE;
use super::origin::Origin;
use super::rig::{Rig, body, get};
use crate::{BackendLoad, Control};

const DIALECT: Dialect = Dialect::V7_3;

fn order(pattern: &str, mode: Mode, since: u64, ttl: Option<u64>) -> Table {
    let mut table = Table::default();
    let pattern = Pattern::parse(pattern).unwrap();
    let (author, reason) = ("ann".to_owned(), "disk".to_owned());
    table.set(Entry { pattern, mode, author, reason, since, ttl }).unwrap();
    table
}

/// What runs at one backend, once that is as wanted.
#[allow(clippy::disallowed_methods, reason = "a test is a program: nobody hands it the time")]
fn load(control: &Control, name: &str, wanted: impl Fn(&BackendLoad) -> bool) -> BackendLoad {
    let start = Instant::now();
    loop {
        let mut loads =
            control.in_flight(|subject| subject.config == "boot" && subject.name == name);
        assert_eq!(loads.len(), 1, "{loads:?}");
        if wanted(&loads[0]) {
            return loads.remove(0);
        }
        assert!(start.elapsed() < PATIENCE, "{loads:#?}");
        std::thread::yield_now();
    }
}

/// An address that takes no connection: its queue is full.
fn mute() -> (TcpListener, Vec<TcpStream>, SocketAddr) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    socket.listen(0).unwrap();
    let listener = TcpListener::from(socket);
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        queue.push(stream);
    }
    (listener, queue, address)
}

#[test]
fn a_drained_backend_gets_nothing_new_and_what_runs_is_counted_to_its_end() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let slow = Origin::start(move |_, mut connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
        wait.lock().unwrap().recv().unwrap();
        connection.send("half");
        connection.wait_for_end();
    });
    let other = Origin::start(|_, mut connection| connection.serve());
    let rig = Rig::with_backends(DIALECT, &[slow.address, other.address], "");
    let control = rig.engine.control();
    let mut open = rig.connect();
    open.send("GET /open HTTP/1.1\r\nHost: x\r\n\r\n");
    open.until("half");

    control.apply(order("b0", Mode::Drain, 1, None));
    settle(&control);
    let busy = load(&control, "b0", |load| load.phases.contains_key(&Phase::Body));
    assert_eq!((busy.in_flight, busy.idle, busy.phases[&Phase::Body]), (1, 0, 1));
    let [request] = &busy.requests[..] else { panic!("{busy:?}") };
    assert_eq!(request.request, b"GET /open");
    assert_eq!(request.client, Some(open.stream.local_addr().unwrap()));
    for _ in 0..6 {
        assert_eq!(body(&rig.exchange(get("/new"))), "answer");
    }
    assert_eq!(slow.seen().len(), 1);

    // What is loaded now inherits the order.
    control.load("next", rig.config(&named("b0", slow.address), "")).unwrap();
    let next = control.backends(|subject| subject.config == "next");
    assert_eq!((next[0].admin, next[0].healthy), (Mode::Drain, false));
    assert_eq!(next[0].order.as_ref().unwrap().reason, "disk");

    go.send(()).unwrap();
    open.until("half");
    let idle = load(&control, "b0", |load| load.in_flight == 0).idle;
    assert_eq!(idle, 0, "its connection is closed after its request");
    rig.journal.wait_loose(DIALECT, |line| {
        line.tag == Tag::Notice && line.text == "backend: boot.b0 drain by=ann reason=disk"
    });
    control.apply(Table::default());
    settle(&control);
    for _ in 0..2 {
        let mut client = rig.connect();
        client.send("GET /after HTTP/1.1\r\nHost: x\r\n\r\n");
        client.until("\r\n\r\n");
    }
    assert_eq!(slow.seen().len(), 2);
    let _ = go.send(());
}

#[test]
fn an_attempt_counts_before_it_is_connected() {
    let (_listener, _queue, address) = mute();
    let rig = Rig::start(DIALECT, address, "[timeouts]\nconnect = \"30s\"\n");
    let control = rig.engine.control();
    let mut client = rig.connect();
    client.send(get("/a"));
    let busy = load(&control, "b0", |load| load.phases.contains_key(&Phase::Connect));
    assert_eq!(busy.in_flight, 1);
    assert!(control.kill(busy.requests[0].attempt_xid, "drain"));
    let answer = client.rest();
    assert!(answer.starts_with("HTTP/1.1 503 Backend fetch failed"), "{answer}");
    load(&control, "b0", |load| load.in_flight == 0 && load.requests.is_empty());
    let all = rig.sessions(1);
    let attempt = all.iter().find(|one| one.kind() == "bereq").unwrap();
    assert_eq!(attempt.texts(Tag::FetchError), ["shellac: ended by an administrator: drain"]);
    assert_eq!(attempt.note("fetch.class"), Some("admin"));
    assert_eq!(attempt.note("fetch.phase"), Some("connect"));
}

#[test]
fn a_request_that_is_ended_closes_what_its_client_has_a_part_of() {
    let origin = Origin::start(|_, mut connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
        connection.wait_for_end();
    });
    let rig = Rig::start(DIALECT, origin.address, "");
    let control = rig.engine.control();
    let mut client = rig.connect();
    client.send(get("/a"));
    client.until("half");
    let busy = load(&control, "b0", |load| load.phases.contains_key(&Phase::Body));
    let xid = busy.requests[0].xid;
    assert!(!control.kill(xid + 1000, "a typing error") && !control.kill(0, "nobody"));
    assert!(control.kill(xid, "stuck"));
    assert_eq!(client.rest(), "");
    let all = rig.sessions(1);
    let attempt = all.iter().find(|one| one.kind() == "bereq").unwrap();
    assert_eq!(attempt.texts(Tag::FetchError), ["shellac: ended by an administrator: stuck"]);
    assert!(attempt.has_ended());
    assert!(!control.kill(xid, "gone"));
    // Nobody blames the backend.
    assert_eq!(rig.engine.endpoints()[0].failures(), 0);
}

#[test]
fn kept_connections_are_counted_and_closed() {
    let origin = Origin::start(|_, mut connection| connection.serve());
    let rig = Rig::start(DIALECT, origin.address, "");
    let control = rig.engine.control();
    assert_eq!(body(&rig.exchange(get("/a"))), "answer");
    load(&control, "b0", |load| load.idle == 1 && load.in_flight == 0);
    assert_eq!(control.close_idle(|subject| subject.name == "other"), 0);
    assert_eq!(control.close_idle(|subject| subject.name == "b0"), 1);
    load(&control, "b0", |load| load.idle == 0);
    assert_eq!(body(&rig.exchange(get("/b"))), "answer");
    assert_eq!(origin.seen().iter().map(|seen| seen.connection).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn what_is_wanted_of_one_backend_follows_it_and_orders_go_before_it() {
    let origin = Origin::start(|_, mut connection| connection.serve());
    let rig = Rig::with_backends(DIALECT, &[origin.address, Origin::refusing()], "");
    let control = rig.engine.control();
    let pattern = Pattern::parse("b*").unwrap();
    let meant = control.set_health(|subject| pattern.matches(subject, Scope::Active), Mode::Sick);
    assert_eq!(meant, 2);
    settle(&control);
    let answer = rig.exchange(get("/a"));
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    let all = rig.sessions(1);
    let attempt = all.iter().find(|one| one.kind() == "bereq").unwrap();
    assert_eq!(attempt.texts(Tag::FetchError), ["Director default returned no backend"]);
    assert_eq!(attempt.note("fetch.class"), Some("sick"));

    // One stays where it is, one is somewhere else: only the first is the same backend.
    let backends = [("b0".to_owned(), origin.address), ("b1".to_owned(), origin.address)];
    control.load("next", rig.config(&backends, "")).unwrap();
    let modes = |config: &str| -> Vec<Mode> {
        let found = control.backends(|subject| subject.config == config);
        found.iter().map(|status| status.admin).collect()
    };
    assert_eq!(modes("next"), [Mode::Sick, Mode::Auto]);
    control.apply(order("next.*", Mode::Maint, 1, None));
    assert_eq!((modes("boot"), modes("next")), (vec![Mode::Sick; 2], vec![Mode::Maint; 2]));
    control.set_health(|subject| subject.config == "next", Mode::Auto);
    assert_eq!(modes("next"), [Mode::Maint; 2]);
    // Its time has been over for a while: it ends within a second.
    control.apply(order("next.*", Mode::Maint, 1, Some(5)));
    assert_eq!(modes("next"), [Mode::Auto; 2]);
    rig.journal.wait_loose(DIALECT, |line| {
        line.tag == Tag::Notice && line.text == "backend: the time of `maint next.*` is over"
    });
    assert!(control.orders_in_force().is_empty());
}

#[test]
fn what_a_pool_would_keep_is_known_before_anything_is_taken_out_of_it() {
    let origin = Origin::start(|_, mut connection| connection.serve());
    let rig = Rig::with_backends(DIALECT, &[origin.address, origin.address], "");
    let control = rig.engine.control();
    let one = control.pools_left(|subject| subject.name == "b0");
    let [pool] = &one[..] else { panic!("{one:?}") };
    assert_eq!(
        (&*pool.config, pool.active, &*pool.taken, pool.left),
        ("boot", true, &["b0".to_owned()][..], 1)
    );
    assert!(!pool.is_too_few(), "{pool:?}");
    assert!(control.pools_left(|_| true)[0].is_too_few());
    assert_eq!(control.pools_left(|subject| subject.name == "b9"), []);
    // The other one is out already, so that this one is the last.
    control.apply(order("b1", Mode::Drain, 1, None));
    let last = control.pools_left(|subject| subject.name == "b0");
    assert!(last[0].left == 0 && last[0].is_too_few(), "{last:?}");
    assert_eq!(control.pools_left(|subject| subject.name == "b1"), [], "it is lost already");
}
