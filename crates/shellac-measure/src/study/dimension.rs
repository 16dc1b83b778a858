//! The values of one dimension and their counts.

use std::collections::HashMap;

use super::clock::Slots;
use super::rows;
use crate::concentration::{Cell, Table};

/// Counts by value.
#[derive(Clone, Debug, Default)]
pub(super) struct Dimension {
    numbers: HashMap<Box<str>, u16>,
    names: Vec<Box<str>>,
    counts: Vec<Slots>,
    /// Values beyond the limit, together.
    other: Slots,
}

impl Dimension {
    /// Counts a value; the answer is its number.
    pub(super) fn add(&mut self, value: &str, slot: usize, cell: Cell, limit: usize) -> u16 {
        let number = match self.numbers.get(value) {
            Some(&number) => number,
            None => match u16::try_from(self.names.len()) {
                Ok(number) if self.names.len() < limit => {
                    self.numbers.insert(value.into(), number);
                    self.names.push(value.into());
                    self.counts.push(Slots::default());
                    number
                }
                _ => rows::OTHER,
            },
        };
        let counts = self.counts.get_mut(usize::from(number)).unwrap_or(&mut self.other);
        counts.add(slot, cell);
        number
    }

    pub(super) fn halve(&mut self) {
        self.counts.iter_mut().for_each(Slots::halve);
        self.other.halve();
    }

    /// The counts, given those of everything.
    pub(super) fn table(&self, total: Cell) -> Table {
        let mut values: Vec<Vec<Cell>> = self.counts.iter().map(Slots::cells).collect();
        let mut known = self.other();
        self.counts.iter().for_each(|counts| known = known.plus(counts.sum()));
        if self.other().attempts > 0 {
            values.push(self.other.cells());
        }
        Table {
            values,
            candidates: self.counts.len(),
            unknown_failures: total.failures.saturating_sub(known.failures),
            ..Table::default()
        }
    }

    /// Units whose value is beyond the limit.
    pub(super) fn other(&self) -> Cell {
        self.other.sum()
    }

    /// How many values are told apart.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// The value with this number.
    pub(super) fn name(&self, number: usize) -> &str {
        self.names.get(number).map_or("(other)", |name| name)
    }
}
