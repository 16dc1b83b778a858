//! Verdicts on traffic whose faults are known: the cases of the specification with fresh seeds, and those that should say nothing.

use std::time::Duration;

use shellac_measure::Dice;

use super::{Change, Dimension, Observation, SUB_WINDOW, SUB_WINDOWS, Verdict, Verdicts};

/// Backends with their nodes and zones, the share of attempts that fails at each, and how many attempts there are in a window.
#[derive(Clone)]
struct Case {
    backends: Vec<Backend>,
    attempts: usize,
    /// Failures of a backend come in runs of so many.
    run: f64,
    /// So many failed first attempts are made again elsewhere, and so on; these fail more often.
    retries: bool,
}

#[derive(Clone)]
struct Backend {
    name: String,
    node: Option<String>,
    zone: Option<String>,
    traffic: f64,
    rate: f64,
}

impl Case {
    fn even(backends: usize, rate: f64, attempts: usize) -> Case {
        let backend =
            |at| Backend { name: format!("b{at}"), node: None, zone: None, traffic: 1.0, rate };
        Case { backends: (0..backends).map(backend).collect(), attempts, run: 1.0, retries: false }
    }

    fn bad(mut self, count: usize, rate: f64) -> Case {
        self.backends[..count].iter_mut().for_each(|backend| backend.rate = rate);
        self
    }

    fn skewed(mut self) -> Case {
        for (at, backend) in self.backends.iter_mut().enumerate() {
            backend.traffic = 1.0 / (at as f64 + 1.0);
        }
        self
    }

    fn in_runs_of(self, run: f64) -> Case {
        Case { run, ..self }
    }

    /// Neighbours share a node; three nodes a zone.
    fn on_nodes_of(mut self, size: usize) -> Case {
        for (at, backend) in self.backends.iter_mut().enumerate() {
            backend.node = Some(format!("n{}", at / size));
            backend.zone = Some(format!("z{}", at / size / 3));
        }
        self
    }

    /// One window of it; first attempts only are observed, whatever is made of them.
    fn window(&self, dice: &mut Dice) -> Verdicts {
        let mut verdicts = Verdicts::new();
        let mut left = vec![0.0; self.backends.len()];
        for window in 0..SUB_WINDOWS {
            let attempts =
                self.attempts * (window + 1) / SUB_WINDOWS - self.attempts * window / SUB_WINDOWS;
            let counts = self.sub_window(dice, &mut left, attempts);
            let observations: Vec<_> = self.backends.iter().zip(&counts).map(observation).collect();
            verdicts.observe(SUB_WINDOW * u32::try_from(window).unwrap(), &observations);
        }
        verdicts
    }

    /// Attempts and failures of each backend; `left` is what is left of runs that have begun.
    fn sub_window(&self, dice: &mut Dice, left: &mut [f64], attempts: usize) -> Vec<(u64, u64)> {
        let total: f64 = self.backends.iter().map(|backend| backend.traffic).sum();
        let mut counts = vec![(0, 0); self.backends.len()];
        for _ in 0..attempts {
            let mut at = self.pick(dice, total);
            let mut failed = self.fails(dice, left, at);
            counts[at].0 += 1;
            counts[at].1 += u64::from(failed);
            // Attempts that follow are made and not observed.
            while self.retries && failed && dice.share() < 0.8 {
                at = self.pick(dice, total);
                failed = self.fails(dice, left, at) || dice.share() < 0.5;
            }
        }
        counts
    }

    /// Whether something is worse than the best there is.
    fn is_bad(&self, dimension: Dimension, value: &str) -> bool {
        let best = self.backends.iter().map(|backend| backend.rate).fold(1.0, f64::min);
        let has =
            |backend: &Backend| observation((backend, &(0, 0))).value(dimension) == Some(value);
        self.backends.iter().any(|backend| backend.rate > best && has(backend))
    }

    /// The share of all traffic that the backend with least of it has.
    fn least_share(&self) -> f64 {
        let traffic = || self.backends.iter().map(|backend| backend.traffic);
        traffic().fold(f64::INFINITY, f64::min) / traffic().sum::<f64>()
    }

