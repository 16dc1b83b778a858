use std::sync::Arc;

use super::*;
use crate::{Course, Endpoint, InFlight, Picker, Pool, PoolSpec, Rules};

const OK: Outcome = Outcome::Answered { status: 200, retried: false };
const REFUSED: Outcome = Outcome::Failed(Fault::Connect);

fn at(seconds: f64) -> Duration {
    Duration::from_secs(1_800_000_000) + Duration::from_secs_f64(seconds)
}

fn settings() -> PassiveSettings {
    PassiveSettings { failures: 3, volume: 3, jitter_percent: 0, ..PassiveSettings::default() }
}

/// Two endpoints in turn; the first one is looked at.
struct Rig {
    picker: Picker,
}

impl Rig {
    fn new(settings: PassiveSettings) -> Rig {
        let endpoint =
            |at| Arc::new(Endpoint::new(at, format!("b{at}"), ([127, 0, 0, 1], 80).into()));
        let endpoints = vec![endpoint(0), endpoint(1)];
        let rules = Rules::Ours(settings);
        let pool = Pool::from_spec(PoolSpec { endpoints, rules, ..PoolSpec::default() });
        Rig { picker: Picker::new(Arc::new(pool), 0) }
    }

    fn first(&self) -> &Arc<Endpoint> {
        &self.picker.pool().endpoints()[0]
    }

    /// A place at the first endpoint, if it takes one.
    fn place(&mut self, now: f64) -> Option<InFlight> {
        (0..2)
            .map(|_| self.picker.pick(&mut Course::default(), at(now)).unwrap())
            .find(|place| place.endpoint().index() == 0)
    }

    /// One attempt there that begins and ends at `now`.
    fn attempt(&mut self, outcome: Outcome, now: f64) -> Option<Event> {
        self.place(now).expect("a place").finish(outcome, at(now))
    }

    fn eject(&mut self, now: f64) -> Event {
        let mut events: Vec<_> = (0..3).filter_map(|_| self.attempt(REFUSED, now)).collect();
        assert_eq!(events.len(), 1);
        events.remove(0)
    }

    fn state(&self) -> PassiveState {
        self.first().passive().state
    }
}

#[test]
fn enough_failures_of_enough_attempts_take_it_out() {
    let mut rig = Rig::new(settings());
    for step in 0..3 {
        assert_eq!(rig.attempt(OK, f64::from(step)), None);
    }
    assert_eq!(rig.attempt(REFUSED, 3.0), None);
    assert_eq!(rig.attempt(REFUSED, 3.1), None);
    // Three of six are half of them.
    let reason =
        Reason { failures: 3, attempts: 6, window: at(10.0) - at(0.0), last: Fault::Connect };
    let event = Event::Ejected { reason, times: 1, until: at(13.2) };
    assert_eq!(rig.attempt(REFUSED, 3.2), Some(event));
    assert_eq!(
        reason.to_string(),
        "3 of 6 attempts failed within 10s, the last one: no connection"
    );
    assert!(rig.place(13.1).is_none());
    let view = rig.first().passive();
    assert_eq!(view.state.as_str(), "ejected");
    assert_eq!((view.reason, view.until, view.ejections), (Some(reason), Some(at(13.2)), 1));
    assert_eq!(rig.first().failures(), 3);
}

#[test]
fn a_small_share_of_failures_is_no_reason() {
    let mut rig = Rig::new(settings());
    for step in 0..30 {
        let outcome = if step % 3 == 0 { REFUSED } else { OK };
        assert_eq!(rig.attempt(outcome, f64::from(step) / 10.0), None);
    }
    assert_eq!(rig.state(), PassiveState::Open);
}

#[test]
fn failures_that_lie_far_apart_are_no_reason() {
    let mut rig = Rig::new(PassiveSettings { window: at(4.0) - at(0.0), ..settings() });
    for (failure, successes) in [(0.0, 6), (3.0, 6), (6.0, 0)] {
        assert_eq!(rig.attempt(REFUSED, failure), None);
        for step in 0..successes {
            rig.attempt(OK, failure + 0.5 * f64::from(step));
        }
    }
    assert_eq!(rig.state(), PassiveState::Open);
}

