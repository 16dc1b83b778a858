mod random;

use super::*;
use crate::admin::Mode;
use crate::endpoint::{Endpoint, EndpointSpec};
use crate::outcome::{Fault, Outcome};
use crate::passive::PassiveSettings;
use crate::pool::{PoolSpec, Rules};

const NOW: Duration = Duration::from_secs(1_800_000_000);
const OK: Outcome = Outcome::Answered { status: 200, retried: false };

fn spec(at: usize) -> EndpointSpec {
    EndpointSpec::new(format!("b{at}"), ([127, 0, 0, 1], 9000 + u16::try_from(at).unwrap()).into())
}

fn pool(policy: Policy, specs: impl IntoIterator<Item = EndpointSpec>) -> PoolSpec {
    let endpoints = specs.into_iter().enumerate();
    let endpoints = endpoints.map(|(at, spec)| Arc::new(Endpoint::from_spec(at, spec))).collect();
    PoolSpec { name: "p".to_owned(), endpoints, policy, ..PoolSpec::default() }
}

fn picker(spec: PoolSpec) -> Picker {
    Picker::new(Arc::new(Pool::from_spec(spec)), 0)
}

/// The endpoints of requests that follow each other and each have one attempt.
fn picks(picker: &mut Picker, count: usize) -> Vec<usize> {
    let pick = |_| picker.pick(&mut Course::default(), NOW).unwrap().endpoint().index();
    (0..count).map(pick).collect()
}

/// The endpoints of one request's attempts.
fn attempts(picker: &mut Picker, course: &mut Course, count: usize) -> Vec<usize> {
    (0..count).map(|_| picker.pick(course, NOW).unwrap().endpoint().index()).collect()
}

#[test]
fn everyone_in_turn() {
    let mut first = picker(pool(Policy::RoundRobin, (0..3).map(spec)));
    assert_eq!(picks(&mut first, 7), [0, 1, 2, 0, 1, 2, 0]);
    let mut second = Picker::new(Arc::clone(first.pool()), 4);
    assert_eq!(picks(&mut second, 3), [1, 2, 0]);
}

#[test]
fn heavy_ones_do_not_come_in_rows() {
    let weights = [5, 1, 1].into_iter().enumerate();
    let specs = weights.map(|(at, weight)| EndpointSpec { weight, ..spec(at) });
    let mut picker = picker(pool(Policy::RoundRobin, specs));
    assert_eq!(picks(&mut picker, 14), [0, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0, 2, 0, 0]);
    let mut other = Picker::new(Arc::clone(picker.pool()), 2);
    assert_eq!(picks(&mut other, 3), [1, 0, 2]);
}

#[test]
fn a_retry_prefers_another_endpoint_and_then_goes_on_among_all() {
    let mut picker = picker(pool(Policy::RoundRobin, (0..3).map(spec)));
    let mut course = Course::default();
    assert_eq!(attempts(&mut picker, &mut course, 3), [0, 1, 2]);
    assert_eq!(attempts(&mut picker, &mut course, 2), [0, 1]);
    let mut one = super::tests::picker(pool(Policy::RoundRobin, [spec(0)]));
    assert_eq!(attempts(&mut one, &mut Course::default(), 3), [0, 0, 0]);
}

#[test]
fn an_empty_pool_has_nothing() {
    let mut picker = picker(pool(Policy::RoundRobin, []));
    assert_eq!(picker.pick(&mut Course::default(), NOW).unwrap_err(), NoEndpoint::Empty);
}

#[test]
fn a_place_is_taken_from_the_choice_until_it_is_dropped() {
    let mut picker = picker(pool(Policy::RoundRobin, [spec(0)]));
    let mut course = Course::default();
    let mut one = picker.pick(&mut course, NOW).unwrap();
    let two = picker.pick(&mut course, NOW).unwrap();
    let endpoint = Arc::clone(one.endpoint());
    assert_eq!((endpoint.in_flight(), endpoint.attempts()), (2, 2));
    one.finish(Outcome::Failed(Fault::Reset), NOW);
    one.finish(Outcome::Failed(Fault::Reset), NOW);
    assert_eq!((endpoint.in_flight(), endpoint.failures()), (2, 1));
    drop((one, two));
    assert_eq!((endpoint.in_flight(), endpoint.health().in_flight()), (0, 0));
}

