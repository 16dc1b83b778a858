//! What nginx 1.22.1 did when it was measured, with a clock that is told.

mod timeline;

use std::sync::Arc;

use super::*;
use crate::endpoint::EndpointSpec;
use crate::in_flight::InFlight;
use crate::{PassiveState, Picker, PoolSpec, Rules};

pub(super) const OK: Outcome = Outcome::Answered { status: 200, retried: false };
pub(super) const REFUSED: Outcome = Outcome::Failed(Fault::Connect);

pub(super) fn at(seconds: f64) -> Duration {
    Duration::from_secs(1_800_000_000) + Duration::from_secs_f64(seconds)
}

pub(super) fn spec(number: usize) -> EndpointSpec {
    let last = u8::try_from(number).unwrap();
    EndpointSpec::new(format!("s{number}"), ([127, 0, 0, last], 10080).into())
}

pub(super) fn pool(
    policy: Policy,
    max_fails: u32,
    fail_timeout: u64,
    specs: impl IntoIterator<Item = EndpointSpec>,
) -> Picker {
    let endpoints = specs.into_iter().enumerate();
    let endpoints = endpoints.map(|(at, spec)| Arc::new(Endpoint::from_spec(at, spec))).collect();
    let fail_timeout = Duration::from_secs(fail_timeout);
    let rules = Rules::Nginx(NginxSettings { max_fails, fail_timeout });
    let pool = Pool::from_spec(PoolSpec { endpoints, policy, rules, ..PoolSpec::default() });
    Picker::new(Arc::new(pool), 0)
}

fn pick(picker: &mut Picker, now: f64) -> Result<InFlight, NoEndpoint> {
    picker.pick(&mut Course::default(), at(now))
}

/// The letters of the servers that requests at `now` get, each of which ends at once as `outcome` says.
fn letters(
    picker: &mut Picker,
    now: f64,
    count: usize,
    outcome: impl Fn(char) -> Outcome,
) -> String {
    let one = |_| {
        let mut place = pick(picker, now).unwrap();
        let letter = ['A', 'B', 'C', 'D'][place.endpoint().index()];
        place.finish(outcome(letter), at(now));
        letter
    };
    (0..count).map(one).collect()
}

/// Whether the first of two servers gets one of two requests.
fn uses_of_a(picker: &mut Picker, now: f64) -> bool {
    letters(picker, now, 2, |_| OK).contains('A')
}

/// Gives the first server a request that fails.
fn fail_a(picker: &mut Picker, now: f64) -> Option<Event> {
    for _ in 0..4 {
        let mut place = pick(picker, now).unwrap();
        if place.endpoint().index() == 0 {
            return place.finish(REFUSED, at(now));
        }
        place.finish(OK, at(now));
    }
    panic!("A is not used at {now}");
}

#[test]
fn failures_add_up_as_long_as_no_success_comes_much_later() {
    let mut picker = pool(Policy::RoundRobin, 3, 4, (1..=2).map(spec));
    assert_eq!(fail_a(&mut picker, 0.01), None);
    for failure in [3.01, 6.01] {
        for step in 1..=12 {
            assert!(uses_of_a(&mut picker, failure - 3.0 + 0.2 * f64::from(step)));
        }
        let event = fail_a(&mut picker, failure);
        assert_eq!(event.is_some(), failure > 6.0, "{event:?}");
    }
    let view = picker.pool().endpoints()[0].passive();
    assert_eq!((view.state, view.until), (PassiveState::Ejected, Some(at(11.0))));
    assert_eq!(
        view.reason.unwrap().to_string(),
        "3 failures, each within 4s of the one before, the last one: no connection"
    );
    // The clock has whole seconds, and the comparison is strict.
    assert!(!uses_of_a(&mut picker, 10.99));
    assert!(uses_of_a(&mut picker, 11.08));
}

#[test]
fn a_success_more_than_fail_timeout_later_clears() {
    let mut picker = pool(Policy::RoundRobin, 3, 4, (1..=2).map(spec));
    fail_a(&mut picker, 0.0);
    fail_a(&mut picker, 1.0);
    assert!(uses_of_a(&mut picker, 6.2));
    assert_eq!(fail_a(&mut picker, 6.3), None);
    assert_eq!(fail_a(&mut picker, 6.4), None);
    assert!(matches!(fail_a(&mut picker, 6.5), Some(Event::Ejected { times: 1, .. })));
}