#[test]
fn what_is_not_the_backends_fault_says_nothing() {
    let mut rig = Rig::new(settings());
    for outcome in [
        Outcome::Client,
        Outcome::Stale,
        Outcome::Local { connecting: true },
        Outcome::Local { connecting: false },
    ] {
        for _ in 0..20 {
            assert_eq!(rig.attempt(outcome, 1.0), None);
        }
    }
    assert_eq!((rig.state(), rig.first().failures()), (PassiveState::Open, 0));
    // And it does not dilute failures either.
    rig.eject(1.0);
}

#[test]
fn bodies_that_break_off_and_listed_statuses_are_failures() {
    let answered = |status| Outcome::Answered { status, retried: false };
    for outcome in [
        Outcome::Failed(Fault::Truncated),
        Outcome::Failed(Fault::Stalled),
        Outcome::Failed(Fault::Garbage),
        answered(503),
    ] {
        let mut rig = Rig::new(PassiveSettings { statuses: vec![503], ..settings() });
        let events = (0..3).filter_map(|_| rig.attempt(outcome, 0.0)).count();
        assert_eq!((events, rig.state()), (1, PassiveState::Ejected), "{outcome:?}");
    }
    let mut rig = Rig::new(settings());
    assert_eq!((0..9).filter_map(|_| rig.attempt(answered(503), 0.0)).count(), 0);
}

#[test]
fn one_request_tests_and_a_ramp_brings_it_back() {
    let mut rig = Rig::new(settings());
    rig.eject(0.0);
    assert!(rig.place(9.9).is_none());
    let mut test = rig.place(10.0).unwrap();
    assert!(test.is_test());
    assert_eq!(rig.state(), PassiveState::Probing);
    assert!(rig.place(10.0).is_none() && rig.place(500.0).is_none());
    // The head of the response is enough; its body may take its time.
    assert_eq!(test.answered(at(11.0)), Some(Event::Back { out: at(11.0) - at(0.0) }));
    assert_eq!(rig.state(), PassiveState::Ramp(1));
    assert!(rig.place(11.0).is_none(), "the test still runs");
    assert_eq!(test.finish(OK, at(12.0)), None);
    drop(test);
    assert_eq!(rig.state(), PassiveState::Ramp(2));
    let two = [rig.place(12.0).unwrap(), rig.place(12.0).unwrap()];
    assert!(rig.place(12.0).is_none());
    drop(two);
    let mut states = vec![rig.state()];
    for _ in 0..126 {
        rig.attempt(OK, 12.5);
        if states.last() != Some(&rig.state()) {
            states.push(rig.state());
        }
    }
    let ramp = [2, 4, 8, 16, 32, 64].map(PassiveState::Ramp);
    assert_eq!(states[..6], ramp);
    assert_eq!(states[6..], [PassiveState::Open]);
}

#[test]
fn a_test_that_says_nothing_leaves_its_place_to_the_next_one() {
    let mut rig = Rig::new(settings());
    rig.eject(0.0);
    for outcome in [Some(Outcome::Client), Some(Outcome::Local { connecting: true }), None] {
        let mut test = rig.place(10.0).unwrap();
        assert!(test.is_test());
        if let Some(outcome) = outcome {
            assert_eq!(test.finish(outcome, at(10.5)), None);
        }
        drop(test);
        assert_eq!(rig.state(), PassiveState::Ejected);
    }
    assert_eq!(rig.first().in_flight(), 0);
}

#[test]
fn each_ejection_is_twice_as_long_up_to_a_limit() {
    let mut rig = Rig::new(PassiveSettings { eject_max: at(35.0) - at(0.0), ..settings() });
    rig.eject(0.0);
    let mut now = 10.0;
    for (times, long) in [(2, 20.0), (3, 35.0), (4, 35.0)] {
        let event = rig.attempt(REFUSED, now).unwrap();
        let Event::Ejected { times: found, until, reason } = event else { panic!("{event:?}") };
        assert_eq!((found, until), (times, at(now + long)));
        assert_eq!(reason.last, Fault::Connect);
        assert!(rig.place(now + long - 0.1).is_none());
        now += long;
    }
    assert_eq!(rig.first().passive().ejections, 4);
    // It comes back, and behaves for longer than the longest ejection.
    (0..200).for_each(|_| {
        rig.attempt(OK, now);
    });
    assert_eq!(rig.state(), PassiveState::Open);
    let Event::Ejected { times, .. } = rig.eject(now + 36.0) else { panic!() };
    assert_eq!(times, 1);
}

