//! What is said about simulated logs.

use std::time::Duration;

use shellac_format::Tag;

use super::events::EventKind;
use super::simulated::{Asked, BEGIN, Simulation};

#[test]
fn a_bad_backend_is_named() {
    let mut simulation = Simulation::new(1);
    simulation.run(0..60, 40, |backend| if backend == "api2" { 0.3 } else { 0.005 });
    let traffic = simulation.traffic(60);
    let suspicion = traffic.suspicion.expect("a suspicion");
    assert_eq!(
        (suspicion.dimension, &suspicion.values[..]),
        ("backend", &["backend=api2".to_owned()][..])
    );
    assert_eq!(suspicion.more_values, 0);
    assert!((0.2..0.4).contains(&suspicion.rate), "{suspicion:?}");
    assert!(suspicion.rate_of_others < 0.02, "{suspicion:?}");
    assert!(suspicion.share_of_failures > 0.8, "{suspicion:?}");
    assert_eq!(suspicion.since, Duration::from_secs(BEGIN + 60));
    // It is over a minute after the last failure.
    simulation.run(60..125, 40, |_| 0.0);
    assert_eq!(simulation.traffic(125).suspicion, None);
}

#[test]
fn failures_that_are_spread_evenly_are_not_blamed_on_anybody() {
    for seed in 0..6 {
        let mut simulation = Simulation::new(seed);
        for second in [15, 30, 60] {
            simulation.run(second / 2..second, 20, |_| 0.1);
            let traffic = simulation.traffic(second);
            assert!(traffic.minute.sums.failures > 10, "there is something to blame");
            assert_eq!(traffic.suspicion, None, "after {second} seconds");
        }
    }
}

#[test]
fn a_bad_backend_is_named_when_requests_are_so_many_that_samples_are_taken() {
    let mut simulation = Simulation::new(3);
    simulation.run(0..15, 1000, |backend| if backend == "api3" { 0.2 } else { 0.01 });
    let suspicion = simulation.traffic(15).suspicion.expect("a suspicion");
    assert_eq!(suspicion.values, ["backend=api3"]);
    // What is said of rates is true of all requests, not of the samples.
    assert!((0.15..0.25).contains(&suspicion.rate), "{suspicion:?}");
    assert!((0.005..0.02).contains(&suspicion.rate_of_others), "{suspicion:?}");
}

#[test]
fn everything_is_counted_once() {
    let mut simulation = Simulation::new(4);
    simulation.run(0..30, 100, |backend| if backend == "api1" { 1.0 } else { 0.0 });
    let traffic = simulation.traffic(30);
    let bad = traffic.backends.iter().find(|one| one.name == "api1").expect("api1");
    let total = traffic.total;
    assert_eq!((total.requests, total.attempts, total.retries), (3000, 3000, 0));
    assert_eq!((bad.attempts, bad.failures), (bad.failures, total.failures));
    assert_eq!(total.errors, total.failures);
    assert_eq!(total.statuses, [0, 0, 3000 - total.errors, 0, 0, total.errors]);
    assert_eq!(traffic.classes, [("closed_before_answer_fresh".to_owned(), total.failures)]);
    assert_eq!(traffic.minute.sums, total);
    // The first request was answered after 3 or after 30 milliseconds.
    assert!((29_900..30_000).contains(&traffic.minute.span.as_millis()), "{:?}", traffic.minute);
    // The second that is under way is not among them.
    assert_eq!(traffic.seconds.len(), 30);
    assert!(traffic.seconds.iter().all(|second| second.requests == 100), "{:?}", traffic.seconds);
    assert_eq!(bad.address, "127.0.0.1:8080");
    assert_eq!((bad.connect.count(), bad.answer.count()), (bad.attempts, 0));
    assert_eq!(bad.statuses, [bad.attempts, 0, 0, 0, 0, 0]);
    let good = traffic.backends.iter().find(|one| one.name == "api2").expect("api2");
    assert_eq!(
        (good.answer.count(), good.answer.sum()),
        (good.attempts, Duration::from_millis(20 * good.attempts))
    );
    assert!((18_000..22_000).contains(&good.p50.expect("answers")), "{good:?}");
    assert_eq!(traffic.urls.len(), 1);
    assert_eq!((&traffic.urls[0].pattern[..], traffic.urls[0].requests), ("/item/#?*", 3000));
    assert_eq!(traffic.urls[0].errors, total.errors);
    let waits = traffic.minute.waits.expect("answers");
    assert!((29_000..31_000).contains(&waits.p90), "{waits:?}");
}

