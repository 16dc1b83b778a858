//! On what the failures of the last minute concentrate.
//!
//! Each request counts once, with its first attempt and in the dimensions of `shellac why`. Reading these costs more
//! than everything else, so of many requests a sample is taken, of failing and of good ones by themselves; the test
//! knows how much each of them stands for.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use shellac_measure::Dice;
use shellac_measure::concentration::{Cell, Finding, Outcome as Tested, Table};
use shellac_render::dimensions::{COUNT, DIMENSIONS, Outcome, Unit};

use super::parts::{PARTS, Parts};

/// Requests of each kind that are looked at in a part of the minute before they become a sample.
const ENOUGH: u64 = 1000;
/// Values of a dimension that are told apart in a part.
const VALUES: usize = 256;
/// A longer value is cut, in bytes.
const MAX_VALUE: usize = 200;
/// Values that are named.
const NAMED: usize = 3;

/// Most failures are those of few values of something.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Suspicion {
    /// Since when that has been so without a break.
    pub(crate) since: Duration,
    /// For programs: a key of the dimensions of `shellac why`.
    pub(crate) dimension: &'static str,
    /// For people: `backend=api2`, worst first, and how many more there are.
    pub(crate) values: Vec<String>,
    pub(crate) more_values: usize,
    /// The share of all failures that these have.
    pub(crate) share_of_failures: f64,
    /// The share of their requests that fails, and that of all others.
    pub(crate) rate: f64,
    pub(crate) rate_of_others: f64,
    /// Failing requests that were compared.
    pub(crate) failures: u64,
    /// How likely that is by chance, as its natural logarithm.
    pub(crate) ln_p: f64,
}

/// Keeps the last minute.
#[derive(Debug)]
pub(super) struct Suspects {
    dice: Dice,
    parts: Parts<Part>,
    since: Option<(usize, Duration)>,
}

#[derive(Debug)]
struct Part {
    dimensions: [Values; COUNT],
    taken: Cell,
    failed: Sampling,
    good: Sampling,
}

#[derive(Clone, Debug, Default)]
struct Values {
    told_apart: HashMap<Box<str>, Cell>,
    other: Cell,
}

/// One in so many is taken.
#[derive(Clone, Copy, Debug)]
struct Sampling {
    one_in: usize,
    seen: u64,
    taken: u64,
    taken_so: u64,
}

impl Sampling {
    const fn one_in(one_in: usize) -> Sampling {
        Sampling { one_in, seen: 0, taken: 0, taken_so: 0 }
    }

    /// What the next part begins with: what would have been right for this one.
    const fn next(&self) -> Sampling {
        let mut one_in = 1;
        while self.seen / (one_in as u64) > ENOUGH {
            one_in *= 2;
        }
        Sampling::one_in(one_in)
    }

    fn offer(&mut self, dice: &mut Dice) -> bool {
        self.seen += 1;
        if self.one_in > 1 && dice.below(self.one_in) > 0 {
            return false;
        }
        self.taken += 1;
        self.taken_so += 1;
        if self.taken_so > 2 * ENOUGH {
            self.one_in *= 2;
            self.taken_so = 0;
        }
        true
    }
}

impl Part {
    fn after(before: Option<&Part>) -> Part {
        let sampling = |of: fn(&Part) -> &Sampling| {
            before.map_or(Sampling::one_in(1), |before| of(before).next())
        };
        Part {
            dimensions: std::array::from_fn(|_| Values::default()),
            taken: Cell::default(),
            failed: sampling(|part| &part.failed),
            good: sampling(|part| &part.good),
        }
    }
}

impl Suspects {
    /// `seed` decides which requests are in the samples, and nothing else.
    pub(super) fn new(seed: u64) -> Suspects {
        Suspects { dice: Dice::new(seed), parts: Parts::default(), since: None }
    }

    /// Time has come as far as this.
    pub(super) fn advance(&mut self, now: Duration) {
        self.parts.advance(now);
    }

    /// Whether a group of that moment, which may have failed or not, is to be looked at.
    pub(super) fn wants(&mut self, at: Duration, may_have_failed: bool) -> bool {
        let Some(part) = self.parts.at(at, Part::after) else { return false };
        let sampling = if may_have_failed { &mut part.failed } else { &mut part.good };
        sampling.offer(&mut self.dice)
    }

    /// Takes a request that was wanted.
    pub(super) fn add(&mut self, at: Duration, unit: &Unit) {
        if unit.outcome == Outcome::Client || !unit.has_attempt {
            return;
        }
        let Some(part) = self.parts.at(at, Part::after) else { return };
        let cell = Cell { attempts: 1, failures: u64::from(unit.outcome == Outcome::Failed) };
        part.taken = part.taken.plus(cell);
        for (values, value) in part.dimensions.iter_mut().zip(&unit.values) {
            if let Some(value) = value {
                values.add(&value[..value.floor_char_boundary(MAX_VALUE)], cell);
            }
        }
    }

