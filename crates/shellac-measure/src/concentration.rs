//! Whether failures concentrate on few values of something, or are spread evenly.
//!
//! The question behind "one backend is bad", "one node", "one kind of request": for each value of a dimension
//! there is a number of attempts and of failures, and chance alone makes some values look worse than others.
//! The answer of [`Table::examine`] is wrong, for failures that have nothing to do with the dimension, at most
//! once in a thousand tables.
//!
//! Failures come in bursts, and a burst is one event, not twenty. So counts are taken in sub-windows, the
//! overdispersion that they show within the values is estimated, and all counts are divided by it before
//! anything is tested.

use crate::tail::{ln_hypergeometric, wilson};

/// Standard deviations of the interval around a value's rate: one in a thousand on one side.
const Z: f64 = 3.29;
/// Fewer failures, bursts counted once, are not examined.
const MIN_FAILURES: u64 = 10;
/// How unlikely it must be, over everything that is tested: one in a thousand.
const MAX_P: f64 = 1e-3;
/// The values that are named must have this share of all failures.
const MIN_SHARE: f64 = 0.5;
/// Their rate is surely so many times the rate of the rest.
const MIN_FACTOR: f64 = 3.0;

/// Attempts and how many of them failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Attempts, the failed ones among them.
    pub attempts: u64,
    /// Failures.
    pub failures: u64,
}

impl Cell {
    /// The share that failed; 0 without attempts.
    pub fn rate(self) -> f64 {
        if self.attempts == 0 { 0.0 } else { self.failures as f64 / self.attempts as f64 }
    }

    /// Both sums.
    #[must_use]
    pub const fn plus(self, other: Cell) -> Cell {
        Cell {
            attempts: self.attempts.saturating_add(other.attempts),
            failures: self.failures.saturating_add(other.failures),
        }
    }

    fn sum(cells: impl IntoIterator<Item = Cell>) -> Cell {
        cells.into_iter().fold(Cell::default(), Cell::plus)
    }

    /// Bursts counted once.
    fn divided(self, dispersion: f64) -> Cell {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count divided by at least 1"
        )]
        let divide = |count: u64| (count as f64 / dispersion).round() as u64;
        let attempts = divide(self.attempts);
        Cell { attempts, failures: divide(self.failures).min(attempts) }
    }
}

/// Attempts and failures of the values of one dimension.
#[derive(Clone, Debug)]
pub struct Table {
    /// For each value, its cells in the sub-windows; every value has the same sub-windows.
    pub values: Vec<Vec<Cell>>,
    /// The first so many values may be named. Those behind are what is left: the others, together.
    pub candidates: usize,
    /// Failures for which the value is not known.
    pub unknown_failures: u64,
    /// Values that are tested besides these, in other dimensions: all together are allowed one false alarm in a
    /// thousand.
    pub other_tests: u64,
    /// Good attempts are a sample: each stands for so many times as many as a failure does. 1 where all are counted.
    pub good_weight: f64,
}

impl Default for Table {
    fn default() -> Table {
        Table {
            values: Vec::new(),
            candidates: 0,
            unknown_failures: 0,
            other_tests: 0,
            good_weight: 1.0,
        }
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// There is only one value.
    Same,
    /// Too few failures to say anything, bursts counted once; this many.
    TooFew(u64),
    /// Nothing that chance does not do.
    Even,
    /// It would be a difference if nothing else had been tested.
    Unsure,
    /// Some values surely fail more often than others, but not so that it explains most failures.
    Uneven(Finding),
    /// Most failures are those of few values.
    Concentrated(Finding),
}

/// Values that fail more often than the rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The values, worst first.
    pub values: Vec<usize>,
    /// `ln` of how likely that is by chance, over everything that was tested.
    pub ln_p: f64,
    /// Their attempts and failures.
    pub these: Cell,
    /// Those of all other values.
    pub rest: Cell,
    /// Variance of bursts, as a multiple of that of single failures; at least 1.
    pub dispersion: f64,
    /// The share of the entropy of failing that knowing the value explains, 0 to 1, less what chance explains.
    pub explained: f64,
}

impl Table {
    /// Examines the table.
    pub fn examine(&self) -> Outcome {
        let totals: Vec<Cell> =
            self.values.iter().map(|cells| Cell::sum(cells.iter().copied())).collect();
        if totals.iter().filter(|total| total.attempts > 0).count() < 2 {
            return Outcome::Same;
        }
        let dispersion = dispersion(&self.values, &totals);
        let counts: Vec<Cell> = totals.iter().map(|total| total.divided(dispersion)).collect();
        let failures = Cell::sum(counts.iter().copied()).failures;
        if failures < MIN_FAILURES {
            return Outcome::TooFew(failures);
        }
        let values = counts.iter().filter(|count| count.attempts > 0).count() as u64;
        let tests = values.saturating_add(self.other_tests);
        let chain = self.worst(&counts, tests);
        let Some(&(_, ln_p)) = chain.first() else {
            let alone = self.worst(&counts, values);
            return if alone.is_empty() { Outcome::Even } else { Outcome::Unsure };
        };
        let finding = |size: usize| {
            let values: Vec<usize> = chain[..size].iter().map(|&(value, _)| value).collect();
            let (these, rest) = split(&totals, &values);
            Finding { values, ln_p, these, rest, dispersion, explained: explained(&counts) }
        };
        let unknown = self.unknown_failures;
        let unknown = Cell { attempts: unknown, failures: unknown }.divided(dispersion);
        let failures = failures + unknown.failures;
        // What is left out of the set is in the rest, which makes the set look better than it is: so the largest
        // set that passes.
        let passing = (1..=chain.len()).rev().find(|&size| {
            let values: Vec<usize> = chain[..size].iter().map(|&(value, _)| value).collect();
            let (these, rest) = split(&counts, &values);
            these.failures as f64 >= MIN_SHARE * failures as f64
                && self.weighted(wilson(these.failures, these.attempts, Z).0)
                    >= MIN_FACTOR * self.weighted(rest.rate())
        });
        match passing {
            Some(size) => Outcome::Concentrated(finding(size)),
            None => Outcome::Uneven(finding(chain.len())),
        }
    }

