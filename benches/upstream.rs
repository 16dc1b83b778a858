//! Choosing an endpoint among a thousand: each policy against the plain code that a program would have in its place.
//!
//! A round is a million requests for the cheap policies and ten thousand for those that look at everybody. Each is chosen, and given
//! back at once; `report` also says that it went well. Policies take turns, and printed are medians.
//!
//! * *turn* is an atomic counter and an index; *draw* two of these with random numbers and the better load;
//! * *tree* is the next point in a `BTreeMap` of the same ring, which is what the standard library offers for it;
//! * *scan* is the lowest of as many atomic counters as there are endpoints.
//!
//! All four count the request in and out on the endpoint that they choose, as ours do, and know neither weights nor health nor limits.
//!
//! `cargo bench -p shellac --bench upstream [-- ROUNDS [ENDPOINTS]]`

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use shellac_measure::Dice;
use shellac_upstream::{
    Course, Endpoint, EndpointSpec, NginxSettings, Outcome, Picker, Policy, Pool, PoolSpec, Rules,
};

#[allow(clippy::disallowed_methods, reason = "a bench: nobody hands it the time")]
fn now() -> Instant {
    Instant::now()
}

/// What is measured: a name, the requests of a round, the goal in nanoseconds, and the round.
struct Case {
    name: &'static str,
    requests: u32,
    goal_ns: Option<f64>,
    round: Box<dyn FnMut(u32)>,
    ns: Vec<f64>,
}

fn main() {
    // `cargo bench` adds `--bench`; numbers are ours.
    let mut numbers = std::env::args().skip(1).filter_map(|text| text.parse::<usize>().ok());
    let rounds = numbers.next().unwrap_or(15);
    let endpoints = numbers.next().unwrap_or(1000).max(2);

    let many = 1_000_000;
    let few = 10_000;
    let mut cases = vec![
        plain("turn", many, turn(endpoints)),
        ours("round robin", many, 100.0, picker(endpoints, Policy::RoundRobin, false), false),
        ours("  and report", many, 0.0, picker(endpoints, Policy::RoundRobin, false), true),
        plain("draw", many, draw(endpoints)),
        ours("random two", many, 100.0, picker(endpoints, Policy::RandomTwo, false), false),
        plain("tree", many, tree(endpoints)),
        ours(
            "consistent hash",
            many,
            200.0,
            picker(endpoints, Policy::ConsistentHash, false),
            false,
        ),
        plain("scan", few, scan(endpoints)),
        ours(
            "least connections",
            few,
            3000.0,
            picker(endpoints, Policy::LeastConnections, false),
            false,
        ),
        ours(
            "round robin, weights",
            few,
            3000.0,
            picker(endpoints, Policy::RoundRobin, true),
            false,
        ),
        ours("nginx round robin", few, 0.0, nginx(endpoints, Policy::RoundRobin), true),
        ours("nginx hash", many, 0.0, nginx(endpoints, Policy::ConsistentHash), true),
    ];
    for _ in 0..rounds {
        for case in &mut cases {
            let start = now();
            (case.round)(case.requests);
            case.ns.push(start.elapsed().as_secs_f64() * 1e9 / f64::from(case.requests));
        }
    }
    println!("{endpoints} endpoints, ns per request, median of {rounds} rounds, and the fastest");
    let mut peer = ("", 0.0);
    for case in &mut cases {
        case.ns.sort_by(f64::total_cmp);
        let (median, least) = (case.ns[case.ns.len() / 2], case.ns[0]);
        let beside = match case.goal_ns {
            None => {
                peer = (case.name, median);
                String::new()
            }
            Some(goal) => {
                let goal = if goal > 0.0 { format!("   goal {goal}") } else { String::new() };
                format!("   {:5.2} times {}{goal}", median / peer.1, peer.0)
            }
        };
        println!("{:<22} {median:8.1} {least:8.1}{beside}", case.name);
    }
    reload(10_000);
}

/// What a reload costs with this many backends in one pool with a ring: reading the file, and making everything of it.
fn reload(backends: usize) {
    let mut text = "[[listen]]\naddress = \"127.0.0.1:8080\"\n".to_owned();
    let mut names = Vec::new();
    for at in 0..backends {
        let address = format!("10.{}.{}.{}:8080", at >> 16 & 255, at >> 8 & 255, at & 255);
        text += &format!("[[backend]]\nname = \"b{at}\"\naddress = \"{address}\"\n");
        names.push(format!("\"b{at}\""));
    }
    let names = names.join(", ");
    text += &format!(
        "[[pool]]\nname = \"p\"\nbackends = [{names}]\npolicy = \"consistent_hash\"\nkey = \"$uri\"\n"
    );
    let (mut reads, mut makes) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let start = now();
        black_box(shellac_config::Config::parse(&text, "bench").expect("a configuration"));
        reads.push(start.elapsed());
        let start = now();
        black_box(picker(backends, Policy::ConsistentHash, false));
        makes.push(start.elapsed());
    }
    reads.sort_unstable();
    makes.sort_unstable();
    println!(
        "{backends} backends: read {:.1?}, made {:.1?} (least {:.1?} and {:.1?})   goal 250 ms together",
        reads[2], makes[2], reads[0], makes[0]
    );
}

