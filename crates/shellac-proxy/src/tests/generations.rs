//! Configurations that come and go while requests run.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Instant;

use shellac_format::{Dialect, Tag};

use super::log::{PATIENCE, Transaction};
use super::origin::Origin;
use super::rig::{Client, Rig, body, get};
use crate::{Control, ControlError, Temperature};

const DIALECT: Dialect = Dialect::V7_3;

/// Waits until every serving thread has come past this point.
#[allow(clippy::disallowed_methods, reason = "a test is a program: nobody hands it the time")]
pub(super) fn settle(control: &Control) {
    let epoch = control.barrier();
    let start = Instant::now();
    while !control.reached(epoch) {
        assert!(start.elapsed() < PATIENCE, "the serving threads do not answer");
        std::thread::yield_now();
    }
}

/// Waits until nothing is left of other configurations.
fn alone(control: &Control) {
    left(control, 1);
}

/// Waits until there are no more than `most` configurations.
#[allow(clippy::disallowed_methods, reason = "a test is a program: nobody hands it the time")]
fn left(control: &Control, most: usize) {
    let start = Instant::now();
    while control.configurations().len() > most {
        assert!(start.elapsed() < PATIENCE, "{:?}", control.configurations());
        std::thread::yield_now();
    }
}

pub(super) fn named(name: &str, address: SocketAddr) -> Vec<(String, SocketAddr)> {
    vec![(name.to_owned(), address)]
}

/// The word of the first record of `tag`.
fn first(transaction: &Transaction, tag: Tag) -> &str {
    transaction.texts(tag).first().copied().unwrap_or_default()
}