    fn pick(&self, dice: &mut Dice, total: f64) -> usize {
        let mut at = dice.share() * total;
        let found = self.backends.iter().position(|backend| {
            at -= backend.traffic;
            at < 0.0
        });
        found.unwrap_or(0)
    }

    fn fails(&self, dice: &mut Dice, left: &mut [f64], at: usize) -> bool {
        let rate = self.backends[at].rate;
        let start = rate / (self.run * (1.0 - rate) + rate);
        if left[at] <= 0.0 && dice.share() < start {
            left[at] = self.run;
        }
        let fails = left[at] > 0.0;
        left[at] -= f64::from(u8::from(fails));
        fails
    }

    /// The shares of `runs` in which exactly `expected` was the verdict, and in which something was that is well.
    fn found(&self, dice: &mut Dice, runs: usize, expected: (Dimension, &[&str])) -> (f64, f64) {
        let (mut right, mut wrong) = (0, 0);
        for _ in 0..runs {
            if let Some(verdict) = self.window(dice).current() {
                let (dimension, values) = sorted(verdict);
                if (dimension, &values[..]) == expected {
                    right += 1;
                } else if !values.iter().all(|value| self.is_bad(dimension, value)) {
                    wrong += 1;
                }
            }
        }
        (f64::from(right) / runs as f64, f64::from(wrong) / runs as f64)
    }
}

fn observation<'a>((backend, counts): (&'a Backend, &(u64, u64))) -> Observation<'a> {
    Observation {
        backend: &backend.name,
        node: backend.node.as_deref(),
        zone: backend.zone.as_deref(),
        attempts: counts.0,
        failures: counts.1,
    }
}

fn sorted(verdict: &Verdict) -> (Dimension, Vec<&str>) {
    let mut values: Vec<&str> = verdict.values.iter().map(String::as_str).collect();
    values.sort_unstable();
    (verdict.dimension, values)
}

/// The same numbers in each run, or those of `SHELLAC_SEED`.
fn dice() -> Dice {
    let given = std::env::var("SHELLAC_SEED").ok().and_then(|text| text.parse().ok());
    let seed: u64 = given.unwrap_or(1);
    println!("SHELLAC_SEED={seed}");
    Dice::new(seed)
}

/// How many windows to simulate: more where `SHELLAC_RUNS` says so, as for the numbers in `benches/RESULTS.md`.
fn runs(usual: usize) -> usize {
    let factor = std::env::var("SHELLAC_RUNS").ok().and_then(|text| text.parse().ok());
    usual * factor.unwrap_or(1)
}

/// What a case must say in so many runs: at least `at_least` of them name `expected`. Something that is well is named in no more
/// than a few of a thousand, whatever the case; how often on the whole is another test's matter.
fn check(what: &str, case: &Case, usual: usize, expected: (Dimension, &[&str]), at_least: f64) {
    let runs = runs(usual);
    let (right, wrong) = case.found(&mut dice(), runs, expected);
    println!("{what}: {runs} windows, found {right:.3}, wrong {wrong:.4}");
    let spread = 4.0 * (at_least * (1.0 - at_least) / runs as f64).sqrt();
    assert!(right >= at_least - spread, "{what}: found in {right}");
    assert!(wrong <= 0.005 + 4.0 * (0.005 / runs as f64).sqrt(), "{what}: wrong in {wrong}");
}

const NOTHING: (Dimension, &[&str]) = (Dimension::Backend, &[]);

#[test]
fn even_failures_are_no_verdict() {
    for backends in [4, 9, 50] {
        for (rate, attempts) in [(0.01, 2000), (0.05, 500), (0.3, 500)] {
            let case = Case::even(backends, rate, attempts);
            let name = format!("even: {backends} backends, {rate}");
            check(&name, &case, 100, NOTHING, 0.0);
            check(&format!("{name}, skewed"), &case.clone().skewed(), 100, NOTHING, 0.0);
            check(&format!("{name}, nodes"), &case.on_nodes_of(2), 100, NOTHING, 0.0);
        }
    }
}

