//! The clients and the server of the training, without a proxy between them.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::thread;

use super::{load, most, origin};

/// A server that says the same to every connection, once, and closes it.
fn says(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // The client may have gone: it is told apart below what it saw.
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

#[test]
fn every_request_of_the_training_is_answered() {
    let origin = origin::start().expect("a server");
    let sent = load::run(origin, 2).expect("answers");
    assert_eq!(sent, 2 * 32 * 2 * 20, "threads, connections, turns, requests in a turn");
}

#[test]
fn a_proxy_that_fails_is_no_training() {
    let closes =
        load::run(says("HTTP/1.1 503 Backend fetch failed\r\nContent-Length: 0\r\n\r\n"), 1);
    assert!(closes.is_err(), "a 503 was taken for an answer");
    let cut = load::run(says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour"), 1);
    assert!(cut.is_err(), "a body that is cut was taken for an answer");
}

#[test]
fn the_largest_count_of_all_blocks_is_found() {
    // As LLVM 22 writes it.
    let shown = "Counters:\n  _ZN6client7request5serveE:\n    Hash: 0x0baf863fc1c339a3\n    Counters: 3\n    Block counts: [17, 1830414, 0]\n\
                   _ZN6client7request5serve7closureE:\n    Hash: 0x01\n    Counters: 1\n    Block counts: [18]\nFunctions shown: 2\n\
                 Maximum function count: 99999999\n";
    assert_eq!(most(shown), Some(1_830_414));
    assert_eq!(most("Counters:\nFunctions shown: 0\nMaximum function count: 9\n"), None);
}