#[test]
fn no_request_is_lost_or_sent_astray_over_fifty_reloads() {
    let origin = Origin::start(|_, mut connection| connection.serve());
    let rig = Rig::with_backends(DIALECT, &[origin.address], "");
    let control = rig.engine.control();
    let over = AtomicBool::new(false);
    let served = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|number| {
                let (address, over) = (rig.address, &over);
                scope.spawn(move || {
                    let mut count = 0;
                    let mut client = Client::connect(address);
                    while !over.load(Ordering::Relaxed) || count == 0 {
                        // Half of them on one connection, half on a new one each.
                        if number % 2 == 0 {
                            client.send("GET /load HTTP/1.1\r\nHost: x\r\n\r\n");
                            let answer = client.until("answer");
                            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
                        } else {
                            let mut other = Client::connect(address);
                            other.send(get("/load"));
                            let answer = other.rest();
                            assert_eq!(body(&answer), "answer", "{answer}");
                        }
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        for reload in 0..50 {
            let name = format!("r{reload}");
            let config = rig.config(&named(&format!("only_{name}"), origin.address), "");
            let loaded = control.load(&name, config).unwrap();
            assert_eq!(loaded.needs_restart, [""; 0]);
            control.activate(&name).unwrap();
            settle(&control);
            rig.exchange(get(&format!("/after/{name}")));
            let old = if reload == 0 { "boot".to_owned() } else { format!("r{}", reload - 1) };
            control.discard(&old).unwrap();
        }
        over.store(true, Ordering::Relaxed);
        clients.into_iter().map(|client| client.join().unwrap()).sum::<usize>()
    });
    assert!(served >= 4);
    let all = rig.journal.wait(DIALECT, |all| {
        all.iter().filter(|one| one.kind() == "req" && one.has_ended()).count() == served + 50
    });
    let requests: HashMap<u64, &Transaction> =
        all.iter().filter(|one| one.kind() == "req").map(|one| (one.xid(), one)).collect();
    let mut attempts = 0;
    for attempt in all.iter().filter(|one| one.kind() == "bereq") {
        attempts += 1;
        let request = requests[&attempt.parent()];
        let generation = first(request, Tag::VclUse);
        assert_eq!(first(attempt, Tag::VclUse), generation);
        let backend = first(attempt, Tag::BackendOpen).split(' ').nth(1).unwrap();
        let wanted = if generation == "boot" { "b0".into() } else { format!("only_{generation}") };
        assert_eq!(backend, wanted, "the backends are those of {generation}");
        if let Some(after) = first(request, Tag::ReqUrl).strip_prefix("/after/") {
            assert_eq!(generation, after, "what was activated before a request holds for it");
        }
    }
    assert_eq!(attempts, served + 50);
    let left = control.configurations();
    assert!(left.iter().any(|status| status.active && status.name == "r49"), "{left:?}");
}

#[test]
fn an_open_request_ends_on_the_generation_that_it_began_with() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let slow = Origin::start(move |_, mut connection| {
        connection.request();
        wait.lock().unwrap().recv().unwrap();
        connection.respond(200, "old");
        connection.wait_for_end();
    });
    let new = Origin::start(|_, mut connection| connection.serve());
    let rig = Rig::with_backends(DIALECT, &[slow.address], "");
    let control = rig.engine.control();
    let mut open = rig.connect();
    open.send("GET /open HTTP/1.1\r\nHost: x\r\n\r\n");
    rig.journal.wait(DIALECT, |_| slow.seen().len() == 1);

    control.load("next", rig.config(&named("n0", new.address), "")).unwrap();
    control.activate("next").unwrap();
    settle(&control);
    assert_eq!(body(&rig.exchange(get("/new"))), "answer");
    control.discard("boot").unwrap();
    let held = control.configurations();
    assert_eq!(held.len(), 2, "{held:?}");
    assert!(held[0].name == "boot" && held[0].discarded && !held[0].active, "{held:?}");
    go.send(()).unwrap();
    assert!(open.until("old").starts_with("HTTP/1.1 200 "));
    alone(&control);
    // The same connection gets the new configuration with its next request.
    open.send("GET /again HTTP/1.1\r\nHost: x\r\n\r\n");
    open.until("answer");
    drop(open);
    let all = rig.sessions(2);
    // Which session is in the log first is nobody's promise.
    let uses: BTreeMap<&str, &str> = all
        .iter()
        .filter(|one| one.kind() == "req")
        .map(|one| (first(one, Tag::ReqUrl), first(one, Tag::VclUse)))
        .collect();
    assert_eq!(uses, BTreeMap::from([("/open", "boot"), ("/new", "next"), ("/again", "next")]));
}

#[test]
fn a_long_request_holds_no_configuration_but_its_own() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let slow = Origin::start(move |_, mut connection| {
        connection.request();
        wait.lock().unwrap().recv().unwrap();
        connection.respond(200, "old");
        connection.serve();
    });
    let rig = Rig::with_backends(DIALECT, &[slow.address], "");
    let control = rig.engine.control();
    let mut open = rig.connect();
    open.send("GET /open HTTP/1.1\r\nHost: x\r\n\r\n");
    rig.journal.wait(DIALECT, |_| slow.seen().len() == 1);
    let mut before = "boot".to_owned();
    for reload in 0..4 {
        let name = format!("r{reload}");
        control.load(&name, rig.config(&named("b0", slow.address), "")).unwrap();
        control.activate(&name).unwrap();
        settle(&control);
        control.discard(&before).unwrap();
        before = name;
    }
    left(&control, 2);
    let names: Vec<String> = control.configurations().into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["boot", "r3"]);
    go.send(()).unwrap();
    assert!(open.until("old").starts_with("HTTP/1.1 200 "));
    // Its connection is kept all the same, for the configuration of today.
    open.send("GET /again HTTP/1.1\r\nHost: x\r\n\r\n");
    open.until("answer");
    left(&control, 1);
    assert_eq!(slow.seen().iter().map(|seen| seen.connection).collect::<Vec<_>>(), [1, 1]);
}

