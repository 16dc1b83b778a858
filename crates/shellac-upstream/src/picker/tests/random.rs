//! What holds whatever happens: random requests, outcomes, orders and probes over every policy.

use super::*;
use crate::passive::PassiveState;
use crate::{Event, InFlight, NginxSettings};

/// Runs for one seed; `SHELLAC_SEED` is the first one.
const RUNS: u64 = 120;

const POLICIES: [Policy; 4] =
    [Policy::RoundRobin, Policy::LeastConnections, Policy::RandomTwo, Policy::ConsistentHash];

fn outcome(dice: &mut Dice, bad: bool) -> Outcome {
    if bad && dice.below(4) > 0 {
        let faults = [Fault::Connect, Fault::ConnectTimeout, Fault::Reset, Fault::Truncated];
        return Outcome::Failed(faults[dice.below(4)]);
    }
    match dice.below(12) {
        0 => Outcome::Client,
        1 => Outcome::Stale,
        2 => Outcome::Local { connecting: true },
        3 => Outcome::Answered { status: 503, retried: true },
        _ => OK,
    }
}

fn make(dice: &mut Dice, seed: u64) -> Picker {
    let count = 1 + dice.below(6);
    let specs: Vec<EndpointSpec> = (0..count)
        .map(|at| EndpointSpec {
            weight: 1 + u32::try_from(dice.below(3)).unwrap(),
            max_conns: if dice.below(4) == 0 { 3 } else { 0 },
            backup: at > 0 && dice.below(4) == 0,
            down: at > 0 && dice.below(8) == 0,
            ..spec(at)
        })
        .collect();
    let policy = POLICIES[dice.below(4)];
    let rules = match dice.below(4) {
        0 => Rules::Nginx(NginxSettings { max_fails: 2, fail_timeout: Duration::from_secs(2) }),
        _ => Rules::Ours(PassiveSettings {
            failures: 2,
            volume: 2,
            min_healthy: 1 + dice.below(2),
            ..PassiveSettings::default()
        }),
    };
    picker(PoolSpec { rules, seed, ..pool(policy, specs) })
}

fn run(seed: u64) {
    let mut dice = Dice::new(seed);
    let mut picker = make(&mut dice, seed);
    let pool = Arc::clone(picker.pool());
    let is_ours = matches!(pool.rules(), Rules::Ours(_));
    let endpoints = pool.endpoints().to_vec();
    let bad: Vec<bool> = endpoints.iter().map(|_| dice.below(3) == 0).collect();
    let mut now = NOW;
    let mut running: Vec<InFlight> = Vec::new();
    for step in 0..600 {
        now += Duration::from_millis(dice.below(300) as u64);
        let some = &endpoints[dice.below(endpoints.len())];
        match dice.below(40) {
            0 => {
                some.set_admin(Mode::ALL[dice.below(5)], now);
            }
            1 => {
                let initial = u32::try_from(dice.below(2)).unwrap() * 3;
                let settings = crate::probe::ProbeSettings { initial, ..Default::default() };
                let probe = crate::probe::Probe::new(settings, now, seed);
                some.health().set_probe(probe.view().clone());
            }
            2..20 if !running.is_empty() => {
                let mut place = running.swap_remove(dice.below(running.len()));
                let outcome = outcome(&mut dice, bad[place.endpoint().index()]);
                if dice.below(3) == 0 && outcome == OK {
                    place.answered(now);
                }
                let healthy = |without: usize| {
                    let others = endpoints.iter().filter(|one| one.index() != without);
                    others.filter(|one| one.is_healthy(now)).count()
                };
                let was_test = place.is_test();
                let event = if dice.below(10) == 0 { None } else { place.finish(outcome, now) };
                if let (true, false, Some(Event::Ejected { .. })) = (is_ours, was_test, event) {
                    let left = healthy(place.endpoint().index());
                    assert!(left >= pool.min_healthy(), "seed {seed}, step {step}: {left} left");
                }
            }
            _ => {
                let mut course = Course::new(
                    (dice.below(5) > 0).then(|| u32::try_from(dice.below(1 << 30)).unwrap()),
                );
                for _ in 0..=dice.below(3) {
                    match picker.pick(&mut course, now) {
                        Ok(mut place) => {
                            let endpoint = place.endpoint();
                            let out = endpoint.admin().is_out() || endpoint.spec().down;
                            assert!(!out, "seed {seed}, step {step}: {endpoint:?}");
                            let limit = u64::from(endpoint.spec().max_conns);
                            let fits = limit == 0 || endpoint.in_flight() <= limit;
                            assert!(fits, "seed {seed}, step {step}: over its limit");
                            if dice.below(2) == 0 {
                                place.connecting(now);
                            }
                            running.push(place);
                        }
                        Err(_) if !is_ours => {}
                        // Somebody who may serve is only left out where those who are well are full; ejections are
                        // overlooked sooner than to have nobody, but not to have more.
                        Err(why) => {
                            let has_room = |one: &&Arc<Endpoint>| {
                                let limit = u64::from(one.spec().max_conns);
                                one.may_serve() && (limit == 0 || one.in_flight() < limit)
                            };
                            let is_open = |one: &&Arc<Endpoint>| {
                                let forced = one.admin() == Mode::Healthy;
                                forced || one.passive().state == PassiveState::Open
                            };
                            let mut free = endpoints.iter().filter(has_room);
                            let free = match why {
                                NoEndpoint::Full => free.find(is_open),
                                _ => free.next(),
                            };
                            assert!(
                                free.is_none(),
                                "seed {seed}, step {step}: {why}, but {free:?}"
                            );
                        }
                    }
                }
            }
        }
    }
    running.clear();
    for endpoint in &endpoints {
        assert_eq!((endpoint.in_flight(), endpoint.health().in_flight()), (0, 0), "seed {seed}");
        assert_ne!(endpoint.passive().state, PassiveState::Probing, "seed {seed}");
    }
}

#[test]
fn random_histories_keep_the_rules() {
    let first = std::env::var("SHELLAC_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    (first..first + RUNS).for_each(run);
}
