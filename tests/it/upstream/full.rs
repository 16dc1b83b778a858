//! `max_conns` is for the backend, whichever threads its requests are on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::client::Client;
use crate::support::daemon::Daemon;
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, ok};

/// `max_conns` of the backend.
const LIMIT: usize = 3;
/// Clients at a time. That the kernel gives all of them to one of two threads is as likely as 31 heads in a row.
const CLIENTS: usize = 32;

#[test]
fn no_more_requests_are_under_way_than_allowed_over_all_threads() {
    // How many rounds are over: the requests of those may be answered.
    let over = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&over);
    let origin = Origin::start(move |asked| {
        let round: usize = asked.target[1..].parse().expect("a number");
        Deadline::after(Duration::from_secs(30)).wait_for("the end of the round", || {
            (seen.load(Ordering::Relaxed) > round).then_some(())
        });
        vec![ok("served")]
    });
    let root = tempfile::tempdir().unwrap();
    let text = Daemon::config(
        origin.address(),
        "[timeouts]\nclient_idle = \"60s\"\nclient_head = \"60s\"\nconnect = \"60s\"\n[[route]]\n[route.retry]\nmax = 0\n",
    )
    .replacen("[log]", &format!("max_conns = {LIMIT}\n[log]"), 1);
    assert!(text.contains("threads = 2"));
    let daemon = Daemon::start(&root.path().join("w"), &text);
    for round in 0..3 {
        let mut clients: Vec<Client> = (0..CLIENTS)
            .map(|_| {
                let mut client = Client::connect(daemon.address());
                client.send(format!("GET /{round} HTTP/1.1\r\nHost: a\r\n\r\n"));
                client
            })
            .collect();
        // Whoever is too many is told at once; those who are served wait until nobody else does.
        Deadline::generous().wait_for("the backend to be full", || {
            (origin.received().len() == LIMIT * (round + 1)).then_some(())
        });
        let refused = (CLIENTS - LIMIT) * (round + 1);
        Deadline::generous().wait_for("all others to be refused", || {
            (counted(&daemon, "VBE.boot.b0.busy") == refused).then_some(())
        });
        assert_eq!(
            origin.received().len(),
            LIMIT * (round + 1),
            "never more than {LIMIT} at a time"
        );
        over.store(round + 1, Ordering::Relaxed);
        let mut statuses: Vec<(u16, String)> = clients
            .iter_mut()
            .map(|client| {
                let answer = client.answer("GET");
                (answer.status, answer.text())
            })
            .collect();
        statuses.sort();
        let (served, others) = statuses.split_at(LIMIT);
        assert!(served.iter().all(|(status, text)| *status == 200 && text == "served"));
        assert!(others.iter().all(|(status, _)| *status == 503), "{others:?}");
        // A place is free as soon as its request has ended, which is a moment after the client has its answer.
        Deadline::generous()
            .wait_for("free places", || (counted(&daemon, "VBE.boot.b0.conn") == 0).then_some(()));
    }
}

/// A counter as `shellac stat` has it.
fn counted(daemon: &Daemon, name: &str) -> usize {
    let text = daemon.tool("stat", &["-1", "-f", name]);
    let number = text.split_ascii_whitespace().nth(1).and_then(|number| number.parse().ok());
    number.unwrap_or_else(|| panic!("no {name} in {text:?}"))
}