#[test]
fn one_success_brings_everything_back_and_one_failure_takes_it_out_again() {
    let mut picker = pool(Policy::RoundRobin, 2, 4, (1..=2).map(spec));
    fail_a(&mut picker, 0.0);
    fail_a(&mut picker, 0.0);
    assert!(!uses_of_a(&mut picker, 4.9));
    assert!(matches!(fail_a(&mut picker, 5.0), Some(Event::Ejected { times: 2, .. })));
    assert!(!uses_of_a(&mut picker, 9.9));
    let mut test = (0..2)
        .map(|_| pick(&mut picker, 10.0).unwrap())
        .find(|place| place.endpoint().index() == 0)
        .unwrap();
    assert!(!uses_of_a(&mut picker, 10.0), "one request at a time");
    assert_eq!(test.finish(OK, at(10.5)), Some(Event::Back { out: at(10.5) - at(0.0) }));
    assert_eq!(letters(&mut picker, 10.5, 4, |_| OK), "BABA");
    assert_eq!(picker.pool().endpoints()[0].passive().state, PassiveState::Open);
}

#[test]
fn a_test_that_outlives_fail_timeout_is_followed_by_another_one() {
    let mut picker = pool(Policy::RoundRobin, 1, 4, (1..=2).map(spec));
    fail_a(&mut picker, 0.0);
    let mut tests = Vec::new();
    for half in 10..40 {
        let now = f64::from(half) / 2.0;
        for _ in 0..4 {
            let mut place = pick(&mut picker, now).unwrap();
            if place.endpoint().index() == 0 {
                tests.push((now, place));
            } else {
                place.finish(OK, at(now));
            }
        }
    }
    let times: Vec<f64> = tests.iter().map(|(now, _)| *now).collect();
    assert_eq!(times, [5.0, 10.0, 15.0]);
}

#[test]
fn a_failure_lightens_a_heavy_server() {
    let specs = (1..=2).map(|number| EndpointSpec { weight: 10, ..spec(number) });
    let mut picker = pool(Policy::RoundRobin, 2, 10, specs);
    assert_eq!(letters(&mut picker, 0.0, 1, |_| REFUSED), "A");
    assert_eq!(letters(&mut picker, 0.0, 9, |_| OK), "BBBABABAB");
    // With max_fails=1 nothing is left of its weight, so another one comes first after the pause.
    let mut picker = pool(Policy::RoundRobin, 1, 4, (1..=2).map(spec));
    assert_eq!(
        letters(&mut picker, 0.0, 2, |letter| if letter == 'A' { REFUSED } else { OK }),
        "AB"
    );
    assert_eq!(letters(&mut picker, 5.0, 4, |_| OK), "BBAB");
}

#[test]
fn when_all_are_out_nobody_is_asked() {
    let mut picker = pool(Policy::RoundRobin, 1, 4, (1..=2).map(spec));
    assert_eq!(letters(&mut picker, 0.0, 2, |_| REFUSED), "AB");
    for now in [0.0, 2.0, 4.5, 4.99] {
        assert_eq!(pick(&mut picker, now).unwrap_err(), NoEndpoint::Sick);
    }
    assert!(pick(&mut picker, 5.02).is_ok());
}

#[test]
fn a_server_may_have_its_own_numbers() {
    let own = EndpointSpec { max_fails: Some(1), fail_timeout: Some(at(2.0) - at(0.0)), ..spec(1) };
    let mut picker = pool(Policy::RoundRobin, 0, 30, [own, spec(2)]);
    // One failure takes A out for two seconds, as many as there are take nothing from B.
    assert!(fail_a(&mut picker, 0.0).is_some());
    assert_eq!(letters(&mut picker, 2.9, 4, |_| REFUSED), "BBBB");
    assert!(letters(&mut picker, 3.0, 4, |_| OK).contains('A'));
}

