//! Limits that fire: each has its name in the log, and whoever was only waited for is not blamed.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use shellac_counters::live::Phase;
use shellac_format::{Dialect, Tag};

use super::log::Transaction;
use super::origin::{Connection, Origin};
use super::rig::{Rig, get, post};

const DIALECT: Dialect = Dialect::V6_0;

/// A backend that reads a request, sends these bytes and nothing more.
fn silent_after(bytes: &'static str) -> Origin {
    Origin::start(move |_, mut connection| {
        connection.request();
        connection.send(bytes);
        connection.wait_for_end();
    })
}

/// A backend that sends more than fits into buffers.
fn endless() -> Origin {
    Origin::start(|_, mut connection: Connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n");
        connection.send(vec![b'x'; 64 << 20]);
    })
}

/// A backend that goes on sending a little for as long as anybody takes it.
fn dripping() -> Origin {
    Origin::start(|_, mut connection: Connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n");
        while connection.is_taken("some more ") {
            std::thread::park_timeout(std::time::Duration::from_millis(5));
        }
    })
}

fn find<'t>(all: &'t [Transaction], kind: &str) -> &'t Transaction {
    all.iter().find(|one| one.kind() == kind).unwrap_or_else(|| panic!("no {kind}: {all:#?}"))
}

const STALLED: [&str; 2] = ["Resource temporarily unavailable", "straight insufficient bytes"];
const SLOW: [&str; 1] = ["shellac: the client takes its answer too slowly"];
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome";

#[test]
fn the_time_for_a_whole_request_cuts_an_attempt_that_runs() {
    let origin = silent_after("");
    let settings = "[timeouts]\ntotal = \"300ms\"\n[[route]]\npath = \"/\"\n\
                    [route.retry]\non = [\"first_byte_timeout\"]\nmax = 3\n";
    let rig = Rig::start(DIALECT, origin.address, settings);
    let response = rig.exchange(get("/a"));
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    let all = rig.sessions(1);
    assert_eq!(all.iter().filter(|one| one.kind() == "bereq").count(), 1);
    let attempt = find(&all, "bereq");
    assert_eq!(attempt.texts(Tag::FetchError), ["first byte timeout"]);
    assert_eq!(attempt.note("fetch.class"), Some("cut"));
    assert_eq!(attempt.note("fetch.timeout"), Some("total"));
    assert_eq!(attempt.note("fetch.limit"), Some("0.300000"));
    assert_eq!(attempt.note("fetch.retry"), Some("no time"));
}

#[test]
fn it_cuts_a_client_that_sends_and_a_route_may_have_its_own() {
    let origin = silent_after("");
    let settings = "[timeouts]\ntotal = \"1h\"\n[[route]]\npath = \"/\"\n[[route]]\npath = \"/a\"\n\
                    [route.timeouts]\ntotal = \"200ms\"\n";
    let rig = Rig::start(DIALECT, origin.address, settings);
    let mut client = rig.connect();
    client.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    assert!(client.rest().starts_with("HTTP/1.1 503 "));
    let all = rig.sessions(1);
    let attempt = find(&all, "bereq");
    assert_eq!(
        attempt.texts(Tag::FetchError),
        [
            "req.body read error: 11 (Resource temporarily unavailable)",
            "backend write error: 11 (Resource temporarily unavailable) (Error transaction"
        ]
    );
    assert_eq!(attempt.note("fetch.timeout"), Some("total"));
    assert_eq!(attempt.note("fetch.replay"), Some("kept"));
}

#[test]
fn it_cuts_a_response_whether_it_stands_still_or_runs() {
    let settings = "[timeouts]\ntotal = \"400ms\"\n";
    for origin in [silent_after(HEAD), dripping()] {
        let rig = Rig::start(DIALECT, origin.address, settings);
        let response = rig.exchange(get("/a"));
        assert!(response.starts_with("HTTP/1.1 200 "), "{}", &response[..50]);
        let all = rig.sessions(1);
        let attempt = find(&all, "bereq");
        assert_eq!(attempt.texts(Tag::FetchError), STALLED);
        assert_eq!(attempt.note("fetch.class"), Some("cut"));
        assert_eq!(attempt.note("fetch.timeout"), Some("total"));
        assert_eq!(find(&all, "req").note("http.timeout"), Some("total"));
        assert!(find(&all, "sess").texts(Tag::SessClose)[0].starts_with("TX_ERROR "));
    }
}

