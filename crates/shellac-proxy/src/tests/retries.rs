//! Retries: when they are made, on what, and with which body.

use shellac_format::{Dialect, Tag};

use super::origin::{Connection, Origin, Seen};
use super::rig::{Rig, body, get, post};

const DIALECT: Dialect = Dialect::Vs9_0;
const POSTS: &str =
    "[[route]]\npath = \"/\"\n[route.retry]\nmethods = [\"GET\", \"POST\"]\nmax = 2\n";

/// Closes its first connection after a request, serves the others.
fn closes_first(number: usize, mut connection: Connection) {
    if number == 1 {
        connection.request();
    } else {
        connection.serve();
    }
}

fn connections(seen: &[Seen]) -> Vec<usize> {
    seen.iter().map(|seen| seen.connection).collect()
}

#[test]
fn every_attempt_has_its_number_and_the_whole_body() {
    let origin = Origin::start(closes_first);
    let rig = Rig::start(DIALECT, origin.address, POSTS);
    let data = "0123456789".repeat(50_000);
    let response = rig.exchange(post("/a", &data));
    assert_eq!(body(&response), "answer");
    let seen = origin.seen();
    assert_eq!(connections(&seen), [1, 2]);
    assert!(seen.iter().all(|seen| seen.body == data.as_bytes()));
    let all = rig.sessions(1);
    let attempts: Vec<_> = all.iter().filter(|one| one.kind() == "bereq").collect();
    let numbers: Vec<u64> = attempts.iter().map(|one| one.xid()).collect();
    assert_eq!(numbers, seen.iter().map(Seen::xid).collect::<Vec<_>>());
    assert_eq!(attempts[1].parent(), attempts[0].xid());
    for attempt in &attempts {
        assert_eq!(attempt.note("fetch.sent"), Some("500000"));
        assert_eq!(attempt.note("fetch.acked"), Some("500000"));
    }
    assert_eq!(attempts[0].note("fetch.expected"), Some("500000"));
    // The head was taken too, and it is longer than a line.
    let taken: u64 = attempts[0].note("fetch.taken").and_then(|it| it.parse().ok()).unwrap();
    assert!((500_020..501_000).contains(&taken), "{taken}");
    // The bytes of both attempts stand in the last one.
    assert_eq!(attempts[0].texts(Tag::BereqAcct), Vec::<&str>::new());
    let acct: Vec<u64> =
        attempts[1].texts(Tag::BereqAcct)[0].split(' ').map(|word| word.parse().unwrap()).collect();
    assert_eq!(acct[1], 1_000_000);
}

#[test]
fn a_backend_that_closes_without_reading_the_body_is_asked_again() {
    let origin = Origin::start(|number, mut connection| {
        if number == 1 {
            // Only the head is read: closing with the rest unread is a reset.
            connection.head();
        } else {
            connection.serve();
        }
    });
    let rig = Rig::start(DIALECT, origin.address, POSTS);
    let data = "0123456789".repeat(10_000);
    let response = rig.exchange(post("/a", &data));
    assert_eq!(body(&response), "answer");
    assert!(origin.seen()[1].body == data.as_bytes());
}

#[test]
fn methods_that_are_not_named_are_not_tried_again() {
    let origin = Origin::start(closes_first);
    let rig = Rig::start(DIALECT, origin.address, "");
    let response = rig.exchange(post("/a", "hello"));
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    assert_eq!(origin.seen().len(), 1);
    assert_eq!(body(&rig.exchange(get("/b"))), "answer");
}