    /// A rate among all attempts, from that among those that are there.
    fn weighted(&self, rate: f64) -> f64 {
        if rate >= 1.0 { 1.0 } else { rate / (rate + (1.0 - rate) * self.good_weight) }
    }

    /// The worst value, the worst of the rest, and so on, while chance does not do that; each with its `ln p`.
    fn worst(&self, counts: &[Cell], tests: u64) -> Vec<(usize, f64)> {
        let mut left: Vec<usize> =
            (0..counts.len()).filter(|&value| counts[value].attempts > 0).collect();
        // A set of most values would be named by what it lacks.
        let most = left.len() / 2;
        let mut chain = Vec::new();
        while chain.len() < most {
            let all = Cell::sum(left.iter().map(|&value| counts[value]));
            if all.failures < MIN_FAILURES {
                break;
            }
            let low = |value: usize| wilson(counts[value].failures, counts[value].attempts, Z).0;
            let candidates = left.iter().copied().filter(|&value| value < self.candidates);
            let Some(worst) = candidates.max_by(|&a, &b| low(a).total_cmp(&low(b))) else { break };
            let Cell { attempts, failures } = counts[worst];
            let tail = ln_hypergeometric(all.attempts, all.failures, attempts, failures);
            let ln_p = ((tests as f64).ln() + tail).min(0.0);
            if ln_p >= MAX_P.ln() {
                break;
            }
            chain.push((worst, ln_p));
            left.retain(|&value| value != worst);
        }
        chain
    }
}

/// The sums of `values`, and of all others.
fn split(totals: &[Cell], values: &[usize]) -> (Cell, Cell) {
    let these = Cell::sum(values.iter().map(|&value| totals[value]));
    let rest = (0..totals.len()).filter(|value| !values.contains(value)).map(|value| totals[value]);
    (these, Cell::sum(rest))
}

/// Beyond this many standard deviations bursts are there, and are looked at closer: one in twenty by chance.
const BURSTS_Z: f64 = 1.645;

/// How much more failures vary between the sub-windows of one value than they would if each attempt failed or not
/// by itself: Pearson's chi-square by degree of freedom, at least 1.
///
/// A burst that is longer than a sub-window looks like several shorter ones there. So where there are bursts,
/// neighbouring sub-windows are put together as well, and the largest answer counts.
fn dispersion(values: &[Vec<Cell>], totals: &[Cell]) -> f64 {
    let Some((first, freedom)) = dispersion_by(1, values, totals) else { return 1.0 };
    // Wilson and Hilferty: the cube root of chi-square by degree of freedom is nearly normal.
    let spread = 2.0 / (9.0 * freedom);
    let z = (first.cbrt() - (1.0 - spread)) / spread.sqrt();
    let windows = values.iter().map(Vec::len).max().unwrap_or_default();
    let mut largest = first.max(1.0);
    let mut together = 2;
    while z > BURSTS_Z && windows / together >= 2 {
        if let Some((dispersion, _)) = dispersion_by(together, values, totals) {
            largest = largest.max(dispersion);
        }
        together *= 2;
    }
    largest
}

/// Chi-square by degree of freedom with so many sub-windows put together, and the degrees of freedom.
fn dispersion_by(together: usize, values: &[Vec<Cell>], totals: &[Cell]) -> Option<(f64, f64)> {
    let (mut chi2, mut freedom) = (0.0, 0.0);
    for (cells, total) in values.iter().zip(totals) {
        let rate = total.rate();
        // Where all or none fail nothing varies, and nothing can be learnt about how much.
        if rate <= 0.0 || rate >= 1.0 {
            continue;
        }
        let mut windows: f64 = 0.0;
        for cells in cells.chunks(together) {
            let cell = Cell::sum(cells.iter().copied());
            if cell.attempts == 0 {
                continue;
            }
            let expected = cell.attempts as f64 * rate;
            let off = cell.failures as f64 - expected;
            chi2 += off * off / (expected * (1.0 - rate));
            windows += 1.0;
        }
        freedom += (windows - 1.0).max(0.0);
    }
    (freedom >= 1.0).then(|| (chi2 / freedom, freedom))
}

/// Likelihood ratio of the table over twice the entropy of its margin, less its mean under chance alone: without
/// that, a dimension of very many values would explain everything.
fn explained(counts: &[Cell]) -> f64 {
    let all = Cell::sum(counts.iter().copied());
    let rate = all.rate();
    if rate <= 0.0 || rate >= 1.0 {
        return 0.0;
    }
    let n = all.attempts as f64;
    let entropy = -(rate * rate.ln() + (1.0 - rate) * (1.0 - rate).ln());
    let part = |observed: f64, expected: f64| {
        if observed > 0.0 { observed * (observed / expected).ln() } else { 0.0 }
    };
    let (mut g, mut values) = (0.0, 0.0);
    for count in counts.iter().filter(|count| count.attempts > 0) {
        let (attempts, failures) = (count.attempts as f64, count.failures as f64);
        g += 2.0 * part(failures, attempts * rate);
        g += 2.0 * part(attempts - failures, attempts * (1.0 - rate));
        values += 1.0;
    }
    ((g - (values - 1.0)) / (2.0 * n * entropy)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests;
