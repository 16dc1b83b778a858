//! The test against failures whose distribution is known, with fixed seeds.

use super::{Cell, Outcome, Table};
use crate::dice::Dice;

/// Attempts on values, each with its traffic and its rate of failures, which come in runs of one value.
struct Case {
    traffic: Vec<f64>,
    rates: Vec<f64>,
    run: f64,
    attempts: usize,
}

const SUB_WINDOWS: usize = 12;

impl Case {
    fn even(values: usize, rate: f64, attempts: usize) -> Case {
        Case { traffic: vec![1.0; values], rates: vec![rate; values], run: 1.0, attempts }
    }

    /// The first value has most traffic, the second half of it, and so on.
    fn skewed(mut self) -> Case {
        for (at, traffic) in self.traffic.iter_mut().enumerate() {
            *traffic = 1.0 / (at as f64 + 1.0);
        }
        self
    }

    fn in_runs_of(self, run: f64) -> Case {
        Case { run, ..self }
    }

    fn bad(mut self, values: usize, rate: f64) -> Case {
        self.rates[..values].fill(rate);
        self
    }

    fn table(&self, dice: &mut Dice) -> Table {
        let sum: f64 = self.traffic.iter().sum();
        let mut values = vec![vec![Cell::default(); SUB_WINDOWS]; self.traffic.len()];
        let mut left = vec![0.0; self.traffic.len()];
        for attempt in 0..self.attempts {
            let mut at = dice.share() * sum;
            let value = self.traffic.iter().position(|&traffic| {
                at -= traffic;
                at < 0.0
            });
            let value = value.unwrap_or(0);
            // A run is as long as it is; between two of them lie so many successes that the rate is right.
            let rate = self.rates[value];
            let start = rate / (self.run * (1.0 - rate) + rate);
            if left[value] <= 0.0 && dice.share() < start {
                left[value] = self.run;
            }
            let cell = &mut values[value][attempt * SUB_WINDOWS / self.attempts];
            cell.attempts += 1;
            if left[value] > 0.0 {
                left[value] -= 1.0;
                cell.failures += 1;
            }
        }
        let candidates = values.len();
        Table { values, candidates, ..Table::default() }
    }

    /// The share of `runs` in which exactly the values that are bad were found, and in which something else was.
    fn found(&self, runs: usize, seed: u64) -> (f64, f64) {
        let mut dice = Dice::new(seed);
        let worst = self.rates.iter().copied().fold(0.0, f64::max);
        let best = self.rates.iter().copied().fold(1.0, f64::min);
        let bad: Vec<usize> = (0..self.rates.len())
            .filter(|&value| worst > best && self.rates[value] == worst)
            .collect();
        let (mut right, mut wrong) = (0, 0);
        for _ in 0..runs {
            if let Outcome::Concentrated(finding) = self.table(&mut dice).examine() {
                let mut values = finding.values;
                values.sort_unstable();
                if values == bad { right += 1 } else { wrong += 1 }
            }
        }
        (right as f64 / runs as f64, wrong as f64 / runs as f64)
    }
}

/// What the simulation of one case must say: at least this share of runs finds what is bad, at most that many
/// find anything else.
fn check(name: &str, case: &Case, runs: usize, at_least: f64) {
    let (right, wrong) = case.found(runs, 1);
    assert!(right >= at_least, "{name}: found in {right}");
    assert!(wrong <= 0.001, "{name}: wrong in {wrong}");
}

#[test]
fn even_failures_are_even() {
    for values in [4, 9, 50] {
        for (rate, attempts) in [(0.01, 2000), (0.05, 500), (0.3, 500)] {
            let name = format!("{values} values, {rate}");
            check(&name, &Case::even(values, rate, attempts), 1000, 0.0);
            check(
                &format!("{name}, skewed"),
                &Case::even(values, rate, attempts).skewed(),
                1000,
                0.0,
            );
        }
    }
}

#[test]
fn bursts_are_no_concentration() {
    for (values, attempts) in [(4, 1000), (9, 1000), (4, 4000), (9, 4000)] {
        for run in [5.0, 20.0] {
            let case = Case::even(values, 0.05, attempts).in_runs_of(run);
            check(
                &format!("{values} values, {attempts} attempts, runs of {run}"),
                &case,
                1000,
                0.0,
            );
        }
    }
}