#[test]
fn the_fewest_attempts_for_the_weight() {
    let weights = [1, 2, 1].into_iter().enumerate();
    let specs = weights.map(|(at, weight)| EndpointSpec { weight, ..spec(at) });
    let mut picker = picker(pool(Policy::LeastConnections, specs));
    let mut places = Vec::new();
    for _ in 0..8 {
        places.push(picker.pick(&mut Course::default(), NOW).unwrap());
    }
    let loads: Vec<u64> = picker.pool().endpoints().iter().map(|one| one.in_flight()).collect();
    assert_eq!(loads, [2, 4, 2]);
    places.retain(|place| place.endpoint().index() != 2);
    assert_eq!(picks(&mut picker, 1), [2]);
}

#[test]
fn the_better_of_two_spreads_the_load() {
    let specs = (0..10).map(|at| EndpointSpec { weight: 1 + u32::from(at == 3), ..spec(at) });
    let mut picker = picker(pool(Policy::RandomTwo, specs));
    let mut places = Vec::new();
    for _ in 0..1100 {
        places.push(picker.pick(&mut Course::default(), NOW).unwrap());
    }
    for endpoint in picker.pool().endpoints() {
        let expected = if endpoint.index() == 3 { 195..=205 } else { 95..=105 };
        assert!(expected.contains(&endpoint.in_flight()), "{}", endpoint.in_flight());
    }
    let mut course = Course::default();
    let mut tried = attempts(&mut picker, &mut course, 10);
    tried.sort_unstable();
    assert_eq!(tried, (0..10).collect::<Vec<_>>());
}

#[test]
fn who_is_down_or_ordered_out_or_sick_gets_nothing() {
    let specs = (0..5).map(|at| EndpointSpec { down: at == 0, ..spec(at) });
    let mut picker = picker(pool(Policy::RoundRobin, specs));
    let endpoints = picker.pool().endpoints().to_vec();
    assert!(endpoints[1].set_admin(Mode::Drain, NOW));
    assert!(!endpoints[1].set_admin(Mode::Drain, NOW + Duration::from_secs(1)));
    assert_eq!(endpoints[1].admin_changed_unix(), NOW.as_secs());
    let settings = crate::probe::ProbeSettings { initial: 0, ..Default::default() };
    let sick = crate::probe::Probe::new(settings, NOW, 1);
    endpoints[2].health().set_probe(sick.view().clone());
    assert_eq!(picks(&mut picker, 4), [3, 4, 3, 4]);
    endpoints[2].set_admin(Mode::Healthy, NOW);
    assert_eq!(picks(&mut picker, 3), [2, 3, 4]);
    endpoints[2].set_admin(Mode::Auto, NOW);
    endpoints[2].health().clear_probe();
    endpoints[1].set_admin(Mode::Auto, NOW);
    assert_eq!(picks(&mut picker, 4), [1, 2, 3, 4]);
    let healthy: Vec<bool> = endpoints.iter().map(|one| one.is_healthy(NOW)).collect();
    assert_eq!(healthy, [false, true, true, true, true]);
}

#[test]
fn limits_hold_and_say_so() {
    for policy in
        [Policy::RoundRobin, Policy::LeastConnections, Policy::RandomTwo, Policy::ConsistentHash]
    {
        let specs = (0..2).map(|at| EndpointSpec { max_conns: 2, ..spec(at) });
        let mut picker = picker(pool(policy, specs));
        let course = || Course::new(Some(7));
        let mut places: Vec<_> = (0..4).map(|_| picker.pick(&mut course(), NOW).unwrap()).collect();
        assert_eq!(picker.pick(&mut course(), NOW).unwrap_err(), NoEndpoint::Full, "{policy:?}");
        let freed = places.pop().unwrap().endpoint().index();
        assert_eq!(picker.pick(&mut course(), NOW).unwrap().endpoint().index(), freed);
    }
}

