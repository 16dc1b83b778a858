//! What the scoreboard shows of requests, and that nothing stays on it.

use std::net::TcpListener;

use shellac_counters::live::{InFlight, Phase};
use shellac_format::Dialect;

use super::origin::Origin;
use super::rig::{Rig, SLOTS, get, post};

const DIALECT: Dialect = Dialect::V6_0;

/// The only request in flight, when it waits for `phase`.
fn only(rig: &Rig, phase: Phase) -> InFlight {
    let wanted = |request: &InFlight| request.phase == phase;
    rig.in_flight(|snapshot| snapshot.requests.len() == 1 && wanted(&snapshot.requests[0]))
        .requests
        .remove(0)
}

fn empty(rig: &Rig) {
    rig.in_flight(|snapshot| snapshot.requests.is_empty() && snapshot.hidden() == 0);
}

#[test]
fn a_request_is_shown_with_what_it_waits_for_and_until_when() {
    let origin = Origin::start(|_, mut connection| {
        connection.head();
        assert_eq!([connection.byte(), connection.byte(), connection.byte()], ['a', 'b', 'c']);
        for piece in ["HTTP/1.1 200 OK\r\n", "Content-Length: 10\r\n\r\n", "12345", "67890"] {
            // The test says when, by one byte of the request's body for each.
            connection.byte();
            connection.send(piece);
        }
        connection.wait_for_end();
    });
    let settings = "[timeouts]\nclient_head = \"50s\"\nclient_body = \"40s\"\n[limits]\n";
    let rig = Rig::start(DIALECT, origin.address, settings);
    empty(&rig);
    let mut client = rig.connect();
    client.send("POST /path?query HTTP/1.1\r\nHost: a\r\n");
    let seen = only(&rig, Phase::ReadHead);
    assert_eq!((seen.xid, seen.attempt, &seen.request[..]), (None, 0, &b""[..]));
    assert_eq!(seen.client, Some(client.stream.local_addr().unwrap()));
    assert_eq!(seen.bytes.from_client, 36);
    assert_eq!(seen.deadline, Some(seen.started + 50_000_000));
    let session = seen.session;

    client.send("Content-Length: 7\r\nConnection: close\r\n\r\nab");
    let seen = only(&rig, Phase::ReadBody);
    assert_eq!(seen.request, b"POST /path?query");
    assert_eq!((seen.session, seen.attempt, &seen.backend[..]), (session, 1, &b"b0"[..]));
    let xid = seen.xid.unwrap();
    assert!(seen.attempt_xid.unwrap() > xid && xid > session, "{seen:?}");
    let limit = seen.deadline.unwrap() - seen.since;
    // Which limit it is, however slow the machine: the others are 50 and 60 seconds.
    assert!((30_000_000..45_000_000).contains(&limit), "{limit}");
    let before = seen.since;

    client.send("c");
    // The same wait, so it has not begun anew; the bytes have gone on.
    rig.in_flight(|snapshot| snapshot.requests[0].bytes.from_client == seen.bytes.from_client + 1);
    let seen = only(&rig, Phase::ReadBody);
    assert_eq!(seen.since, before);
    // It answers while the request is still coming.
    client.send("d");
    let seen = only(&rig, Phase::Head);
    assert!(seen.since >= before && seen.bytes.from_backend == 17, "{seen:?}");
    client.send("e");
    let seen = only(&rig, Phase::Body);
    assert_eq!(seen.bytes.from_backend, 39);
    client.send("f");
    client.until("12345");
    client.send("g");
    assert!(client.rest().ends_with("67890"));
    empty(&rig);
}

#[test]
fn waits_for_the_backend_have_its_name_and_limits() {
    let origin = Origin::start(|_, mut connection| {
        connection.request();
        connection.wait_for_end();
    });
    let rig = Rig::start(DIALECT, origin.address, "");
    let mut client = rig.connect();
    client.send(get("/hanging"));
    let seen = only(&rig, Phase::FirstByte);
    assert_eq!((&seen.backend[..], seen.attempt), (&b"b0"[..], 1));
    assert!(seen.deadline.is_some_and(|deadline| deadline > seen.since));
    assert!(seen.bytes.to_backend > 50 && seen.bytes.from_backend == 0, "{seen:?}");
    drop(client);
    empty(&rig);
}