#[test]
fn without_overdispersion_bursts_would_be() {
    let case = Case::even(4, 0.05, 1000).in_runs_of(20.0);
    let mut dice = Dice::new(1);
    let found = (0..200).filter(|_| {
        let mut table = case.table(&mut dice);
        // One sub-window shows no bursts.
        for cells in &mut table.values {
            *cells = vec![Cell::sum(cells.drain(..))];
        }
        matches!(table.examine(), Outcome::Concentrated(_))
    });
    assert!(found.count() > 80, "this is what the correction is for");
}

#[test]
fn one_bad_of_nine_is_found() {
    let case = |attempts| Case::even(9, 0.0, attempts).bad(1, 0.45);
    check("200 attempts", &case(200), 500, 0.33);
    check("400 attempts", &case(400), 500, 0.93);
    check("1000 attempts", &case(1000), 200, 0.98);
    check("runs of 5, 1000 attempts", &case(1000).in_runs_of(5.0), 200, 0.5);
    check("runs of 5, 4000 attempts", &case(4000).in_runs_of(5.0), 100, 0.99);
}

#[test]
fn one_bad_of_four_is_found() {
    check("dead, 50 attempts", &Case::even(4, 0.0, 50).bad(1, 1.0), 500, 0.8);
    check("dead, 100 attempts", &Case::even(4, 0.0, 100).bad(1, 1.0), 500, 0.99);
    check("1000 attempts", &Case::even(4, 0.005, 1000).bad(1, 0.05), 300, 0.55);
    check("4000 attempts", &Case::even(4, 0.005, 4000).bad(1, 0.05), 100, 0.97);
}

#[test]
fn several_bad_ones_are_found_together() {
    check("two of nine", &Case::even(9, 0.01, 2000).bad(2, 0.3), 200, 0.99);
    check("two of nine, skewed", &Case::even(9, 0.01, 4000).bad(2, 0.3).skewed(), 100, 0.95);
    check("four of nine", &Case::even(9, 0.01, 4000).bad(4, 0.3), 100, 0.95);
}

#[test]
fn traffic_is_no_failure() {
    // Nine tenths of the traffic and of the failures: nothing is wrong with it.
    let mut case = Case::even(3, 0.05, 4000);
    case.traffic = vec![90.0, 5.0, 5.0];
    check("skewed", &case, 500, 0.0);
}

fn table(values: &[(u64, u64)]) -> Table {
    let cell = |&(attempts, failures): &(u64, u64)| vec![Cell { attempts, failures }];
    let values: Vec<Vec<Cell>> = values.iter().map(cell).collect();
    Table { candidates: values.len(), values, ..Table::default() }
}

#[test]
fn outcomes_have_names() {
    assert_eq!(table(&[(100, 50)]).examine(), Outcome::Same);
    assert_eq!(table(&[(100, 50), (0, 0)]).examine(), Outcome::Same);
    assert_eq!(table(&[]).examine(), Outcome::Same);
    assert_eq!(table(&[(100, 4), (100, 5)]).examine(), Outcome::TooFew(9));
    assert_eq!(table(&[(100, 10), (100, 11)]).examine(), Outcome::Even);
    // Twice the rate is a difference, but no explanation.
    let outcome = table(&[(2000, 200), (2000, 100)]).examine();
    assert!(matches!(outcome, Outcome::Uneven(_)), "{outcome:?}");
    let Outcome::Concentrated(found) = table(&[(100, 0), (100, 60), (300, 1)]).examine() else {
        panic!("60 of 61");
    };
    assert_eq!(found.values, [1]);
    assert_eq!(found.these, Cell { attempts: 100, failures: 60 });
    assert_eq!(found.rest, Cell { attempts: 400, failures: 1 });
    assert!(found.explained > 0.5 && found.ln_p < -50.0, "{found:?}");
}

#[test]
fn failures_without_a_value_are_failures() {
    let mut table = table(&[(100, 0), (100, 60)]);
    assert!(matches!(table.examine(), Outcome::Concentrated(_)));
    table.unknown_failures = 100;
    assert!(matches!(table.examine(), Outcome::Uneven(_)), "60 of 160 explain little");
}

#[test]
fn what_is_left_over_is_not_named() {
    let mut table = table(&[(100, 0), (100, 60)]);
    table.candidates = 1;
    assert_eq!(table.examine(), Outcome::Even);
}

#[test]
fn who_asks_more_questions_needs_better_answers() {
    let mut table = table(&[(50, 10), (100, 1), (100, 1)]);
    assert!(matches!(table.examine(), Outcome::Concentrated(_)));
    table.other_tests = 1_000_000;
    assert_eq!(table.examine(), Outcome::Unsure);
}