#[test]
fn bursts_and_retries_are_no_verdict() {
    for run in [5.0, 20.0] {
        for attempts in [1000, 4000] {
            let case = Case::even(9, 0.05, attempts).in_runs_of(run);
            check(&format!("runs of {run}, {attempts}"), &case, 100, NOTHING, 0.0);
            let case = case.on_nodes_of(3);
            check(&format!("runs of {run}, {attempts}, nodes"), &case, 100, NOTHING, 0.0);
        }
    }
    let case = Case { retries: true, ..Case::even(9, 0.1, 2000) };
    check("dependent retries", &case, 200, NOTHING, 0.0);
    // Most of the traffic and of the failures, at the rate of the others.
    let mut case = Case::even(3, 0.05, 4000);
    case.backends[0].traffic = 20.0;
    check("nearly all traffic", &case, 100, NOTHING, 0.0);
}

#[test]
fn one_bad_of_nine_is_named() {
    let case = |attempts| Case::even(9, 0.0, attempts).bad(1, 0.45);
    let b0 = (Dimension::Backend, &["b0"][..]);
    check("1 of 9, 200", &case(200), 200, b0, 0.35);
    check("1 of 9, 400", &case(400), 200, b0, 0.94);
    check("1 of 9, 1000", &case(1000), 100, b0, 0.99);
    check("1 of 9, 1000, runs of 5", &case(1000).in_runs_of(5.0), 100, b0, 0.5);
    check("1 of 9, 4000, runs of 5", &case(4000).in_runs_of(5.0), 50, b0, 0.99);
    let retries = Case { retries: true, ..case(1000) };
    check("1 of 9, 1000, retries", &retries, 100, b0, 0.99);
    check("1 of 9, 1000, skewed", &case(1000).skewed(), 100, b0, 0.99);
}

#[test]
fn one_bad_of_four_is_named() {
    let b0 = (Dimension::Backend, &["b0"][..]);
    check("1 of 4 dead, 50", &Case::even(4, 0.0, 50).bad(1, 1.0), 200, b0, 0.8);
    check("1 of 4 dead, 100", &Case::even(4, 0.0, 100).bad(1, 1.0), 200, b0, 0.99);
    check("1 of 4 at 5 %, 1000", &Case::even(4, 0.005, 1000).bad(1, 0.05), 200, b0, 0.55);
    check("1 of 4 at 5 %, 4000", &Case::even(4, 0.005, 4000).bad(1, 0.05), 50, b0, 0.98);
}

#[test]
fn two_bad_of_nine_are_named_together() {
    let both = (Dimension::Backend, &["b0", "b1"][..]);
    check("2 of 9, 400", &Case::even(9, 0.01, 400).bad(2, 0.3), 100, both, 0.4);
    check("2 of 9, 2000", &Case::even(9, 0.01, 2000).bad(2, 0.3), 100, both, 0.99);
}

#[test]
fn a_bad_node_is_named_and_not_its_backends() {
    // Nine nodes with three backends each; the first is the one of the incident.
    let case = Case::even(27, 0.0, 2000).bad(3, 0.45).on_nodes_of(3);
    check("node", &case, 100, (Dimension::Node, &["n0"]), 0.99);
    // A third of the backends has no node, one on the bad node among them.
    let mut partly = case;
    for at in (1..27).step_by(3) {
        partly.backends[at].node = None;
    }
    check("node, partly known", &partly, 100, (Dimension::Node, &["n0"]), 0.9);
    // All of a zone.
    let case = Case::even(27, 0.0, 2000).bad(9, 0.3).on_nodes_of(3);
    check("zone", &case, 100, (Dimension::Zone, &["z0"]), 0.99);
}

/// One sub-window with these counts of b0, b1 ...
fn step(verdicts: &mut Verdicts, second: u64, counts: &[(u64, u64)]) -> Change {
    let case = Case::even(counts.len(), 0.0, 0);
    let observations: Vec<_> = case.backends.iter().zip(counts).map(observation).collect();
    verdicts.observe(Duration::from_secs(second), &observations)
}

