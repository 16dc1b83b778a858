//! What failing units have in common that good ones do not have.
//!
//! A unit is whatever may fail: an attempt, a request. [`Study::add`] takes one in with its value in each
//! dimension and the flags that are set on it; [`Study::findings`] says which dimensions explain the failures.
//!
//! Single dimensions are counted exactly. What concerns several of them at once (whether one only repeats what
//! another one says) is asked of two samples, of failed and of good units.

mod clock;
mod dimension;
mod explain;
mod rows;

use std::collections::HashMap;

use crate::concentration::{Cell, Table};
use crate::reservoir::Reservoir;
use clock::{Clock, Slots};
use dimension::Dimension;
pub use explain::{Clause, Explanation, Findings, Subject};
use rows::Row;

/// How much a study may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Values of a dimension that are told apart; at most 65,000. The others are counted together.
    pub values: usize,
    /// Flags; at most 64. Later ones are left out.
    pub flags: usize,
    /// Units in each of the two samples.
    pub rows: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { values: 512, flags: 64, rows: 10_000 }
    }
}

/// A longer value is cut, in bytes.
const MAX_VALUE: usize = 200;

/// One unit.
#[derive(Clone, Copy, Debug)]
pub struct Unit<'a> {
    /// Whether it failed.
    pub failed: bool,
    /// Its value in each dimension; `None` where that is not known.
    pub values: &'a [Option<&'a str>],
    /// The flags that are set on it. All others are not.
    pub flags: &'a [&'a str],
}

/// Counts units and explains failures.
#[derive(Clone, Debug)]
pub struct Study {
    limits: Limits,
    clock: Clock,
    totals: Slots,
    dimensions: Vec<Dimension>,
    flags: Vec<(Box<str>, Slots)>,
    flag_numbers: HashMap<Box<str>, usize>,
    /// Units with a flag that found no room.
    flags_left_out: u64,
    failed: Reservoir<Row>,
    good: Reservoir<Row>,
}

impl Study {
    /// A study over so many dimensions.
    pub fn new(dimensions: usize, limits: Limits) -> Study {
        let limits = Limits {
            values: limits.values.min(usize::from(rows::OTHER)),
            flags: limits.flags.min(rows::MAX_FLAGS),
            ..limits
        };
        Study {
            limits,
            clock: Clock::default(),
            totals: Slots::default(),
            dimensions: vec![Dimension::default(); dimensions],
            flags: Vec::new(),
            flag_numbers: HashMap::new(),
            flags_left_out: 0,
            failed: Reservoir::new(limits.rows),
            good: Reservoir::new(limits.rows),
        }
    }

    /// Takes a unit in. `random` is uniform over all of `u64`, and new each time.
    pub fn add(&mut self, unit: &Unit<'_>, random: u64) {
        let (slot, is_full) = self.clock.next();
        if is_full {
            self.halve();
        }
        let cell = Cell { attempts: 1, failures: u64::from(unit.failed) };
        self.totals.add(slot, cell);
        let mut values = Vec::with_capacity(self.dimensions.len());
        for (number, dimension) in self.dimensions.iter_mut().enumerate() {
            let value = unit.values.get(number).copied().flatten();
            values.push(match value {
                Some(value) => dimension.add(cut(value), slot, cell, self.limits.values),
                None => rows::UNKNOWN,
            });
        }
        let mut flags = 0;
        for &flag in unit.flags {
            let Some(number) = self.flag(cut(flag)) else {
                self.flags_left_out += 1;
                continue;
            };
            // A header may be there twice.
            if flags & (1 << number) == 0 {
                flags |= 1 << number;
                self.flags[number].1.add(slot, cell);
            }
        }
        let number = self.clock.units() - 1;
        let sample = if unit.failed { &mut self.failed } else { &mut self.good };
        sample.offer(random, || Row { number, values: values.into(), flags });
    }

    /// Units and failures so far.
    pub fn total(&self) -> Cell {
        self.totals.sum()
    }

    /// What explains the failures.
    pub fn findings(&self) -> Findings {
        explain::explain(self)
    }

    fn flag(&mut self, name: &str) -> Option<usize> {
        if let Some(&number) = self.flag_numbers.get(name) {
            return Some(number);
        }
        if self.flags.len() >= self.limits.flags {
            return None;
        }
        let number = self.flags.len();
        self.flags.push((name.into(), Slots::default()));
        self.flag_numbers.insert(name.into(), number);
        Some(number)
    }

    fn halve(&mut self) {
        self.totals.halve();
        self.dimensions.iter_mut().for_each(Dimension::halve);
        self.flags.iter_mut().for_each(|(_, slots)| slots.halve());
    }

    /// Everything that can be asked about.
    fn subjects(&self) -> impl Iterator<Item = Place> + '_ {
        let dimensions = (0..self.dimensions.len()).map(Place::Dimension);
        dimensions.chain((0..self.flags.len()).map(Place::Flag))
    }

    /// The exact counts of a subject.
    fn table(&self, place: Place) -> Table {
        match place {
            Place::Dimension(number) => self.dimensions[number].table(self.totals.sum()),
            Place::Flag(number) => {
                let there = &self.flags[number].1;
                let values = vec![there.cells(), there.rest_of(&self.totals)];
                Table { candidates: values.len(), values, ..Table::default() }
            }
        }
    }
}

/// Where a subject stands in a study.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Dimension(usize),
    /// Its values are: set, not set.
    Flag(usize),
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_VALUE)]
}

#[cfg(test)]
mod tests;