fn plain(name: &'static str, requests: u32, mut one: impl FnMut(u32) + 'static) -> Case {
    let round = Box::new(move |requests| (0..requests).for_each(&mut one));
    Case { name, requests, goal_ns: None, round, ns: Vec::new() }
}

/// One policy; with `report` each request also says that it went well.
fn ours(name: &'static str, requests: u32, goal_ns: f64, mut picker: Picker, report: bool) -> Case {
    let at = Duration::from_secs(1_800_000_000);
    let round = Box::new(move |requests: u32| {
        for number in 0..requests {
            let mut course = Course::new(Some(number.wrapping_mul(2_654_435_761)));
            let mut place = picker.pick(&mut course, at).expect("an endpoint");
            if report {
                place.finish(Outcome::Answered { status: 200, retried: false }, at);
            }
            black_box(&place);
        }
    });
    Case { name, requests, goal_ns: Some(goal_ns), round, ns: Vec::new() }
}

fn pool(endpoints: usize, policy: Policy, weights: bool, rules: Rules) -> Picker {
    let endpoint = |at: usize| {
        let [high, low] = u16::try_from(at % 65_536).unwrap_or(0).to_be_bytes();
        let spec = EndpointSpec::new(format!("b{at}"), ([10, 0, high, low], 8080).into());
        let weight = if weights { 1 + u32::from(at.is_multiple_of(3)) } else { 1 };
        Arc::new(Endpoint::from_spec(at, EndpointSpec { weight, ..spec }))
    };
    let endpoints = (0..endpoints).map(endpoint).collect();
    let pool = Pool::from_spec(PoolSpec { endpoints, policy, rules, ..PoolSpec::default() });
    let pool = Arc::new(pool);
    // One request is at every endpoint all the time: an idle one would end the search for the least load.
    let mut others = Picker::new(Arc::clone(&pool), 0);
    let mut course = Course::default();
    let at = Duration::from_secs(1_800_000_000);
    for _ in pool.endpoints() {
        std::mem::forget(others.pick(&mut course, at).expect("an endpoint"));
    }
    Picker::new(pool, 0)
}

fn picker(endpoints: usize, policy: Policy, weights: bool) -> Picker {
    pool(endpoints, policy, weights, Rules::default())
}

fn nginx(endpoints: usize, policy: Policy) -> Picker {
    pool(endpoints, policy, false, Rules::Nginx(NginxSettings::default()))
}

/// As many loads as there are endpoints, each of its own allocation, as those of endpoints are.
fn loads(endpoints: usize) -> Vec<Arc<AtomicU64>> {
    (0..endpoints).map(|_| Arc::new(AtomicU64::new(0))).collect()
}

/// A request at the endpoint with this load.
fn serve(load: &Arc<AtomicU64>) {
    let load = Arc::clone(load);
    load.fetch_add(1, Ordering::Relaxed);
    black_box(&load);
    load.fetch_sub(1, Ordering::Relaxed);
}

fn turn(endpoints: usize) -> impl FnMut(u32) {
    let (loads, next) = (loads(endpoints), AtomicUsize::new(0));
    move |_| serve(&loads[next.fetch_add(1, Ordering::Relaxed) % loads.len()])
}

fn draw(endpoints: usize) -> impl FnMut(u32) {
    let (loads, mut dice) = (loads(endpoints), Dice::new(1));
    move |_| {
        let (one, other) = (&loads[dice.below(loads.len())], &loads[dice.below(loads.len())]);
        let less = one.load(Ordering::Relaxed) <= other.load(Ordering::Relaxed);
        serve(if less { one } else { other });
    }
}

fn tree(endpoints: usize) -> impl FnMut(u32) {
    let loads = loads(endpoints);
    let picker = picker(endpoints, Policy::ConsistentHash, false);
    let ring = picker.pool().ring().expect("a pool with a ring");
    let points: BTreeMap<u32, usize> =
        ring.points().map(|(point, group)| (point, ring.members(group)[0] as usize)).collect();
    move |number| {
        let hash = number.wrapping_mul(2_654_435_761);
        let next = points.range(hash..).next().or_else(|| points.iter().next());
        serve(&loads[*next.expect("a point").1]);
    }
}

fn scan(endpoints: usize) -> impl FnMut(u32) {
    let loads = loads(endpoints);
    move |_| {
        let least = loads.iter().min_by_key(|load| load.load(Ordering::Relaxed));
        serve(least.expect("an endpoint"));
    }
}