#[test]
fn a_reused_connection_that_ends_is_replaced_by_a_fresh_one() {
    let origin = Origin::start(|number, mut connection| {
        connection.request();
        connection.respond(200, "first");
        // The first connection takes one more request and ends.
        if connection.request().is_some() && number > 1 {
            connection.respond(200, "second");
            connection.serve();
        }
    });
    let rig = Rig::start(DIALECT, origin.address, "");
    assert_eq!(body(&rig.exchange(get("/a"))), "first");
    assert_eq!(body(&rig.exchange(get("/b"))), "first");
    assert_eq!(connections(&origin.seen()), [1, 1, 2]);
    let all = rig.sessions(2);
    let failed = all.iter().find(|one| !one.texts(Tag::FetchError).is_empty()).unwrap();
    assert_eq!(failed.note("fetch.reused"), Some("1"));
    assert!(failed.note("fetch.age").is_some());
    let opened = failed.texts(Tag::BackendOpen);
    assert!(opened[0].contains(" reuse "), "{opened:?}");
}

#[test]
fn a_post_is_not_replayed_on_a_reused_connection() {
    let origin = Origin::start(|_, mut connection| {
        connection.request();
        connection.respond(200, "first");
        connection.request();
    });
    let rig = Rig::start(DIALECT, origin.address, "");
    rig.exchange(get("/a"));
    let response = rig.exchange(post("/b", "hello"));
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    assert_eq!(origin.seen().len(), 2);
}

#[test]
fn a_retry_prefers_a_backend_that_was_not_tried() {
    let healthy = Origin::start(|_, mut connection| connection.serve());
    let backends = [Origin::refusing(), healthy.address];
    let rig = Rig::with_backends(DIALECT, &backends, "");
    // A connection that did not come about has carried nothing, so a POST may go elsewhere.
    assert_eq!(body(&rig.exchange(post("/a", "hello"))), "answer");
    assert_eq!(healthy.seen().len(), 1);
    let all = rig.sessions(1);
    assert_eq!(all.iter().filter(|one| one.kind() == "bereq").count(), 2);
}

#[test]
fn a_listed_status_is_tried_again_and_the_last_one_delivered() {
    let origin = Origin::start(|_, mut connection| {
        while connection.request().is_some() {
            connection.respond(502, "refused");
        }
    });
    let settings = "[[route]]\npath = \"/\"\n[route.retry]\non = [\"status\"]\nstatuses = [502]\nmax = 2\nconnection = \"any\"\n";
    let rig = Rig::start(DIALECT, origin.address, settings);
    let response = rig.exchange(get("/a"));
    assert!(response.starts_with("HTTP/1.1 502 ") && body(&response) == "refused", "{response}");
    // The refused responses were short, so their connection carried the next attempt.
    assert_eq!(connections(&origin.seen()), [1, 1, 1]);
}

#[test]
fn a_long_refused_response_costs_its_connection() {
    let origin = Origin::start(|number, mut connection| {
        connection.request();
        if number == 1 {
            connection.send("HTTP/1.1 502 Text\r\nContent-Length: 1000000\r\n\r\nabc");
        } else {
            connection.respond(200, "answer");
        }
        connection.wait_for_end();
    });
    let settings = "[[route]]\npath = \"/\"\n[route.retry]\non = [\"status\"]\nstatuses = [502]\nconnection = \"any\"\n";
    let rig = Rig::start(DIALECT, origin.address, settings);
    assert_eq!(body(&rig.exchange(get("/a"))), "answer");
    let all = rig.sessions(1);
    assert!(all[1].texts(Tag::BackendClose)[0].ends_with("close RESP_CLOSE"), "{all:#?}");
}

#[test]
fn an_idle_connection_that_the_backend_closed_is_not_used() {
    let origin = Origin::start(|_, mut connection| {
        connection.request();
        connection.respond(200, "answer");
    });
    let rig = Rig::start(DIALECT, origin.address, "");
    rig.exchange(get("/a"));
    // The end is seen by the sweep, and said outside of any transaction.
    rig.journal.wait_loose(DIALECT, |line| {
        line.tag == Tag::BackendClose && line.text.ends_with("b0 close REM_CLOSE")
    });
    rig.exchange(post("/b", "hello"));
    assert_eq!(connections(&origin.seen()), [1, 2]);
}