#[test]
fn kept_connections_go_over_to_the_same_backend_and_to_no_other() {
    let (a, b) = (Origin::start(|_, mut c| c.serve()), Origin::start(|_, mut c| c.serve()));
    let settings = "[[pool]]\nname = \"a\"\nbackends = [\"a\"]\n[[pool]]\nname = \"b\"\nbackends = [\"b\"]\n\
        [[route]]\npath = \"/a\"\npool = \"a\"\n[[route]]\npath = \"/b\"\npool = \"b\"\n";
    let rig = Rig::with_backends(DIALECT, &[a.address], "");
    let control = rig.engine.control();
    let backends = [("a".to_owned(), a.address), ("b".to_owned(), b.address)];
    let swapped = [("x".to_owned(), b.address), ("b".to_owned(), b.address), backends[0].clone()];
    control.load("one", rig.config(&backends, settings)).unwrap();
    let with_x = format!("{settings}[[pool]]\nname = \"x\"\nbackends = [\"x\"]\n");
    control.load("two", rig.config(&swapped, &with_x)).unwrap();
    let moved = [("a".to_owned(), b.address), ("b".to_owned(), b.address)];
    control.load("three", rig.config(&moved, settings)).unwrap();
    for name in ["one", "two", "three"] {
        control.activate(name).unwrap();
        settle(&control);
        for path in ["/a", "/b"] {
            assert_eq!(body(&rig.exchange(get(path))), "answer");
        }
    }
    let connections =
        |origin: &Origin| origin.seen().iter().map(|seen| seen.connection).collect::<Vec<_>>();
    // What was `a` is at another address in `three`.
    assert_eq!(connections(&a), [1, 1]);
    assert_eq!(connections(&b), [1, 1, 2, 1]);
    rig.journal.wait_loose(DIALECT, |line| {
        line.tag == Tag::BackendClose && line.text.contains(" a close RESP_CLOSE")
    });
}

#[test]
fn configurations_are_listed_named_cooled_and_refused() {
    let origin = Origin::start(|_, mut connection| connection.serve());
    let rig = Rig::with_backends(DIALECT, &[origin.address], "");
    let control = rig.engine.control();
    let other = rig.config(&named("b0", origin.address), "[log]\nreclen = 512\n");
    let loaded = control.load("next", Arc::clone(&other)).unwrap();
    assert_eq!(loaded.needs_restart, ["log"]);
    assert!(matches!(control.load("next", other.clone()), Err(ControlError::Taken { .. })));
    for bad in ["", "a.b", "1st", "a b", "ü", &"x".repeat(65)] {
        let error = control.load(bad, Arc::clone(&other)).unwrap_err();
        assert!(matches!(error, ControlError::Name { .. }), "{bad}: {error}");
    }
    let error = control.activate("nxet").unwrap_err().to_string();
    assert_eq!(error, "no configuration is called nxet; there are: boot, next");
    assert!(matches!(control.discard("boot"), Err(ControlError::Active { .. })));
    let cool = |name| control.set_temperature(name, Temperature::Cold);
    assert!(matches!(cool("boot"), Err(ControlError::Active { .. })));
    cool("next").unwrap();
    let shown: Vec<_> = control
        .configurations()
        .into_iter()
        .map(|one| (one.name, one.active, one.temperature, one.warm, one.backends))
        .collect();
    let expected = [
        ("boot".to_owned(), true, Temperature::Auto, true, 1),
        ("next".to_owned(), false, Temperature::Cold, false, 1),
    ];
    assert_eq!(shown, expected);
    control.activate("next").unwrap();
    let next = &control.configurations()[1];
    assert!(next.active && next.warm && next.temperature == Temperature::Auto, "{next:?}");
    control.discard("boot").unwrap();
    alone(&control);
    for count in 1..100 {
        control.load(&format!("c{count}"), Arc::clone(&other)).unwrap();
    }
    assert_eq!(control.load("c100", other), Err(ControlError::TooMany));
}

#[test]
fn a_connection_without_a_request_holds_no_configuration() {
    let origin = Origin::start(|_, mut connection| connection.serve());
    let rig = Rig::start(DIALECT, origin.address, "[timeouts]\nclient_idle = \"10m\"\n");
    let control = rig.engine.control();
    let mut idle = rig.connect();
    idle.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    idle.until("answer");
    control.load("next", rig.config(&named("b0", origin.address), "")).unwrap();
    control.activate("next").unwrap();
    control.discard("boot").unwrap();
    alone(&control);
    idle.send("GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
    idle.until("answer");
}
