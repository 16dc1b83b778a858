//! What requests meet at backends: who is blamed, who is taken out, who comes back, and where a request goes on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use shellac_counters::live::Phase;
use shellac_format::{Dialect, Tag};
use shellac_upstream::PassiveState;

use super::log::{Line, Transaction};
use super::origin::Origin;
use super::rig::{Rig, body, get, post};

const DIALECT: Dialect = Dialect::V7_3;

fn attempts(all: &[Transaction]) -> Vec<&Transaction> {
    all.iter().filter(|one| one.kind() == "bereq").collect()
}

/// How many attempts each request for `url` had.
fn attempts_by_request(all: &[Transaction], url: &str) -> Vec<usize> {
    let count = |request: &Transaction| {
        let mut parent = request.xid();
        let mut count = 0;
        while let Some(next) = attempts(all).into_iter().find(|one| one.parent() == parent) {
            (parent, count) = (next.xid(), count + 1);
        }
        count
    };
    all.iter().filter(|one| one.texts(Tag::ReqUrl) == [url]).map(count).collect()
}

fn is_notice(line: &Line, begin: &str, part: &str) -> bool {
    line.tag == Tag::Notice && line.text.starts_with(begin) && line.text.contains(part)
}

#[test]
fn a_backend_that_fails_is_taken_out_tested_and_taken_back() {
    let well = Arc::new(AtomicBool::new(false));
    let is_well = Arc::clone(&well);
    let bad = Origin::start(move |_, mut connection| {
        if is_well.load(Ordering::SeqCst) {
            connection.serve();
        } else {
            connection.request();
        }
    });
    let good = Origin::start(|_, mut connection| connection.serve());
    let settings = "[[pool]]\nname = \"p\"\nbackends = [\"b0\", \"b1\"]\n[pool.health]\n\
        eject = \"300ms\"\njitter_percent = 0\n[limits]\nidle_per_backend = 0\n";
    let rig = Rig::with_backends(DIALECT, &[bad.address, good.address], settings);
    for _ in 0..10 {
        assert_eq!(body(&rig.exchange(get("/a"))), "answer");
    }
    rig.journal.wait_loose(DIALECT, |line| {
        line.tag == Tag::BackendHealth
            && line.text.starts_with("b0 Went sick -------- 0 0 0 0.000000 0.000000 \"5 of ")
    });
    let ejected = "ejected for 0.3s, ejection 1: 5 of ";
    rig.journal.wait_loose(DIALECT, |line| is_notice(line, "backend: boot.b0 ", ejected));
    let passive = rig.engine.endpoints()[0].passive();
    assert_eq!((passive.state, passive.ejections), (PassiveState::Ejected, 1));
    assert_eq!(bad.seen().len(), 5);

    // As long as it is out nobody is sent there, and the one that finds it well again is the only one for a moment.
    well.store(true, Ordering::SeqCst);
    let start = rig.journal.lines(DIALECT).len();
    let is_back = |line: &Line| is_notice(line, "backend: boot.b0 ", "back after ");
    while !rig.journal.lines(DIALECT)[start..].iter().any(is_back) {
        assert_eq!(body(&rig.exchange(get("/b"))), "answer");
    }
    rig.journal.wait_loose(DIALECT, |line| {
        line.tag == Tag::BackendHealth && line.text.starts_with("b0 Went healthy ")
    });
    assert_eq!(rig.engine.endpoints()[0].failures(), 5);
}

#[test]
fn faults_of_this_machine_are_no_backends_fault() {
    // Link-local without an interface: the kernel refuses to connect before anything is sent.
    let nowhere: SocketAddr = "[fe80::1]:80".parse().unwrap();
    let rig = Rig::with_backends(DIALECT, &[nowhere, nowhere], "");
    for _ in 0..20 {
        let answer = rig.exchange(get("/a"));
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    }
    let all = rig.sessions(20);
    for attempt in attempts(&all) {
        assert_eq!(attempt.note("fetch.class"), Some("local"), "{attempt:#?}");
    }
    for endpoint in rig.engine.endpoints() {
        assert_eq!((endpoint.failures(), endpoint.passive().ejections), (0, 0));
        assert_eq!(endpoint.in_flight(), 0);
    }
}

#[test]
fn clients_that_leave_say_nothing_and_bodies_that_break_off_do() {
    let origin = Origin::start(|_, mut connection| {
        while let Some(seen) = connection.request() {
            if seen.head.starts_with("GET /short") {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
                return;
            }
            connection.wait_for_end();
        }
    });
    let rig = Rig::start(DIALECT, origin.address, "");
    let endpoint = Arc::clone(&rig.engine.endpoints()[0]);
    for _ in 0..3 {
        let mut client = rig.connect();
        client.send(get("/long"));
        rig.in_flight(|all| all.requests.iter().any(|one| one.phase == Phase::FirstByte));
        let socket = socket2::SockRef::from(&client.stream);
        socket.set_linger(Some(std::time::Duration::ZERO)).unwrap();
        drop(client);
        rig.in_flight(|all| all.requests.is_empty());
    }
    assert_eq!((endpoint.failures(), endpoint.attempts()), (0, 3));
    rig.exchange(get("/short"));
    rig.sessions(4);
    assert_eq!((endpoint.failures(), endpoint.attempts()), (1, 4));
}

