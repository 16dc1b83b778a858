//! Units as they are kept in the samples, and counts over some of them.

use super::clock::SLOTS;
use super::{Place, Study};
use crate::concentration::{Cell, Table};
use crate::reservoir::Reservoir;

/// The number of all values beyond the limit.
pub(super) const OTHER: u16 = u16::MAX - 1;
/// The value is not known.
pub(super) const UNKNOWN: u16 = u16::MAX;
/// Flags of a unit.
pub(super) const MAX_FLAGS: usize = 64;

/// A unit in a sample.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Units before it.
    pub(super) number: u64,
    /// A value by dimension.
    pub(super) values: Box<[u16]>,
    /// A bit by flag.
    pub(super) flags: u64,
}

impl Row {
    /// The number of its value, as the table of the subject counts it; `None` when it is not known.
    pub(super) fn value(&self, place: Place) -> Option<usize> {
        match place {
            Place::Dimension(number) => match self.values.get(number) {
                None | Some(&UNKNOWN) => None,
                Some(&value) => Some(usize::from(value)),
            },
            Place::Flag(number) => Some(usize::from(self.flags & (1 << number) == 0)),
        }
    }
}

/// Some of the rows of a study.
#[derive(Clone, Debug)]
pub(super) struct Rows<'a> {
    pub(super) failed: Vec<&'a Row>,
    pub(super) good: Vec<&'a Row>,
}

impl<'a> Rows<'a> {
    /// All that the study has.
    pub(super) fn all(study: &'a Study) -> Rows<'a> {
        Rows {
            failed: study.failed.items().iter().collect(),
            good: study.good.items().iter().collect(),
        }
    }

    /// Those for which `wanted` holds.
    pub(super) fn filter(&self, wanted: impl Fn(&Row) -> bool) -> Rows<'a> {
        let part = |rows: &[&'a Row]| rows.iter().copied().filter(|row| wanted(row)).collect();
        Rows { failed: part(&self.failed), good: part(&self.good) }
    }

    /// The counts of a subject among these.
    pub(super) fn table(&self, study: &Study, place: Place) -> Table {
        let candidates = match place {
            Place::Dimension(number) => study.dimensions[number].len(),
            Place::Flag(_) => 2,
        };
        let mut values = vec![vec![Cell::default(); SLOTS]; candidates + 1];
        let mut unknown_failures = 0;
        for (rows, failures) in [(&self.failed, 1), (&self.good, 0)] {
            for row in rows {
                let Some(value) = row.value(place) else {
                    unknown_failures += failures;
                    continue;
                };
                let cells = &mut values[value.min(candidates)];
                let slot = study.clock.slot(row.number);
                cells[slot] = cells[slot].plus(Cell { attempts: 1, failures });
            }
        }
        let weight = |sample: &Reservoir<Row>| {
            sample.offered().max(1) as f64 / sample.items().len().max(1) as f64
        };
        let good_weight = weight(&study.good) / weight(&study.failed);
        Table { values, candidates, unknown_failures, good_weight, other_tests: 0 }
    }
}