#[test]
fn on_the_ramp_two_failures_are_enough() {
    let mut rig = Rig::new(settings());
    rig.eject(0.0);
    rig.attempt(OK, 10.0);
    assert_eq!(rig.state(), PassiveState::Ramp(2));
    assert_eq!(rig.attempt(REFUSED, 10.1), None);
    let Some(Event::Ejected { times, until, .. }) = rig.attempt(REFUSED, 10.2) else { panic!() };
    assert_eq!((times, until), (2, at(30.2)));
}

#[test]
fn jitter_spreads_the_ends_of_ejections() {
    let mut ends = Vec::new();
    for seed in 0..50 {
        let endpoint = |at| Arc::new(Endpoint::new(at, "b", ([127, 0, 0, 1], 80).into()));
        let rules = Rules::Ours(PassiveSettings { jitter_percent: 20, ..settings() });
        let endpoints = vec![endpoint(0), endpoint(1)];
        let pool = Pool::from_spec(PoolSpec { endpoints, rules, seed, ..PoolSpec::default() });
        let mut rig = Rig { picker: Picker::new(Arc::new(pool), 0) };
        let Event::Ejected { until, .. } = rig.eject(0.0) else { panic!() };
        ends.push(until - at(0.0));
    }
    let (least, most) = (ends.iter().min().unwrap(), ends.iter().max().unwrap());
    assert!(*least >= Duration::from_secs(8) && *most <= Duration::from_secs(12), "{ends:?}");
    assert!(*most - *least > Duration::from_secs(2), "{ends:?}");
}

#[test]
fn no_more_than_a_share_of_the_pool_is_ejected() {
    for (percent, most) in [(100, 4), (50, 2), (39, 1), (10, 1), (0, 1)] {
        let endpoint = |at| Arc::new(Endpoint::new(at, "b", ([127, 0, 0, 1], 80).into()));
        let rules = Rules::Ours(PassiveSettings { max_ejected_percent: percent, ..settings() });
        let endpoints = (0..5).map(endpoint).collect();
        let pool = Pool::from_spec(PoolSpec { endpoints, rules, ..PoolSpec::default() });
        let mut picker = Picker::new(Arc::new(pool), 0);
        for _ in 0..50 {
            let mut place = picker.pick(&mut Course::default(), at(0.0)).unwrap();
            place.finish(REFUSED, at(0.0));
        }
        let out = |endpoint: &&Arc<Endpoint>| endpoint.passive().state != PassiveState::Open;
        let out = picker.pool().endpoints().iter().filter(out).count();
        assert_eq!(out, most, "at most {percent} percent");
    }
}

#[test]
fn a_good_probe_brings_the_test_forward_once() {
    let mut rig = Rig::new(settings());
    rig.eject(1.0);
    let health = Arc::clone(rig.first().health());
    assert!(!health.hasten(at(0.9), at(2.0)), "it was sent before the ejection");
    assert!(rig.place(2.0).is_none());
    assert!(health.hasten(at(1.9), at(2.0)));
    assert!(!health.hasten(at(1.9), at(2.0)), "nothing is left to do");
    let mut test = rig.place(2.0).unwrap();
    assert!(test.is_test());
    assert!(!health.hasten(at(2.0), at(2.1)), "it is being tested");
    // Requests see what probes do not: now it is time that counts.
    let Some(Event::Ejected { times: 2, until, .. }) = test.finish(REFUSED, at(2.5)) else {
        panic!("it failed")
    };
    drop(test);
    assert!(!health.hasten(at(3.0), at(3.1)));
    assert_eq!(until, at(22.5));
    assert!(rig.place(22.4).is_none() && rig.place(22.5).unwrap().is_test());
}

#[test]
fn stragglers_do_not_make_an_ejection_longer() {
    let mut rig = Rig::new(settings());
    let mut late: Vec<_> = (0..20).map(|_| rig.place(0.0).unwrap()).collect();
    rig.eject(1.0);
    for place in &mut late {
        assert_eq!(place.finish(REFUSED, at(4.0)), None);
    }
    assert_eq!(rig.first().passive().until, Some(at(11.0)));
    drop(late);
    assert!(rig.place(11.0).unwrap().is_test());
}

