//! Both log tools beside a varnishd that has much to do: they give the same set of groups.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use super::TARGETS;
use super::live::{Follower, until_shown};
use super::their_ring::Varnish;
use crate::support::client::Client;
use crate::support::varnish;

const CLIENTS: usize = 4;
const REQUESTS_PER_CLIENT: usize = 400;
const REQUESTS_PER_CONNECTION: usize = 20;
/// Between two requests of a client, so that no reader falls behind a ring of 80 MB.
const PAUSE: Duration = Duration::from_millis(2);

/// The requests of one client, each with a name of its own.
fn load(address: SocketAddr, client: usize) {
    for first in (0..REQUESTS_PER_CLIENT).step_by(REQUESTS_PER_CONNECTION) {
        let mut connection = Client::connect(address);
        for number in first..first + REQUESTS_PER_CONNECTION {
            let target = TARGETS[number % TARGETS.len()];
            let host = format!("Host: load-{client}-{number}\r\n");
            if number % 3 == 0 {
                connection.send(format!(
                    "POST {target} HTTP/1.1\r\n{host}Content-Length: 5\r\n\r\n12345"
                ));
                connection.answer("POST");
            } else {
                connection.send(format!("GET {target} HTTP/1.1\r\n{host}\r\n"));
                connection.answer("GET");
            }
            thread::sleep(PAUSE);
        }
    }
}

/// The groups of the load, without their order.
fn groups(text: &str) -> BTreeSet<&str> {
    text.split_inclusive("\n\n")
        .filter(|group| group.contains("ReqHeader      Host: load-"))
        .collect()
}

#[test]
fn a_busy_varnishd_gives_the_same_groups_to_both() {
    if !varnish::is_here() {
        return;
    }
    let varnish = Varnish::start_with(&["-p", "vsl_space=80m"]);
    let directory = tempfile::tempdir().unwrap();
    let workdir = varnish.workdir();
    let args = |grouping| ["-n", workdir.to_str().unwrap(), "-g", grouping];
    let pairs = ["request", "session"].map(|grouping| {
        let (ours, theirs) = (format!("ours-{grouping}"), format!("theirs-{grouping}"));
        let own = [&["log"], &args(grouping)[..]].concat();
        let program = env!("CARGO_BIN_EXE_shellac");
        [
            Follower::start("varnishlog", &args(grouping), directory.path(), &theirs),
            Follower::start(program, &own, directory.path(), &ours),
        ]
    });
    let followers: Vec<&Follower> = pairs.iter().flatten().collect();
    until_shown(&varnish, "/first", &followers);
    let address = varnish.varnishd.address();
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            scope.spawn(move || load(address, client));
        }
    });
    until_shown(&varnish, "/last", &followers);
    let requests = CLIENTS * REQUESTS_PER_CLIENT;
    for ([theirs, ours], expected) in
        pairs.iter().zip([requests, requests / REQUESTS_PER_CONNECTION])
    {
        let (their_text, our_text) = (theirs.text(), ours.text());
        let (their_groups, our_groups) = (groups(&their_text), groups(&our_text));
        let only_theirs: Vec<_> = their_groups.difference(&our_groups).take(1).collect();
        let only_ours: Vec<_> = our_groups.difference(&their_groups).take(1).collect();
        assert!(only_theirs.is_empty() && only_ours.is_empty(), "{only_theirs:?} {only_ours:?}");
        assert_eq!(our_groups.len(), expected);
        assert_eq!((theirs.complaints(), ours.complaints()), Default::default());
    }
}