/// The pool of the next configuration, with `max_fails` failures.
fn next(before: &Picker, max_fails: u32) -> Picker {
    let endpoints = before.pool().endpoints().iter().enumerate();
    let endpoints = endpoints
        .map(|(at, old)| Arc::new(Endpoint::succeed(at, old.spec().clone(), old)))
        .collect();
    let rules = Rules::Nginx(NginxSettings { max_fails, fail_timeout: Duration::from_secs(4) });
    let before = Some(Arc::clone(before.pool()));
    let pool = Pool::from_spec(PoolSpec { endpoints, rules, before, ..PoolSpec::default() });
    Picker::new(Arc::new(pool), 0)
}

#[test]
fn a_new_configuration_goes_on_counting() {
    let mut first = pool(Policy::RoundRobin, 3, 4, (1..=2).map(spec));
    assert_eq!(fail_a(&mut first, 0.0), None);
    assert_eq!(fail_a(&mut first, 0.0), None);
    let mut second = next(&first, 3);
    assert!(fail_a(&mut second, 1.0).is_some(), "the third one in all");
    let mut third = next(&second, 3);
    assert_eq!(letters(&mut third, 5.0, 4, |_| OK), "BBBB");
    assert!(letters(&mut third, 6.0, 4, |_| OK).contains('A'));
    assert_eq!(third.pool().endpoints()[0].passive().state, PassiveState::Open);
}

#[test]
fn what_another_configuration_took_out_comes_back_in_this_one() {
    let mut first = pool(Policy::RoundRobin, 1, 4, (1..=2).map(spec));
    assert!(fail_a(&mut first, 0.0).is_some());
    // It takes more failures now, so it is used at once, and shown as out until the old time is over.
    let mut second = next(&first, 2);
    let state = |picker: &Picker| picker.pool().endpoints()[0].passive().state;
    assert!(uses_of_a(&mut second, 1.0));
    assert_eq!(state(&second), PassiveState::Ejected);
    assert!(uses_of_a(&mut second, 5.0));
    assert_eq!(state(&second), PassiveState::Open);
}

#[test]
fn a_single_server_is_never_out() {
    let mut picker = pool(Policy::RoundRobin, 1, 10, [spec(1)]);
    assert_eq!(letters(&mut picker, 0.0, 3, |_| REFUSED), "AAA");
    let endpoint = Arc::clone(&picker.pool().endpoints()[0]);
    assert_eq!((endpoint.failures(), endpoint.passive().state), (3, PassiveState::Open));
    let full = EndpointSpec { max_conns: 1, ..spec(1) };
    let mut picker = pool(Policy::RoundRobin, 1, 10, [full]);
    let _place = pick(&mut picker, 0.0).unwrap();
    assert_eq!(pick(&mut picker, 0.0).unwrap_err(), NoEndpoint::Full);
}

#[test]
fn without_max_fails_everybody_goes_on_trying() {
    let mut picker = pool(Policy::RoundRobin, 0, 10, (1..=2).map(spec));
    assert_eq!(letters(&mut picker, 0.0, 6, |_| REFUSED), "ABABAB");
}

#[test]
fn what_counts_as_a_failure() {
    let answered = |status, retried| Outcome::Answered { status, retried };
    let failed = Outcome::Failed;
    for (outcome, counts) in [
        (failed(Fault::Connect), true),
        (failed(Fault::ConnectTimeout), true),
        (failed(Fault::Reset), true),
        (failed(Fault::Eof), true),
        (failed(Fault::HeadTimeout), true),
        (Outcome::Stale, true),
        (Outcome::Local { connecting: true }, true),
        (answered(500, true), true),
        (answered(502, true), true),
        (answered(429, true), true),
        (answered(502, false), false),
        (answered(404, true), false),
        (answered(403, true), false),
        (failed(Fault::Garbage), false),
        (failed(Fault::Truncated), false),
        (failed(Fault::Stalled), false),
        (Outcome::Local { connecting: false }, false),
        (Outcome::Client, false),
    ] {
        let mut picker = pool(Policy::RoundRobin, 1, 10, (1..=2).map(spec));
        letters(&mut picker, 0.0, 1, |_| outcome);
        assert_eq!(!uses_of_a(&mut picker, 0.0), counts, "{outcome:?}");
    }
}