#[test]
fn more_failures_than_are_looked_at_are_counted_all_the_same() {
    let mut simulation = Simulation::new(5);
    simulation.run(0..2, 1500, |_| 1.0);
    let traffic = simulation.traffic(2);
    assert_eq!(traffic.total.failures, 3000);
    assert_eq!(traffic.classes, [("closed_before_answer_fresh".to_owned(), 3000)]);
    assert_eq!(traffic.failing.len(), 200);
}

#[test]
fn a_flood_of_one_failure_leaves_the_others_in_the_list() {
    let mut simulation = Simulation::new(6);
    let at = |second| Duration::from_secs(BEGIN + second);
    simulation.number = 1;
    let asked = Asked { backend: "rare", method: "GET", url: "/rare?token=x", fails: true };
    simulation.one(at(0), asked);
    simulation.run(1..4, 300, |_| 1.0);
    let traffic = simulation.traffic(4);
    let rare = traffic.failing.iter().find(|one| one.backend == "rare").expect("the rare one");
    assert_eq!(
        (rare.xid, rare.status, &rare.class[..]),
        (11, Some(503), "closed_before_answer_fresh")
    );
    let records = simulation.kept.records(rare.number).expect("its records");
    assert_eq!(records.len(), 2);
    assert_eq!(simulation.kept.records(1_000_000), None);
    // The latest comes first.
    assert!(traffic.failing.is_sorted_by_key(|one| std::cmp::Reverse(one.number)));
}

#[test]
fn what_happens_beside_requests_is_told() {
    let mut simulation = Simulation::new(7);
    let says = [
        (
            Tag::BackendHealth,
            "api1 Still healthy 4---X-RH 8 3 8 0.000100 0.000100 \"HTTP/1.1 200 OK\"",
        ),
        (Tag::BackendHealth, "boot.api1 Went sick 4---Xr-- 2 3 8 0.000000 0.000100 \"\x1b[31m\""),
        (Tag::Cli, "Rd ping"),
        (Tag::Cli, "Wr 200 19 PONG 1700000000 1.0"),
        (Tag::Cli, "Rd vcl.use reload_1"),
        (Tag::Cli, "Rd backend.set_health api1 sick "),
        (Tag::Cli, "Wr 200 0 "),
        (Tag::Cli, "Rd drain.wait -j 1 api1 "),
        (Tag::Cli, "EOF on CLI connection, worker stops"),
        (Tag::Notice, "shellac: something"),
        (Tag::Notice, "shellac: something"),
    ];
    simulation.says(0, &says);
    let traffic = simulation.traffic(1);
    let told: Vec<(EventKind, &str, u64)> =
        traffic.events.iter().map(|it| (it.kind, &it.text[..], it.times)).collect();
    assert_eq!(
        told,
        [
            (EventKind::Sick, "api1 Went sick 4---Xr-- 2 3 8 0.000000 0.000100 \"\\x1b[31m\"", 1),
            (EventKind::Configuration, "vcl.use reload_1", 1),
            (EventKind::Command, "backend.set_health api1 sick", 1),
            (EventKind::Worker, "EOF on CLI connection, worker stops", 1),
            (EventKind::Notice, "shellac: something", 2),
        ]
    );
    let api1 = &traffic.backends[0];
    assert_eq!((&api1.name[..], api1.attempts), ("api1", 0));
    assert!(api1.health.as_ref().is_some_and(|health| health.sick), "{api1:?}");
}

#[test]
fn a_log_of_earlier_times_is_put_where_it_belongs() {
    let mut simulation = Simulation::new(8);
    // Others have looked already when what lay in the log comes.
    assert_eq!(simulation.traffic(100).minute.sums.requests, 0);
    simulation.run(20..100, 10, |_| 0.0);
    let traffic = simulation.traffic(100);
    assert_eq!(traffic.total.requests, 800);
    // 45 to 100 seconds after the begin.
    assert_eq!(traffic.minute.sums.requests, 550);
    assert_eq!(traffic.urls[0].requests, 550);
    let backends: u64 = traffic.backends.iter().map(|it| it.minute_attempts).sum();
    assert_eq!(backends, 550);
    assert_eq!(traffic.seconds.len(), 80);
    assert!(traffic.seconds.iter().all(|second| second.requests == 10), "{:?}", traffic.seconds);
}