    /// What the failures of the last minute concentrate on.
    pub(super) fn verdict(&mut self, now: Duration) -> Option<Suspicion> {
        let Some((number, names, finding, weight)) = self.examine() else {
            self.since = None;
            return None;
        };
        let since = match self.since {
            Some((before, since)) if before == number => since,
            _ => now,
        };
        self.since = Some((number, since));
        let all = self.parts.iter().fold(Cell::default(), |all, part| all.plus(part.taken));
        let dimension = DIMENSIONS[number];
        let named = finding.values.iter().filter_map(|value| names.get(*value));
        let values: Vec<String> =
            named.take(NAMED).map(|name| format!("{}{name}", dimension.prefix)).collect();
        let rate = |cell: Cell| {
            let good = (cell.attempts - cell.failures) as f64 * weight;
            cell.failures as f64 / (cell.failures as f64 + good).max(1.0)
        };
        Some(Suspicion {
            since,
            dimension: dimension.key,
            more_values: finding.values.len() - values.len(),
            values,
            share_of_failures: finding.these.failures as f64 / all.failures.max(1) as f64,
            rate: rate(finding.these),
            rate_of_others: rate(finding.rest),
            failures: all.failures,
            ln_p: finding.ln_p,
        })
    }

    /// The dimension that explains most, its values, what was found, and what a good request stands for.
    fn examine(&self) -> Option<(usize, Vec<String>, Finding, f64)> {
        let sum = |of: fn(&Part) -> Sampling| {
            let parts = self.parts.iter().map(of);
            parts.fold((0, 0), |(seen, taken), it| (seen + it.seen, taken + it.taken))
        };
        let each = |(seen, taken): (u64, u64)| seen.max(1) as f64 / taken.max(1) as f64;
        let weight = each(sum(|part| part.good)) / each(sum(|part| part.failed));
        let all = self.parts.iter().fold(Cell::default(), |all, part| all.plus(part.taken));
        if all.failures == 0 {
            return None;
        }
        let tables: Vec<(Vec<&str>, Table)> =
            (0..COUNT).map(|number| self.table(number, all, weight)).collect();
        let tests: u64 = tables.iter().map(|(names, _)| names.len() as u64).sum();
        let mut best: Option<(usize, Finding)> = None;
        for (number, (names, table)) in tables.iter().enumerate() {
            let other_tests = tests - names.len() as u64;
            let table = Table { other_tests, ..table.clone() };
            if let Tested::Concentrated(finding) = table.examine()
                // Of two that explain the same the first of the table is named.
                && best.as_ref().is_none_or(|(_, best)| finding.explained > best.explained + 1e-9)
            {
                best = Some((number, finding));
            }
        }
        let (number, finding) = best?;
        let names = tables[number].0.iter().map(|name| (*name).to_owned()).collect();
        Some((number, names, finding, weight))
    }

    /// The counts of one dimension, with the names of its values.
    fn table(&self, number: usize, all: Cell, good_weight: f64) -> (Vec<&str>, Table) {
        let mut values: BTreeMap<&str, Vec<Cell>> = BTreeMap::new();
        let mut other = vec![Cell::default(); PARTS];
        let mut known = Cell::default();
        for (place, part) in self.parts.iter().enumerate().take(PARTS) {
            let of = &part.dimensions[number];
            for (name, cell) in &of.told_apart {
                let cells = values.entry(name).or_insert_with(|| vec![Cell::default(); PARTS]);
                cells[place] = *cell;
                known = known.plus(*cell);
            }
            other[place] = of.other;
            known = known.plus(of.other);
        }
        let names: Vec<&str> = values.keys().copied().collect();
        let mut values: Vec<Vec<Cell>> = values.into_values().collect();
        let candidates = values.len();
        if other.iter().any(|cell| cell.attempts > 0) {
            values.push(other);
        }
        let unknown_failures = all.failures - known.failures;
        (names, Table { values, candidates, unknown_failures, other_tests: 0, good_weight })
    }
}

impl Values {
    fn add(&mut self, value: &str, cell: Cell) {
        if let Some(sum) = self.told_apart.get_mut(value) {
            *sum = sum.plus(cell);
        } else if self.told_apart.len() < VALUES {
            self.told_apart.insert(value.into(), cell);
        } else {
            self.other = self.other.plus(cell);
        }
    }
}