#[test]
fn hanging_connections_send_others_elsewhere_before_any_has_failed() {
    let mut rig = Rig::new(settings());
    let mut usual = rig.place(0.0).unwrap();
    usual.connecting(at(0.0));
    usual.connected(at(0.001));
    let mut hanging = [rig.place(1.0).unwrap(), rig.place(1.0).unwrap()];
    hanging.iter_mut().for_each(|place| place.connecting(at(1.0)));
    assert!(rig.place(1.04).is_some());
    assert!(rig.place(1.06).is_none(), "50 ms are enough to know");
    // When there is nobody else it is taken nevertheless.
    rig.picker.pool().endpoints()[1].set_admin(crate::admin::Mode::Drain, at(1.0));
    assert!(rig.place(1.06).is_some());
    rig.picker.pool().endpoints()[1].set_admin(crate::admin::Mode::Auto, at(1.0));
    drop(hanging);
    assert!(rig.place(1.06).is_some());
}

#[test]
fn a_new_configuration_goes_on_with_what_is_known() {
    let mut rig = Rig::new(settings());
    rig.first().set_admin(crate::admin::Mode::Maint, at(0.0));
    rig.first().set_admin(crate::admin::Mode::Auto, at(0.0));
    rig.eject(0.0);
    let before = rig.first();
    let same = Endpoint::succeed(5, before.spec().clone(), before);
    assert_eq!(same.passive().state, PassiveState::Ejected);
    assert!(!same.is_healthy(at(1.0)));
    assert_eq!((same.index(), same.attempts(), same.in_flight()), (5, 0, 0));
    let mut moved = before.spec().clone();
    moved.address = crate::Address::Fixed(([127, 0, 0, 2], 80).into());
    assert_eq!(Endpoint::succeed(0, moved, before).passive().state, PassiveState::Open);
    before.set_admin(crate::admin::Mode::Drain, at(0.0));
    let drained = Endpoint::succeed(0, before.spec().clone(), before);
    assert_eq!(drained.admin(), crate::admin::Mode::Drain);
}

#[test]
fn threads_that_report_at_once_eject_once_and_test_once() {
    let rig = Rig::new(settings());
    let pool = Arc::clone(rig.picker.pool());
    let count = |now: f64, outcome: Outcome| {
        let threads: Vec<_> = (0..4)
            .map(|offset| {
                let mut picker = Picker::new(Arc::clone(&pool), offset);
                std::thread::spawn(move || {
                    let mut events = 0;
                    for _ in 0..500 {
                        let mut place = picker.pick(&mut Course::default(), at(now)).unwrap();
                        let bad = place.endpoint().index() == 0;
                        let outcome = if bad { outcome } else { OK };
                        let event = place.finish(outcome, at(now));
                        events += usize::from(matches!(event, Some(Event::Ejected { .. })));
                    }
                    events
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
    };
    assert_eq!(count(0.0, REFUSED), 1);
    assert_eq!(count(10.0, REFUSED), 1, "one test, which fails");
    assert_eq!(rig.first().passive().ejections, 2);
    assert_eq!((rig.first().in_flight(), rig.first().health().in_flight()), (0, 0));
}

#[test]
fn when_the_one_that_is_kept_fails_too_the_others_are_tested_soon() {
    let settings = settings();
    let window = settings.window.as_secs_f64();
    let mut rig = Rig::new(settings);
    // Everybody refuses for so long that ejections have become long.
    let mut now = 0.0;
    while now < 100.0 {
        let mut place = rig.picker.pick(&mut Course::default(), at(now)).unwrap();
        place.finish(REFUSED, at(now));
        drop(place);
        now += 0.1;
    }
    // Now the one that is out serves, and the one that was kept still does not.
    let good = usize::from(rig.state() == PassiveState::Open);
    assert_eq!(rig.picker.pool().endpoints()[good].passive().state, PassiveState::Ejected);
    let (turned, mut served) = (now, None);
    let mut last = Vec::new();
    while now < turned + 60.0 {
        let mut place = rig.picker.pick(&mut Course::default(), at(now)).unwrap();
        let is_good = place.endpoint().index() == good;
        place.finish(if is_good { OK } else { REFUSED }, at(now));
        drop(place);
        if is_good {
            served.get_or_insert(now - turned);
        }
        last.push(is_good);
        now += 0.1;
    }
    assert!(served.is_some_and(|after| after <= window + 0.5), "{served:?}");
    let failed = last.iter().rev().take(100).filter(|is_good| !**is_good).count();
    assert!(failed <= 1, "the bad one is out: {failed} of the last 100");
}