#[test]
fn an_attempt_that_cannot_connect_is_shown_connecting() {
    // A full backlog: the kernel drops the SYN of whoever comes next.
    let full = TcpListener::bind("127.0.0.1:0").unwrap();
    rustix::net::listen(&full, 0).unwrap();
    let address = full.local_addr().unwrap();
    let _waiting: Vec<_> = (0..2)
        .map_while(|_| {
            let patience = std::time::Duration::from_millis(100);
            std::net::TcpStream::connect_timeout(&address, patience).ok()
        })
        .collect();
    let settings = "[[route]]\n[route.retry]\non = []\n";
    let rig = Rig::start(DIALECT, address, settings);
    let mut client = rig.connect();
    client.send(get("/a"));
    let seen = only(&rig, Phase::Connect);
    assert_eq!((&seen.backend[..], &seen.request[..]), (&b"b0"[..], &b"GET /a"[..]));
    assert!(seen.deadline.is_some());
    drop(client);
    empty(&rig);
}

#[test]
fn a_client_that_does_not_read_is_waited_for() {
    let origin = Origin::start(|_, mut connection| {
        connection.request();
        let len = 64 << 20;
        connection.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {len}\r\n\r\n"));
        let piece = vec![b'x'; 1 << 20];
        (0..64).for_each(|_| connection.send(&piece));
    });
    let rig = Rig::start(DIALECT, origin.address, "");
    let mut client = rig.connect();
    client.send(get("/large"));
    let seen = rig.in_flight(|snapshot| {
        let [seen] = &snapshot.requests[..] else { return false };
        // What the kernel and our own buffer hold is with the client, or about to be.
        let on_the_way = seen.bytes.from_backend.saturating_sub(seen.bytes.to_client);
        seen.phase == Phase::Deliver && seen.bytes.to_client > 100_000 && on_the_way < 1 << 20
    });
    assert!(seen.requests[0].deadline.is_some());
    drop(client);
    empty(&rig);
}

#[test]
fn nothing_stays_on_the_board() {
    // Every way for a request to end: answered, failed in each phase, retried, refused, cancelled in each phase.
    let origin = Origin::start(|_, mut connection| {
        while let Some(seen) = connection.request() {
            let path = seen.head.split(' ').nth(1).unwrap().to_owned();
            match path.as_str() {
                "/close" => return,
                "/reset" => return connection.reset(),
                "/half-head" => return connection.send("HTTP/1.1 200 OK\r\nContent-"),
                "/half-body" => {
                    return connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
                }
                "/junk" => return connection.send("no response at all\r\n\r\n"),
                "/hang" => return connection.wait_for_end(),
                "/503" => connection.respond(503, "not now"),
                _ => connection.respond(200, "answer"),
            }
        }
    });
    let settings = "[[route]]\n[route.retry]\nmax = 2\non = [\"connect\", \"eof_before_byte\", \"status\"]\nstatuses = [503]\n";
    let backends = [origin.address, origin.address, Origin::refusing()];
    let rig = Rig::with_backends(DIALECT, &backends, settings);
    let rounds = 150;
    for round in 0..rounds {
        for path in ["/ok", "/close", "/reset", "/half-head", "/half-body", "/junk", "/503"] {
            rig.exchange(get(path));
        }
        rig.exchange(post("/ok", "a body"));
        rig.exchange("GET / HTTP/1.1\r\nbad header\r\n\r\n");
        rig.exchange("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n");
        // Cancelled: inside the head, inside the body, while the backend says nothing.
        let mut cancelled = Vec::new();
        for start in [
            "GET / HT",
            "POST /ok HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab",
            "GET /hang HTTP/1.1\r\nHost: a\r\n\r\n",
        ] {
            let mut client = rig.connect();
            client.send(start);
            socket2::SockRef::from(&client.stream)
                .set_linger(Some(std::time::Duration::ZERO))
                .unwrap();
            cancelled.push(client);
        }
        if round % 2 == 0 {
            // Half of the time the reset comes when they are known to wait.
            rig.in_flight(|snapshot| snapshot.requests.len() == 3);
        }
        drop(cancelled);
    }
    // Connections are accepted in order: those before this one have been looked at.
    rig.exchange(get("/ok"));
    empty(&rig);
    // More than there are slots for, and all of them cut short with the engine.
    let mut hanging: Vec<_> = (0..SLOTS + 3).map(|_| rig.connect()).collect();
    hanging.iter_mut().for_each(|client| client.send(get("/hang")));
    rig.in_flight(|snapshot| snapshot.requests.len() == SLOTS && snapshot.hidden() == 3);
    rig.stop_and_look(|snapshot| {
        assert!(snapshot.requests.is_empty(), "{snapshot:#?}");
        assert_eq!(snapshot.hidden(), 0);
    });
}