#[test]
fn backups_wait_until_nobody_else_is_left() {
    let specs = (0..3).map(|at| EndpointSpec { backup: at == 0, ..spec(at) });
    let mut picker = picker(pool(Policy::RoundRobin, specs));
    assert_eq!(picks(&mut picker, 4), [1, 2, 1, 2]);
    assert_eq!(attempts(&mut picker, &mut Course::default(), 3), [1, 2, 0]);
    for at in [0, 1] {
        picker.pool().endpoints()[at].set_admin(Mode::Sick, NOW);
    }
    assert_eq!(picks(&mut picker, 2), [0, 0]);
}

#[test]
fn without_anybody_healthy_there_is_nobody_or_everybody() {
    for (panic, expected) in [(Panic::None, None), (Panic::All, Some(0))] {
        let spec = PoolSpec { panic, ..pool(Policy::RoundRobin, (0..2).map(spec)) };
        let mut picker = picker(spec);
        let settings = crate::probe::ProbeSettings { initial: 0, ..Default::default() };
        let sick = crate::probe::Probe::new(settings, NOW, 1);
        for endpoint in picker.pool().endpoints() {
            endpoint.health().set_probe(sick.view().clone());
        }
        let found = picker.pick(&mut Course::default(), NOW);
        assert_eq!(found.map(|place| place.endpoint().index()).ok(), expected);
        for endpoint in picker.pool().endpoints() {
            endpoint.set_admin(Mode::Sick, NOW);
        }
        assert_eq!(picker.pick(&mut Course::default(), NOW).unwrap_err(), NoEndpoint::Sick);
    }
}

#[test]
fn an_ejected_endpoint_is_left_out_but_not_the_last_one() {
    for policy in
        [Policy::RoundRobin, Policy::LeastConnections, Policy::RandomTwo, Policy::ConsistentHash]
    {
        let window = Duration::from_secs(4);
        let settings = PassiveSettings {
            window,
            failures: 2,
            volume: 2,
            jitter_percent: 0,
            ..Default::default()
        };
        let rules = Rules::Ours(settings);
        let mut picker = picker(PoolSpec { rules, ..pool(policy, (0..3).map(spec)) });
        let mut events = 0;
        for round in 0u32..60 {
            let mut place = picker.pick(&mut Course::new(Some(round * 71_000_000)), NOW).unwrap();
            if place.endpoint().index() > 0 {
                let event = place.finish(Outcome::Failed(Fault::Connect), NOW);
                events += usize::from(matches!(event, Some(crate::Event::Ejected { .. })));
            } else {
                place.finish(OK, NOW);
            }
        }
        assert_eq!(events, 2, "{policy:?}");
        let mut place = picker.pick(&mut Course::new(Some(1)), NOW).unwrap();
        assert_eq!(place.endpoint().index(), 0);
        // Now the last one fails too, and stays.
        let mut kept = 0;
        for _ in 0..20 {
            let mut place = picker.pick(&mut Course::new(Some(1)), NOW).unwrap();
            assert_eq!(place.endpoint().index(), 0);
            let late = NOW + Duration::from_secs(9);
            let event = place.finish(Outcome::Failed(Fault::Reset), late);
            kept += usize::from(matches!(event, Some(crate::Event::Spared { .. })));
        }
        assert_eq!(kept, 1, "{policy:?}");
        place.finish(OK, NOW);
    }
}

#[test]
fn who_is_under_suspicion_is_found_anywhere_on_the_ring_when_there_is_nobody_else() {
    let mut picker = picker(pool(Policy::ConsistentHash, (0..20).map(spec)));
    let endpoints = picker.pool().endpoints().to_vec();
    let key = |number: u32| Course::new(Some(number.wrapping_mul(2_654_435_761)));
    let mut hanging = Vec::new();
    for number in 0..1000 {
        let mut place = picker.pick(&mut key(number), NOW).unwrap();
        if place.endpoint().index() == 7 {
            place.connecting(NOW);
            hanging.push(place);
        }
    }
    for endpoint in endpoints.iter().filter(|one| one.index() != 7) {
        endpoint.set_admin(Mode::Drain, NOW);
    }
    let late = NOW + Duration::from_secs(2);
    for number in 0..1000 {
        assert_eq!(picker.pick(&mut key(number), late).unwrap().endpoint().index(), 7);
    }
    endpoints[3].set_admin(Mode::Auto, late);
    for number in 0..1000 {
        assert_eq!(picker.pick(&mut key(number), late).unwrap().endpoint().index(), 3);
    }
}