#[test]
fn a_verdict_begins_goes_on_and_ends() {
    let mut verdicts = Verdicts::new();
    let good = [(50, 0), (50, 0), (50, 0)];
    for second in (0..60).step_by(5) {
        assert_eq!(step(&mut verdicts, second, &good), Change::None);
    }
    // A burst of ten seconds says nothing; what goes on is seen within the minute.
    let mut began = None;
    for second in (60..120).step_by(5) {
        match step(&mut verdicts, second, &[(50, 40), (50, 0), (50, 0)]) {
            Change::Begins(verdict) => {
                assert_eq!(began.replace(verdict), None, "nobody is told again")
            }
            change => assert_eq!(change, Change::None),
        }
        assert!(began.is_none() || second > 65, "{began:?}");
    }
    let began = began.expect("a minute has passed");
    assert_eq!((began.dimension, &began.values[..]), (Dimension::Backend, &["b0".to_owned()][..]));
    assert_eq!((began.share, began.count, began.rest.failures), (1.0, 1, 0));
    let now = verdicts.current().expect("it goes on");
    assert_eq!(
        (now.since, now.these.failures),
        (began.since, 480),
        "as old as it is, and with new numbers"
    );
    assert_eq!((verdicts.totals().attempts, verdicts.totals().failures), (1800, 480));
    // Another one besides: that is news.
    let both = (120..180).step_by(5).find_map(|second| {
        match step(&mut verdicts, second, &[(50, 40), (50, 40), (50, 0)]) {
            Change::Begins(verdict) => Some(verdict),
            _ => None,
        }
    });
    assert!(both.is_none(), "most of three are no exception: {both:?}");
    // All is well: the minute passes, and it is over once.
    let mut ended = Vec::new();
    for second in (180..300).step_by(5) {
        if let Change::Ends(verdict) = step(&mut verdicts, second, &good) {
            ended.push((second, verdict.values));
        }
    }
    assert!(ended.len() <= 1, "{ended:?}");
    assert_eq!(verdicts.current(), None);
}

#[test]
fn windows_without_a_reason_give_no_alarm() {
    // Streams of windows, as a proxy sees them: how many begin a verdict of all that were looked at.
    let mut dice = dice();
    let windows = runs(1000);
    let (mut looked, mut alarms) = (0, 0);
    while looked < windows {
        let backends = 2 + dice.below(30);
        let rate = [0.005, 0.02, 0.1, 0.3][dice.below(4)];
        let mut case = Case::even(backends, rate, 100 + dice.below(3000));
        if dice.below(2) == 0 {
            case = case.skewed();
        }
        if dice.below(2) == 0 {
            case = case.on_nodes_of(2);
        }
        // A run that takes a good part of a backend's minute is a reason: that backend was bad, for that minute.
        let least = case.attempts as f64 * case.least_share();
        case.run = [1.0, 5.0, 20.0][dice.below(3)];
        if least < 5.0 * case.run {
            case.run = 1.0;
        }
        let mut verdicts = Verdicts::new();
        let mut left = vec![0.0; backends];
        for at in 0..100 {
            let counts = case.sub_window(&mut dice, &mut left, case.attempts / SUB_WINDOWS);
            let observations: Vec<_> = case.backends.iter().zip(&counts).map(observation).collect();
            let change = verdicts.observe(SUB_WINDOW * at, &observations);
            alarms += usize::from(matches!(change, Change::Begins(_)));
            looked += 1;
        }
    }
    println!("{looked} windows without a reason: {alarms} alarms");
    let mean = looked as f64 * 0.001;
    assert!(alarms as f64 <= mean + 4.0 * mean.sqrt(), "{alarms} of {looked}");
}

#[test]
fn counts_that_cannot_be_are_no_panic() {
    let mut verdicts = Verdicts::new();
    assert_eq!(verdicts.observe(Duration::ZERO, &[]), Change::None);
    // A body that broke off after its sub-window, and numbers beyond counting.
    step(&mut verdicts, 5, &[(0, 3), (u64::MAX, u64::MAX), (u64::MAX, 1)]);
    step(&mut verdicts, 10, &[(u64::MAX, 7), (u64::MAX, u64::MAX)]);
    assert!(verdicts.totals().attempts >= verdicts.totals().failures);
}