#[test]
fn a_client_that_leaves_clears_what_was_counted() {
    let mut picker = pool(Policy::RoundRobin, 2, 4, (1..=2).map(spec));
    fail_a(&mut picker, 0.0);
    letters(&mut picker, 5.0, 2, |_| Outcome::Client);
    assert_eq!(fail_a(&mut picker, 5.1), None);
}

#[test]
fn a_machine_without_ports_takes_out_both_backends() {
    let mut picker = pool(Policy::RoundRobin, 1, 10, (1..=2).map(spec));
    let mut course = Course::default();
    for _ in 0..2 {
        let mut place = picker.pick(&mut course, at(0.0)).unwrap();
        place.finish(Outcome::Local { connecting: true }, at(0.0));
    }
    assert_eq!(pick(&mut picker, 1.0).unwrap_err(), NoEndpoint::Sick);
}

#[test]
fn nobody_is_tried_twice_and_backups_come_last() {
    let specs = (1..=4).map(|number| EndpointSpec { backup: number > 2, ..spec(number) });
    let mut picker = pool(Policy::RoundRobin, 1, 10, specs);
    let mut course = Course::default();
    let mut names = Vec::new();
    let end = loop {
        match picker.pick(&mut course, at(0.0)) {
            Ok(place) => names.push(place.endpoint().name().to_owned()),
            Err(why) => break why,
        }
    };
    assert_eq!((names.join(" ").as_str(), end), ("s1 s2 s3 s4", NoEndpoint::Tried));
    let specs = (1..=4).map(|number| EndpointSpec { backup: number > 2, ..spec(number) });
    let mut picker = pool(Policy::RoundRobin, 1, 10, specs);
    assert_eq!(letters(&mut picker, 0.0, 2, |_| REFUSED), "AB");
    assert_eq!(letters(&mut picker, 0.0, 3, |_| OK), "CDC");
    assert_eq!(letters(&mut picker, 11.0, 2, |_| OK).replace(['A', 'B'], ""), "");
}

#[test]
fn full_and_down_servers_are_passed_over() {
    let specs = (1..=2).map(|number| EndpointSpec { max_conns: 1, ..spec(number) });
    let mut picker = pool(Policy::RoundRobin, 1, 10, specs);
    let _places = [pick(&mut picker, 0.0).unwrap(), pick(&mut picker, 0.0).unwrap()];
    assert_eq!(pick(&mut picker, 0.0).unwrap_err(), NoEndpoint::Full);
    let specs = (1..=3).map(|number| EndpointSpec { down: number != 2, ..spec(number) });
    let mut picker = pool(Policy::RoundRobin, 1, 10, specs);
    assert_eq!(picker.pool().most_attempts(), 1);
    assert_eq!(letters(&mut picker, 0.0, 2, |_| OK), "BB");
    // A place that is given up without a word is free again.
    let full = [EndpointSpec { max_conns: 1, ..spec(1) }, EndpointSpec { down: true, ..spec(2) }];
    let mut picker = pool(Policy::RoundRobin, 1, 10, full);
    drop(pick(&mut picker, 0.0).unwrap());
    assert!(pick(&mut picker, 0.0).is_ok());
}

#[test]
fn the_fewest_connections_and_equals_in_turn() {
    let specs =
        (1..=3).map(|number| EndpointSpec { weight: 1 + u32::from(number == 2), ..spec(number) });
    let mut picker = pool(Policy::LeastConnections, 1, 10, specs);
    let places: Vec<_> = (0..8).map(|_| pick(&mut picker, 0.0).unwrap()).collect();
    let loads: Vec<u64> = picker.pool().endpoints().iter().map(|one| one.in_flight()).collect();
    assert_eq!(loads, [2, 4, 2]);
    drop(places);
}

const ASSIGNED: &str = include_str!("../../../../fixtures/ketama/nginx_assign.tsv");

/// Every key with the server that it gets in each situation.
pub(crate) fn assigned() -> impl Iterator<Item = (u32, [&'static str; 5])> {
    ASSIGNED.lines().skip(1).map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        (crc32fast::hash(fields[0].as_bytes()), fields[2..].try_into().unwrap())
    })
}