#[test]
fn a_kept_connection_that_was_closed_is_nobodys_fault_and_costs_no_retry() {
    // Each connection answers once and is closed when the next request comes.
    let origin = Origin::start(|number, mut connection| {
        connection.request();
        connection.respond(200, "answer");
        if number == 1 {
            connection.request();
        } else {
            connection.serve();
        }
    });
    let settings = "[[route]]\n[route.retry]\nmax = 1\n";
    let rig = Rig::start(DIALECT, origin.address, settings);
    for path in ["/a", "/b"] {
        assert_eq!(body(&rig.exchange(get(path))), "answer");
    }
    let all = rig.sessions(2);
    assert_eq!(attempts(&all).len(), 3);
    assert_eq!(rig.engine.endpoints()[0].failures(), 0);
}

#[test]
fn a_backend_that_is_full_is_busy() {
    let origin = Origin::start(|_, mut connection| connection.wait_for_end());
    let rig = Rig::start(DIALECT, origin.address, "");
    let control = rig.engine.control();
    let text = format!(
        "[[listen]]\naddress = \"{}\"\n[[backend]]\nname = \"b0\"\naddress = \"{}\"\nmax_conns = 1\n",
        rig.address, origin.address
    );
    let options = shellac_config::ParseOptions { allow_small: true };
    let config = shellac_config::Config::parse_with(&text, "test", options).unwrap();
    control.load("next", Arc::new(config)).unwrap();
    control.activate("next").unwrap();
    super::generations::settle(&control);
    let mut first = rig.connect();
    first.send(get("/a"));
    rig.in_flight(|all| all.requests.iter().any(|one| one.phase == Phase::FirstByte));
    let answer = rig.exchange(get("/b"));
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    let all = rig.sessions(1);
    let busy = attempts(&all).into_iter().find(|one| !one.texts(Tag::FetchError).is_empty());
    let busy = busy.unwrap();
    assert_eq!(busy.texts(Tag::FetchError), ["backend b0: busy"]);
    assert_eq!(busy.note("fetch.class"), Some("busy"));
}

#[test]
fn a_request_goes_on_in_the_words_of_nginx() {
    let bad = Origin::start(|_, mut connection| {
        while connection.request().is_some() {
            connection.respond(502, "bad");
        }
    });
    let good = Origin::start(|_, mut connection| connection.serve());
    let settings = "[[pool]]\nname = \"p\"\nbackends = [\"b0\", \"b1\", \"b2\"]\ncompat = \"nginx\"\n\
        [pool.health]\nmax_fails = 0\n[[route]]\n[route.next_upstream]\non = [\"error\", \"http_502\"]\ntries = 3\n\
        [[route]]\npath = \"/two\"\n[route.next_upstream]\non = [\"error\", \"http_502\"]\ntries = 2\n";
    let backends = [bad.address, Origin::refusing(), good.address];
    let rig = Rig::with_backends(DIALECT, &backends, settings);
    assert_eq!(body(&rig.exchange(get("/three"))), "answer");
    // Whoever may go on once gets past one bad backend, and not past two.
    for _ in 0..3 {
        let answer = rig.exchange(get("/two"));
        assert!(["200", "502", "503"].contains(&&answer[9..12]), "{answer}");
    }
    rig.exchange(post("/three", "body"));
    let all = rig.sessions(5);
    let three: Vec<u64> = all
        .iter()
        .filter(|one| one.texts(Tag::ReqUrl) == ["/three"])
        .map(|one| one.xid())
        .collect();
    let first: Vec<&Transaction> =
        attempts(&all).into_iter().filter(|one| one.xid() > three[0]).take(3).collect();
    let opened: Vec<usize> = first.iter().map(|one| one.texts(Tag::BackendOpen).len()).collect();
    assert_eq!(opened, [1, 0, 1]);
    assert_eq!(first[0].texts(Tag::BerespStatus), ["502"]);
    let mut numbers: Vec<usize> = attempts_by_request(&all, "/two");
    numbers.sort_unstable();
    assert!(numbers.len() == 3 && numbers[2] <= 2, "{numbers:?}");
    // A POST that was sent does not go on.
    let posts: Vec<&Transaction> = attempts(&all)
        .into_iter()
        .filter(|one| one.texts(Tag::BereqMethod).contains(&"POST"))
        .filter(|one| !one.texts(Tag::BackendOpen).is_empty())
        .collect();
    assert_eq!(posts.len(), 1);
}

#[test]
fn a_time_limit_cuts_an_attempt_that_runs() {
    let mute = Origin::start(|_, mut connection| {
        connection.request();
        connection.wait_for_end();
    });
    let settings =
        "[[route]]\n[route.next_upstream]\non = [\"error\", \"timeout\"]\nlimit = \"300ms\"\n";
    let rig = Rig::with_backends(DIALECT, &[mute.address, mute.address], settings);
    let answer = rig.exchange(get("/a"));
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    let all = rig.sessions(1);
    let [attempt] = attempts(&all)[..] else { panic!("{all:#?}") };
    assert_eq!(attempt.texts(Tag::FetchError), ["first byte timeout"]);
    assert_eq!(attempt.note("fetch.timeout"), Some("next_upstream.limit"));
    let limit: f64 = attempt.note("fetch.limit").unwrap().parse().unwrap();
    assert!(limit <= 0.3, "{limit}");
    // It had the time that it was given, not the one that it may need.
    assert_eq!(rig.engine.endpoints()[0].failures(), 0);
}
