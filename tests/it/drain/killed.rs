//! The same with a backend that is processes of its own, all of which are killed the moment it is said to be drained.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use super::rounds::{client, discard_unused, reload, rounds};
use super::{adm, config};
use crate::support::daemon::Daemon;
use crate::support::deadline::Deadline;
use crate::support::nginx::{self, Nginx};

/// Rounds, unless `SHELLAC_ROUNDS` says otherwise.
const ROUNDS: usize = 12;
/// As root its workers would be somebody who cannot read the test's directory.
const MAIN: &str = "user root;\nworker_processes 2;";

/// Bodies of 4,000 bytes: of /slow in four pieces with pauses between them. Few clients can wait for it to take their connection.
fn blocks(name: &str) -> String {
    let body = "x".repeat(3992) + "halfhalf";
    format!(
        "sendfile_max_chunk 1k;\nserver {{ listen LISTEN backlog=2;\nadd_header X-Backend {name};\n\
         location / {{ return 200 {body}; }}\n\
         location /slow {{ limit_rate 50k; return 200 {body}; }} }}\n"
    )
}

fn start(address: SocketAddr, name: &str) -> Nginx {
    Deadline::generous()
        .wait_for("nginx on its address", || Nginx::at(address, MAIN, &blocks(name)).ok())
}

#[test]
fn processes_that_are_killed_when_they_are_drained_are_missed_by_nobody() {
    if !nginx::is_here() {
        return;
    }
    // Two at once, so that they are not the same.
    let free = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
    let [address, other] = free.map(|socket| socket.local_addr().expect("an address"));
    let _survivor = start(other, "survivor");
    let mut victim = start(address, "victim");
    let root = tempfile::tempdir().expect("a temporary directory");
    let workdir = root.path().join("w");
    // Whatever goes wrong shall be seen: nothing is tried twice. A full backlog makes a connection wait for 1, 3 and 7 s, which is no fault.
    let route = "[timeouts]\nconnect = \"20s\"\n[[route]]\npath = \"/\"\n[route.retry]\non = [\"reused\"]\n";
    let daemon = Daemon::start(&workdir, &(config(&[address, other]) + route));
    let over = AtomicBool::new(false);
    let [by_victim, waits] = [(); 2].map(|()| AtomicUsize::new(0));
    let served = |answer: &[u8]| {
        let head = String::from_utf8_lossy(answer);
        if head.contains("X-Backend: victim\r\n") {
            by_victim.fetch_add(1, Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|number| {
                let (proxy, over, served) = (daemon.address(), &over, &served);
                scope.spawn(move || client(proxy, number, over, served))
            })
            .collect();
        let is_well = || clients.iter().all(|client| !client.is_finished());
        for round in 0..rounds(ROUNDS) {
            let before = by_victim.load(Ordering::Relaxed);
            Deadline::generous().wait_for("the backend to serve", || {
                let now = by_victim.load(Ordering::Relaxed);
                (!is_well() || now >= before + 3).then_some(())
            });
            if !is_well() {
                break;
            }
            let mut reload = (round % 2 == 1).then(|| reload(&workdir));
            let drain = ["drain", "b0", "--wait", "--quiet", "0s", "--json"];
            let (status, text) = adm(&workdir, &drain);
            victim.kill();
            assert_eq!(status, Some(0), "round {round}: {text}");
            waits.fetch_add(text.matches("\"waiting\"").count(), Ordering::Relaxed);
            if let Some(reload) = &mut reload {
                discard_unused(&workdir, reload);
            }
            victim = start(address, "victim");
            let (status, text) = adm(&workdir, &["undrain", "b0", "--wait-healthy", "1"]);
            assert_eq!(status, Some(0), "round {round}: {text}");
        }
        over.store(true, Ordering::Relaxed);
        for client in clients {
            let served = client.join().expect("a client").unwrap_or_else(|error| panic!("{error}"));
            assert!(served > 0);
        }
    });
    assert!(waits.into_inner() > 0, "no drain had anything to wait for");
}