#[test]
fn a_client_that_sends_too_slowly_is_let_go() {
    let origin = silent_after("");
    let settings = "[limits]\nclient_body_rate = 1000\nrate_grace = \"100ms\"\n";
    let rig = Rig::start(DIALECT, origin.address, settings);
    let response = rig.exchange("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    assert!(response.starts_with("HTTP/1.1 408 "), "{response}");
    let all = rig.sessions(1);
    let attempt = find(&all, "bereq");
    assert_eq!(
        attempt.texts(Tag::FetchError),
        [
            "req.body read error: 11 (Resource temporarily unavailable)",
            "backend write error: 11 (Resource temporarily unavailable) (Error transaction"
        ]
    );
    assert_eq!(attempt.note("fetch.timeout"), Some("client_body_rate"));
    assert_eq!(attempt.note("fetch.client"), Some("slow"));
}

#[test]
fn once_the_response_has_begun_it_is_the_backend_that_decides_how_long_it_waits() {
    let origin = Origin::start(|_, mut connection: Connection| {
        let begins = connection.head().is_some_and(|head| head.starts_with("POST /begun "));
        if begins {
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
        }
        let body = connection.take(10);
        if begins && body == b"abcdefghij" {
            connection.send("cd");
        }
    });
    let settings = "[limits]\nclient_body_rate = 1000\nrate_grace = \"100ms\"\n";
    let rig = Rig::start(DIALECT, origin.address, settings);
    let begin = |path: &str| {
        let mut client = rig.connect();
        client.send(format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"));
        client
    };
    let mut answered = begin("/begun");
    answered.until("ab");
    // One that began later is cut by now.
    assert!(begin("/silent").rest().starts_with("HTTP/1.1 408 "));
    answered.send("defghij");
    assert_eq!(answered.rest(), "cd");
}

#[test]
fn a_response_that_comes_too_slowly_is_cut() {
    let origin = silent_after(HEAD);
    let settings = "[limits]\nresponse_rate = 100\nrate_grace = \"100ms\"\n";
    let rig = Rig::start(DIALECT, origin.address, settings);
    assert!(rig.exchange(get("/a")).ends_with("\r\n\r\nsome"));
    let all = rig.sessions(1);
    let attempt = find(&all, "bereq");
    assert_eq!(attempt.texts(Tag::FetchError), STALLED);
    assert_eq!(attempt.note("fetch.class"), Some("timeout"));
    assert_eq!(attempt.note("fetch.timeout"), Some("response_rate"));
    assert_eq!(attempt.note("fetch.limit"), None, "a rate is not a time");
}

#[test]
fn a_client_that_takes_its_answer_too_slowly_is_let_go_and_no_backend_is_blamed() {
    for (settings, name) in [
        ("[limits]\ndelivery_rate = \"1G\"\nrate_grace = \"100ms\"\n", "delivery_rate"),
        ("[timeouts]\nsend = \"100ms\"\n", "send"),
        ("[[route]]\npath = \"/\"\n[route.timeouts]\nsend = \"100ms\"\n", "send"),
    ] {
        let origin = endless();
        let rig = Rig::start(DIALECT, origin.address, settings);
        let mut client = rig.connect();
        client.send(get("/a"));
        let all = rig.sessions(1);
        drop(client);
        let attempt = find(&all, "bereq");
        assert_eq!(attempt.texts(Tag::FetchError), SLOW);
        assert_eq!(attempt.note("fetch.class"), Some("client"));
        assert_eq!(attempt.note("fetch.client"), Some("slow"));
        assert_eq!(attempt.note("fetch.timeout"), Some(name));
        assert_eq!(find(&all, "req").note("http.timeout"), Some(name));
        assert!(find(&all, "sess").texts(Tag::SessClose)[0].starts_with("TX_ERROR "));
    }
}

/// Somebody who is slow takes so many pieces of 4 KB with a pause behind each: for three seconds, and far less than lies in the buffers
/// between the two, so that nothing can be written meanwhile.
const PIECES: usize = 150;
const PAUSE: Duration = Duration::from_millis(20);

/// A client whose kernel holds little of what it does not read.
pub(super) fn with_little_room(rig: &Rig) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(64 << 10).unwrap();
    socket.connect(&rig.address.into()).unwrap();
    TcpStream::from(socket)
}

/// Takes pieces with a pause behind each.
pub(super) fn take_slowly(client: &mut TcpStream) {
    for _ in 0..PIECES {
        client.read_exact(&mut [0; 4096]).expect("it is not cut");
        std::thread::sleep(PAUSE);
    }
}

#[test]
fn a_client_that_takes_its_answer_slowly_but_steadily_is_served() {
    let origin = endless();
    let rig = Rig::start(DIALECT, origin.address, "[timeouts]\nsend = \"2s\"\n");
    let mut client = with_little_room(&rig);
    client.write_all(get("/a").as_bytes()).unwrap();
    take_slowly(&mut client);
    drop(client);
    let all = rig.sessions(1);
    let attempt = find(&all, "bereq");
    assert_eq!(attempt.texts(Tag::FetchError), ["Client closed"]);
    assert_eq!(attempt.note("fetch.timeout"), None);
}

/// Takes so many bytes, the first of them in pieces with a pause behind each; how many have not come.
pub(super) fn take_body_slowly(connection: &mut Connection, mut left: usize) -> usize {
    for _ in 0..PIECES {
        left -= connection.take(4096).len();
        std::thread::sleep(PAUSE);
    }
    left - connection.take(left).len()
}

#[test]
fn a_backend_that_takes_a_request_slowly_but_steadily_gets_it() {
    const LEN: usize = 16 << 20;
    let origin = Origin::start(|_, mut connection| {
        connection.head();
        take_body_slowly(&mut connection, LEN);
        connection.respond(200, "all");
    });
    let rig = Rig::start(DIALECT, origin.address, "send_timeout = \"2s\"\n");
    let response = rig.exchange(post("/a", &"x".repeat(LEN)));
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
}

#[test]
fn a_routes_own_times_go_before_a_backends_and_these_before_everybodys() {
    let origin = silent_after("");
    // The first lines are still the backend's.
    let settings = "first_byte_timeout = \"200ms\"\n[timeouts]\nfirst_byte = \"1h\"\n[[route]]\npath = \"/\"\n\
                    [[route]]\npath = \"/b\"\n[route.timeouts]\nfirst_byte = \"100ms\"\n";
    let rig = Rig::start(DIALECT, origin.address, settings);
    rig.exchange(get("/a"));
    rig.exchange(get("/b"));
    let all = rig.sessions(2);
    let mut limits: Vec<_> = all
        .iter()
        .filter(|one| one.kind() == "bereq")
        .map(|one| (one.texts(Tag::BereqUrl)[0], one.note("fetch.limit").unwrap()))
        .collect();
    limits.sort_unstable();
    assert_eq!(limits, [("/a", "0.200000"), ("/b", "0.100000")]);
}

#[test]
fn a_backend_that_takes_nothing_has_its_own_time() {
    let origin = Origin::start(|_, mut connection| {
        connection.head();
        // Holds the connection without reading on.
        std::thread::park_timeout(super::log::PATIENCE);
    });
    let rig = Rig::start(DIALECT, origin.address, "send_timeout = \"200ms\"\n");
    let response = rig.exchange(post("/a", &"x".repeat(16 << 20)));
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    let all = rig.sessions(1);
    let attempt = find(&all, "bereq");
    assert_eq!(attempt.note("fetch.timeout"), Some("send"));
    assert_eq!(attempt.note("fetch.limit"), Some("0.200000"));
    assert_eq!(attempt.note("fetch.lost"), Some("limit"));
}

const BACKOFF: &str = "[[route]]\npath = \"/\"\n[route.retry]\nmax = 2\nbackoff = \"TIME\"\nbackoff_max = \"TIME\"\n\
                       on = [\"eof_before_byte\"]\n";

/// A backend that closes without a word on its first connections.
fn hangs_up(times: usize) -> Origin {
    Origin::start(move |number, mut connection| {
        connection.request();
        if number > times {
            connection.respond(200, "answer");
            connection.serve();
        }
    })
}

#[test]
fn attempts_have_a_pause_between_them_that_the_log_tells() {
    let origin = hangs_up(2);
    let rig = Rig::start(DIALECT, origin.address, &BACKOFF.replace("TIME", "300ms"));
    let mut client = rig.connect();
    client.send(get("/a"));
    let seen = rig.in_flight(|now| now.requests.iter().any(|one| one.phase == Phase::Backoff));
    assert_eq!(seen.requests.len(), 1);
    assert!(client.rest().ends_with("answer"));
    let all = rig.sessions(1);
    let pauses: Vec<f64> = all
        .iter()
        .filter_map(|one| one.note("fetch.backoff"))
        .map(|pause| pause.parse().unwrap())
        .collect();
    assert_eq!(pauses.len(), 2);
    assert!(pauses.iter().all(|pause| (0.15..=0.3).contains(pause)), "{pauses:?}");
}

#[test]
fn a_pause_ends_with_the_client_and_is_none_where_there_is_no_time() {
    let origin = hangs_up(1);
    let settings = BACKOFF.replace("TIME", "1h");
    let rig = Rig::start(DIALECT, origin.address, &settings);
    let mut client = rig.connect();
    client.send(get("/a"));
    rig.in_flight(|now| now.requests.iter().any(|one| one.phase == Phase::Backoff));
    drop(client);
    let all = rig.sessions(1);
    assert!(find(&all, "bereq").has_ended() && find(&all, "req").has_ended());
    assert!(all.iter().all(Transaction::has_ended));

    let origin = hangs_up(1);
    let settings = format!("[timeouts]\ntotal = \"10s\"\n{settings}");
    let rig = Rig::start(DIALECT, origin.address, &settings);
    assert!(rig.exchange(get("/a")).starts_with("HTTP/1.1 503 "));
    assert_eq!(find(&rig.sessions(1), "bereq").note("fetch.retry"), Some("no time"));
}