/// The pools of the five situations: all up, the third one down, removed, over its failures, failing.
fn situations(rules: &Rules) -> [Picker; 5] {
    let make = |specs: Vec<EndpointSpec>| {
        let endpoints = specs.into_iter().enumerate();
        let endpoints =
            endpoints.map(|(at, spec)| Arc::new(Endpoint::from_spec(at, spec))).collect();
        let policy = Policy::ConsistentHash;
        let rules = rules.clone();
        let spec = PoolSpec { endpoints, policy, rules, ..PoolSpec::default() };
        Picker::new(Arc::new(Pool::from_spec(spec)), 0)
    };
    let four = || (1..=4).map(spec).collect::<Vec<_>>();
    let down = (1..=4).map(|number| EndpointSpec { down: number == 3, ..spec(number) }).collect();
    let removed = [1, 2, 4].map(spec).to_vec();
    [make(four()), make(down), make(removed), make(four()), make(four())]
}

#[test]
fn ten_thousand_keys_in_five_situations() {
    let nginx = NginxSettings { max_fails: 1, fail_timeout: Duration::from_secs(1000) };
    let never = NginxSettings { max_fails: 0, ..nginx.clone() };
    let ours = crate::PassiveSettings {
        failures: 1,
        volume: 1,
        eject: Duration::from_secs(1000),
        eject_max: Duration::from_secs(1000),
        ..Default::default()
    };
    let off = crate::PassiveSettings { failures: 0, ..ours.clone() };
    for (rules, never) in
        [(Rules::Nginx(nginx), Rules::Nginx(never)), (Rules::Ours(ours), Rules::Ours(off))]
    {
        let [mut base, mut down, mut removed, mut out, _] = situations(&rules);
        let [.., mut fails] = situations(&never);
        let mut first = assigned()
            .find(|(_, servers)| servers[0] == "3")
            .map(|(key, _)| out.pick(&mut Course::new(Some(key)), at(0.0)).unwrap());
        let event = first.take().unwrap().finish(REFUSED, at(0.0));
        assert!(matches!(event, Some(Event::Ejected { .. })));
        let (mut counts, mut tried_third) = ([[0u32; 4]; 5], 0);
        for (key, servers) in assigned() {
            let mut course = Course::new(Some(key));
            let get = |picker: &mut Picker| {
                let mut place = picker.pick(&mut Course::new(Some(key)), at(1.0)).unwrap();
                place.finish(OK, at(1.0));
                place.endpoint().name().to_owned()
            };
            let mut found = vec![get(&mut base), get(&mut down), get(&mut removed), get(&mut out)];
            let mut place = fails.pick(&mut course, at(1.0)).unwrap();
            if place.endpoint().name() == "s3" {
                tried_third += 1;
                place.finish(REFUSED, at(1.0));
                place = fails.pick(&mut course, at(1.0)).unwrap();
            }
            found.push(place.endpoint().name().to_owned());
            place.finish(OK, at(1.0));
            for (situation, (name, server)) in found.iter().zip(servers).enumerate() {
                assert_eq!(name.strip_prefix('s'), Some(server), "{rules:?} {key} {situation}");
                counts[situation][server.parse::<usize>().unwrap() - 1] += 1;
            }
        }
        assert_eq!(counts[0], [2295, 2302, 2977, 2426]);
        assert_eq!(counts[1..], [[3259, 3574, 0, 3167]; 4]);
        assert_eq!(tried_third, 2977);
    }
}

#[test]
fn after_twenty_points_turns_are_taken() {
    for (alive, expected) in [(3, 42), (4, 28)] {
        let specs = (1..=4).map(|number| EndpointSpec { down: number != alive, ..spec(number) });
        let mut picker = pool(Policy::ConsistentHash, 1, 10, specs);
        let mut turns = 0;
        for (key, _) in assigned() {
            let mut course = Course::new(Some(key));
            let place = picker.pick(&mut course, at(0.0)).unwrap();
            assert_eq!(place.endpoint().index(), alive - 1);
            turns += u32::from(course.hops > HOPS);
        }
        assert_eq!(turns, expected, "only s{alive} is up");
    }
}
