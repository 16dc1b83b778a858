//! Sub-windows: parts of all units, about as many in each, in the order in which they came.
//!
//! Units and not seconds are counted off, so that gaps between files, idle hours and clocks that are set do not
//! matter.

use crate::concentration::Cell;

/// Sub-windows at most; there are at least half as many once there are so many units.
pub(super) const SLOTS: usize = 24;

/// Which sub-window the next unit belongs to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    units: u64,
    /// A sub-window has 2^shift units.
    shift: u32,
}

impl Clock {
    /// The sub-window of the next unit, and whether sub-windows were put together by twos for it.
    pub(super) fn next(&mut self) -> (usize, bool) {
        let is_full = self.units >> self.shift >= SLOTS as u64;
        self.shift += u32::from(is_full);
        let slot = self.slot(self.units);
        self.units += 1;
        (slot, is_full)
    }

    pub(super) const fn units(&self) -> u64 {
        self.units
    }

    /// The sub-window of the unit with this number.
    pub(super) fn slot(&self, number: u64) -> usize {
        usize::try_from(number >> self.shift).unwrap_or(SLOTS).min(SLOTS - 1)
    }
}

/// Counts by sub-window.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots([Cell; SLOTS]);

impl Slots {
    pub(super) fn add(&mut self, slot: usize, cell: Cell) {
        self.0[slot] = self.0[slot].plus(cell);
    }

    /// Puts sub-windows together by twos.
    pub(super) fn halve(&mut self) {
        for slot in 0..SLOTS {
            let pair = self.0.get(2 * slot).zip(self.0.get(2 * slot + 1));
            self.0[slot] = pair.map_or(Cell::default(), |(a, b)| a.plus(*b));
        }
    }

    pub(super) fn cells(&self) -> Vec<Cell> {
        self.0.to_vec()
    }

    pub(super) fn sum(&self) -> Cell {
        self.0.iter().fold(Cell::default(), |sum, cell| sum.plus(*cell))
    }

    /// What is in `all` and not in this part of it.
    pub(super) fn rest_of(&self, all: &Slots) -> Vec<Cell> {
        let less = |(all, part): (&Cell, &Cell)| Cell {
            attempts: all.attempts.saturating_sub(part.attempts),
            failures: all.failures.saturating_sub(part.failures),
        };
        all.0.iter().zip(&self.0).map(less).collect()
    }
}
