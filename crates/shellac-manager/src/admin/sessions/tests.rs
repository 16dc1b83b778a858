use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use shellac_admin::{Answer, Challenge, Commands, Host, Session};

use super::{Connection, LIMITS, SessionId, Sessions, Stream};
use crate::admin::commands;
use crate::supervise::now;

#[test]
fn one_who_left_before_the_answer_is_not_waited_on() {
    let commands = Commands::new(&[commands::ROWS]);
    let host = Host {
        commands: &commands,
        banner: "",
        worker_runs: true,
        answer_bytes: 1 << 10,
        now: Duration::ZERO,
    };
    let at: Instant = now();
    let (stream, mut client) = UnixStream::pair().unwrap();
    stream.set_nonblocking(true).unwrap();
    let mut sessions = Sessions::new(Duration::from_secs(60));
    let session = Session::open(LIMITS, None, Challenge::from_random([0; 32]), &host);
    let id = SessionId(1);
    sessions.list.push(Connection {
        id,
        stream: Stream::Unix(stream),
        from: String::new(),
        session,
        since: at,
        active: at,
        broken: false,
    });
    sessions.send(at);
    assert_eq!(sessions.interests().count(), 1);
    // Closing with something unread would be a reset.
    let mut greeting = [0; 64];
    assert!(client.read(&mut greeting).unwrap() < greeting.len());
    client.write_all(b"start\n").unwrap();
    drop(client);
    assert_eq!(sessions.receive(&host, at).len(), 1);
    assert!(sessions.receive(&host, at).is_empty(), "that was the end");
    assert_eq!(sessions.interests().count(), 0);
    // What is left of it goes with the answer.
    sessions.answer(id, Answer::ok(""), &host);
    sessions.send(at);
    assert!(sessions.list.is_empty());
}
