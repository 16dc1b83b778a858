//! Tunnels: by a route, by an upgrade, by CONNECT.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use shellac_counters::live::Phase;
use shellac_counters::vsc::table::{Main, Vbe};
use shellac_format::{Dialect, Tag};

use super::limits::{take_body_slowly, take_slowly, with_little_room};
use super::log::{PATIENCE, Transaction};
use super::origin::{Connection, Origin};
use super::rig::{Client, Rig, get, xid};

/// The answer to [`upgrade`].
pub(super) const SWITCHING: &str =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

/// A request for another protocol.
pub(super) fn upgrade(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket, chat\r\nConnection: Upgrade\r\n\r\n"
    )
}

const DIALECT: Dialect = Dialect::V7_3;
const ROUTES: &str = "[[route]]\n[[route]]\npath = '/pipe'\naction = 'pipe'\n[[route]]\npath = '/ws'\nupgrade = ['websocket']\n\
    [[route]]\nhost = 'example.org'\nmethods = ['CONNECT']\naction = 'pipe'\n[[route]]\npath = '/denied'\naction = 'deny'\nstatus = 410\n";

/// The request of the one session there is, once that has ended.
fn request(rig: &Rig) -> Transaction {
    let all = rig.sessions(1);
    all.into_iter().find(|one| one.kind() == "req").unwrap()
}

fn end_of_session(rig: &Rig) -> String {
    let all = rig.sessions(1);
    all[0].texts(Tag::SessClose)[0].split(' ').next().unwrap().to_owned()
}

/// A tunnel by its route, with the first answer read.
fn open(rig: &Rig) -> Client {
    let mut client = rig.connect();
    client.send("GET /pipe HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.until("hello\n"), "hello\n");
    client
}

/// Greets, then sends back whatever comes, until the end.
fn echo(_: usize, mut connection: Connection) {
    connection.head();
    connection.send("hello\n");
    connection.echo();
}

#[test]
fn bytes_go_both_ways_until_both_sides_have_ended() {
    let origin = Origin::start(echo);
    let rig = Rig::start(DIALECT, origin.address, ROUTES);
    let mut client = rig.connect();
    // What comes together with the head is no request.
    let asked = "GET /pipe HTTP/1.1\r\nHost: a\r\nConnection: x-this, keep-alive\r\nX-This: 1\r\nX-That: 2\r\n\r\n";
    client.send(format!("{asked}GET /early"));
    client.until("hello\nGET /early");
    client.send(" and more");
    client.until(" and more");
    client.half_close();
    assert_eq!(client.rest(), "");
    let seen = &origin.seen()[0];
    assert!(seen.head.starts_with("GET /pipe HTTP/1.1\r\n"), "{}", seen.head);
    assert_eq!(seen.header("Connection"), Some("close"));
    assert_eq!((seen.header("X-This"), seen.header("X-That")), (None, Some("2")));
    let request = request(&rig);
    assert_eq!(request.note("pipe.end"), Some("client"));
    let head = seen.head.len() + 4;
    assert_eq!(request.texts(Tag::PipeAcct), [format!("{} {head} 19 25", asked.len())]);
    assert_eq!(end_of_session(&rig), "TX_PIPE");
}

#[test]
fn the_backend_may_end_first_and_go_on_reading() {
    let origin = Origin::start(|_, mut connection| {
        connection.head();
        connection.send("bye");
        connection.end_writing();
        assert_eq!(connection.take(5), b"after");
    });
    let rig = Rig::start(DIALECT, origin.address, ROUTES);
    let mut client = rig.connect();
    client.send("GET /pipe HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.rest(), "bye");
    client.send("after");
    client.half_close();
    let request = request(&rig);
    assert_eq!(request.note("pipe.end"), Some("backend"));
    assert!(request.texts(Tag::PipeAcct)[0].ends_with(" 5 3"), "{request:?}");
}

#[test]
fn a_reset_ends_the_tunnel_at_once() {
    let origin = Origin::start(|number, mut connection| {
        connection.head();
        connection.send("hello\n");
        match number {
            1 => assert_eq!(connection.take(1), b""),
            _ => connection.reset(),
        }
    });
    let rig = Rig::start(DIALECT, origin.address, ROUTES);
    let client = open(&rig);
    socket2::SockRef::from(&client.stream).set_linger(Some(std::time::Duration::ZERO)).unwrap();
    drop(client);
    assert_eq!(request(&rig).note("pipe.end"), Some("client_reset"));

    let mut client = open(&rig);
    assert_eq!(client.rest(), "");
    let all = rig.sessions(2);
    let last = all.iter().rfind(|one| one.kind() == "req").unwrap();
    assert_eq!(last.note("pipe.end"), Some("backend_reset"));
}

#[test]
fn whoever_does_not_read_holds_up_whoever_writes() {
    let origin = Origin::start(|_, mut connection| {
        connection.head();
        connection.send("hello\n");
        // Far more than all buffers on the way.
        connection.send(vec![b'x'; 48 << 20]);
        connection.send("end");
    });
    let rig = Rig::start(DIALECT, origin.address, ROUTES);
    let mut client = open(&rig);
    let stuck = |rig: &Rig| {
        let shot = rig.in_flight(|shot| {
            shot.requests
                .first()
                .is_some_and(|one| one.phase == Phase::Pipe && one.bytes.from_backend > 0)
        });
        shot.requests[0].bytes
    };
    // What the proxy has taken without the client reading stays far below what the backend has.
    let bytes = stuck(&rig);
    assert!(bytes.from_backend < 40 << 20, "{bytes:?}");
    // Others are served meanwhile, by the same thread.
    let other = rig.exchange("GET /denied HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(other.starts_with("HTTP/1.1 410 Gone\r\n"), "{other}");
    client.half_close();
    let rest = client.rest();
    assert_eq!((rest.len(), &rest[rest.len() - 3..]), ((48 << 20) + 3, "end"));
}

#[test]
fn a_stream_without_end_leaves_room_for_others() {
    let origin = Origin::start(|_, mut connection| {
        if connection.head().unwrap().starts_with("GET /pipe") {
            connection.send("hello\n");
            let block = vec![b'x'; 1 << 20];
            while connection.try_send(&block) {}
        } else {
            connection.respond(200, "answer");
        }
    });
    let rig = Rig::start(DIALECT, origin.address, ROUTES);
    let mut client = open(&rig);
    let reader = thread::spawn(move || {
        let mut block = vec![0; 1 << 20];
        while let Ok(1..) = client.stream.read(&mut block) {}
    });
    for _ in 0..20 {
        assert!(rig.exchange(get("/small")).ends_with("answer"));
    }
    let shot = rig.in_flight(|shot| !shot.requests.is_empty());
    assert!(rig.engine.control().kill(shot.requests[0].xid.unwrap(), "enough"));
    reader.join().unwrap();
}

#[test]
fn a_tunnel_without_traffic_ends() {
    let origin = Origin::start(echo);
    let settings = format!("{ROUTES}[timeouts]\npipe_idle = '300ms'\n");
    let rig = Rig::start(DIALECT, origin.address, &settings);
    let mut client = open(&rig);
    assert_eq!(client.rest(), "");
    let request = request(&rig);
    assert_eq!(
        (request.note("pipe.end"), request.note("pipe.limit")),
        (Some("idle"), Some("0.300000"))
    );
    assert_eq!(end_of_session(&rig), "TX_PIPE");
}

#[test]
fn a_client_that_takes_slowly_but_steadily_keeps_its_tunnel() {
    let origin = Origin::start(|_, mut connection| {
        connection.head();
        connection.send(vec![b'x'; 64 << 20]);
    });
    let settings = format!("{ROUTES}[timeouts]\npipe_idle = '2s'\n");
    let rig = Rig::start(DIALECT, origin.address, &settings);
    let mut client = with_little_room(&rig);
    client.write_all(b"GET /pipe HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    take_slowly(&mut client);
    drop(client);
    assert_eq!(request(&rig).note("pipe.end"), Some("client_reset"));
}

#[test]
fn a_backend_that_takes_slowly_but_steadily_keeps_its_tunnel() {
    const LEN: usize = 16 << 20;
    let origin = Origin::start(|_, mut connection| {
        connection.head();
        let left = take_body_slowly(&mut connection, LEN);
        connection.send(format!("{left} left"));
    });
    let settings = format!("{ROUTES}[timeouts]\npipe_idle = '2s'\n");
    let rig = Rig::start(DIALECT, origin.address, &settings);
    let mut client = rig.connect();
    client.send("GET /pipe HTTP/1.1\r\nHost: a\r\n\r\n");
    client.send(vec![b'x'; LEN]);
    client.half_close();
    assert_eq!(client.rest(), "0 left");
    assert_eq!(request(&rig).note("pipe.end"), Some("client"));
}

#[test]
fn a_tunnel_with_traffic_ends_when_its_time_is_over() {
    let origin = Origin::start(echo);
    let settings = format!("{ROUTES}[timeouts]\npipe_idle = '20s'\npipe_total = '500ms'\n");
    let rig = Rig::start(DIALECT, origin.address, &settings);
    let mut client = open(&rig);
    let mut byte = [0];
    while client.stream.write_all(b"x").is_ok() && matches!(client.stream.read(&mut byte), Ok(1)) {}
    let request = request(&rig);
    assert_eq!(
        (request.note("pipe.end"), request.note("pipe.limit")),
        (Some("total"), Some("0.500000"))
    );
}

#[test]
fn a_route_has_its_own_times_for_tunnels() {
    let origin = Origin::start(echo);
    let own = "[[route]]\npath = '/pipe'\naction = 'pipe'\n[route.timeouts]\npipe_idle = '300ms'\npipe_total = '20s'\n";
    let settings = format!("{own}[timeouts]\npipe_idle = '30s'\npipe_total = 'none'\n");
    let rig = Rig::start(DIALECT, origin.address, &settings);
    let mut client = open(&rig);
    assert_eq!(client.rest(), "");
    let request = request(&rig);
    assert_eq!(
        (request.note("pipe.end"), request.note("pipe.limit")),
        (Some("idle"), Some("0.300000"))
    );
}

#[test]
fn beyond_the_limit_a_tunnel_is_refused_and_the_log_names_it() {
    let origin = Origin::start(|_, mut connection| {
        if connection.head().is_some_and(|head| head.starts_with("GET /pipe")) {
            connection.send("hello\n");
            connection.echo();
        } else {
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nanswer");
        }
    });
    let settings = format!("{ROUTES}[limits]\npipe_max = 1\n");
    let rig = Rig::start(DIALECT, origin.address, &settings);
    let mut first = open(&rig);
    for asked in ["GET /pipe HTTP/1.1\r\nHost: a\r\n\r\nGET /ahead".to_owned(), upgrade("/ws")] {
        let answer = rig.exchange(asked);
        assert!(answer.starts_with("HTTP/1.1 503 Too many tunnels\r\n"), "{answer}");
        assert!(answer.contains("\r\nConnection: close\r\n"), "{answer}");
    }
    // What asks for no tunnel needs no place.
    assert!(rig.exchange(get("/small")).ends_with("answer"));
    rig.counts(&[(Main::PipeLimited, 2), (Main::NPipe, 1)]);
    let refused = |all: &[Transaction]| {
        let named = |one: &&Transaction| one.note("http.refused") == Some("limits.pipe_max");
        all.iter().filter(named).count()
    };
    assert_eq!(refused(&rig.sessions(3)), 2);
    first.half_close();
    assert_eq!(first.rest(), "");
    rig.sessions(4);
    open(&rig);
}

#[test]
fn a_tunnel_is_seen_counted_and_ended_from_outside() {
    let origin = Origin::start(echo);
    let rig = Rig::start(DIALECT, origin.address, ROUTES);
    let mut client = open(&rig);
    client.send("12345");
    client.until("12345");
    let shot = rig.in_flight(|shot| {
        shot.requests
            .first()
            .is_some_and(|one| one.bytes.to_client == 11 && one.phase == Phase::Pipe)
    });
    let shown = &shot.requests[0];
    assert_eq!((shown.bytes.from_backend, shown.attempt), (11, 1));
    assert_eq!(shown.bytes.from_client, 31 + 5);
    // It is in the log while it lasts.
    let xid = shown.xid.unwrap();
    rig.journal.wait(DIALECT, |all| {
        all.iter().any(|one| one.xid() == xid && one.texts(Tag::Timestamp).len() == 4)
    });
    rig.counts(&[(Main::NPipe, 1), (Main::SPipeOut, 11)]);
    // Whoever drains a backend waits for it.
    let loads = rig.engine.control().in_flight(|_| true);
    assert_eq!((loads[0].in_flight, loads[0].phases.get(&Phase::Pipe)), (1, Some(&1)));
    assert!(rig.engine.control().kill(xid, "maintenance"));
    assert_eq!(client.rest(), "");
    let request = request(&rig);
    assert_eq!(
        (request.note("pipe.end"), request.note("pipe.reason")),
        (Some("admin"), Some("maintenance"))
    );
    rig.counts(&[
        (Main::NPipe, 0),
        (Main::ScTxPipe, 1),
        (Main::SPipe, 1),
        (Main::SPipeIn, 5),
        (Main::SPipeHdrbytes, 31),
    ]);
}

#[test]
fn an_upgrade_becomes_a_tunnel() {
    let origin = Origin::start(|_, mut connection| {
        connection.head();
        connection.send(format!("{SWITCHING}hello"));
        connection.echo();
    });
    let rig = Rig::start(DIALECT, origin.address, ROUTES);
    let mut client = rig.connect();
    client.send(format!("{}early", upgrade("/ws")));
    let head = client.until("\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{head}");
    assert!(head.contains("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"), "{head}");
    client.until("helloearly");
    client.send("late");
    client.half_close();
    assert_eq!(client.rest(), "late");
    let seen = &origin.seen()[0];
    // Only what the route knows goes on.
    assert_eq!(
        (seen.header("Upgrade"), seen.header("Connection")),
        (Some("websocket"), Some("Upgrade"))
    );
    let request = request(&rig);
    assert_eq!(request.xid(), xid(&head));
    assert!(request.texts(Tag::PipeAcct)[0].ends_with(" 9 14"), "{request:?}");
    assert_eq!(request.note("pipe.end"), Some("client"));
}

#[test]
fn only_what_was_asked_for_becomes_a_tunnel() {
    let cases = [
        // Another protocol, none at all, and one that nobody asked for.
        (upgrade("/ws"), SWITCHING.replace("websocket", "chat"), "503"),
        (upgrade("/ws"), SWITCHING.replace("Upgrade: websocket\r\n", ""), "503"),
        (upgrade("/plain"), SWITCHING.to_owned(), "503"),
        (get("/ws"), SWITCHING.to_owned(), "503"),
        (upgrade("/ws").replace("HTTP/1.1", "HTTP/1.0"), SWITCHING.to_owned(), "503"),
        // An answer like any other; what follows is not taken for a request.
        (
            format!("{}GET /x HTTP/1.1\r\nHost: a\r\n\r\n", upgrade("/ws")),
            "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n".to_owned(),
            "403",
        ),
    ];
    for (request, answer, status) in cases {
        let origin = Origin::start(move |_, mut connection| {
            connection.head();
            connection.send(&answer);
            connection.wait_for_end();
        });
        let settings = ROUTES
            .replace("[[route]]\n[[", "[[route]]\n[route.retry]\nmax = 0\n[[")
            .replace("']\n    ", "']\n[route.retry]\nmax = 0\n");
        let rig = Rig::start(DIALECT, origin.address, &settings);
        let mut client = rig.connect();
        client.send(&request);
        if !request.contains("Connection: close") && status == "503" {
            client.half_close();
        }
        let answer = client.rest();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{request:?}: {answer}");
        assert_eq!(origin.seen().len(), 1, "{request:?}");
    }
}

#[test]
fn connect_goes_through_where_a_route_says_so() {
    let origin = Origin::start(|_, mut connection| {
        connection.head();
        connection.send("HTTP/1.1 200 OK\r\n\r\n");
        connection.echo();
    });
    let rig = Rig::start(DIALECT, origin.address, ROUTES);
    let mut client = rig.connect();
    client.send("CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n");
    client.until("HTTP/1.1 200 OK\r\n\r\n");
    client.send("hello");
    client.until("hello");
    client.half_close();
    assert_eq!(client.rest(), "");
    let seen = &origin.seen()[0];
    assert!(seen.head.starts_with("CONNECT example.org:443 HTTP/1.1\r\n"), "{}", seen.head);
    assert_eq!(seen.header("Connection"), None);
    let other = rig.exchange("CONNECT other.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n");
    assert!(other.starts_with("HTTP/1.1 501 Not Implemented\r\n"), "{other}");
    assert_eq!(origin.seen().len(), 1);
}

#[test]
fn no_tunnel_is_an_answer() {
    let rig = Rig::start(DIALECT, Origin::refusing(), ROUTES);
    let answer = rig.exchange(get("/pipe"));
    assert!(answer.starts_with("HTTP/1.1 503 Backend fetch failed\r\n"), "{answer}");
    let request = request(&rig);
    assert_eq!(request.note("pipe.answer"), Some("503"));
    let acct = format!(" 0 0 {}", answer.len());
    assert!(request.texts(Tag::PipeAcct)[0].ends_with(&acct), "{request:?}");
    assert_eq!(end_of_session(&rig), "TX_ERROR");
    assert_eq!(request.xid(), xid(&answer));
}

#[test]
fn a_long_body_through_a_tunnel_arrives_as_it_was_sent() {
    let (address, received) = swallow();
    let rig = Rig::start(DIALECT, address, ROUTES);
    let mut client = rig.connect();
    let body: Vec<u8> = (0..8_u32 << 20).map(|at| (at % 251) as u8).collect();
    let head = format!(
        "PUT /pipe HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    );
    client.send(head);
    client.send(&body);
    client.half_close();
    assert_eq!(client.rest(), "done");
    let all = received.join().unwrap();
    let end = all.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8_lossy(&all[..end]).into_owned();
    assert!(
        head.contains("Expect: 100-continue") && head.contains("Content-Length: 8388608"),
        "{head}"
    );
    assert!(all[end..] == body, "{} bytes", all.len() - end);
    rig.backend_counts(0, &[(Vbe::PipeOut, body.len() as u64), (Vbe::PipeIn, 4), (Vbe::Conn, 0)]);
}

/// A server that takes everything, then says so.
fn swallow() -> (SocketAddr, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = thread::spawn(move || {
        let (mut stream, _): (TcpStream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        stream.write_all(b"done").unwrap();
        stream.shutdown(Shutdown::Both).unwrap();
        all
    });
    (address, thread)
}
