//! Counting in a thread's own memory.

use std::cell::Cell;

use super::published::Published;
use crate::vsc::table::Kind;

/// Cells before and behind a tally's own, so that no other thread's memory is on its cache lines.
const MARGIN: usize = 8;

/// What one thread has counted and not published yet, for all sets of a [`Published`].
///
/// It can be moved to a thread, and not be shared between two. Dropping it publishes the rest.
#[derive(Debug)]
pub struct Tally<K: Kind> {
    published: Published<K>,
    /// The counters of all sets, set by set.
    cells: Box<[Cell<u64>]>,
    /// Sets that somebody has asked for since the last sweep. Not those that something was counted for: a store beside each add would
    /// cost as much as the add.
    asked: Box<[Cell<bool>]>,
}

impl<K: Kind> Tally<K> {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(published: Published<K>) -> Tally<K> {
        let count = published.count();
        let cells = count * K::ROWS.len() + 2 * MARGIN;
        Tally {
            cells: (0..cells).map(|_| Cell::new(0)).collect(),
            asked: (0..count).map(|_| Cell::new(false)).collect(),
            published,
        }
    }

    /// One of the sets. Ask again for what happens later: of what is counted through an answer that is older than a sweep, the next
    /// sweep does not know. It is not lost, but published only after somebody has asked for the same set again, or at the end.
    ///
    /// # Panics
    ///
    /// If there is none at this place.
    #[inline]
    #[must_use]
    pub fn of(&self, set: usize) -> Counts<'_, K> {
        self.asked[set].set(true);
        self.counts(set)
    }

    /// The first set, which every sweep looks at.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[inline]
    #[must_use]
    pub fn first(&self) -> Counts<'_, K> {
        self.counts(0)
    }

    #[inline]
    fn counts(&self, set: usize) -> Counts<'_, K> {
        let first = MARGIN + set * K::ROWS.len();
        Counts { cells: &self.cells[first..first + K::ROWS.len()], published: &self.published, set }
    }

    /// What the counts go to.
    #[must_use]
    pub fn published(&self) -> &Published<K> {
        &self.published
    }

    /// Adds what was counted to the published words; whether there was anything.
    ///
    /// It costs a look at a byte per set, and one at each counter of the sets that were asked for.
    pub fn sweep(&self) -> bool {
        self.publish(|set, asked| asked || set == 0)
    }

    /// Adds to the published words what was counted in sets that are `wanted`, given whether they were asked for.
    fn publish(&self, wanted: impl Fn(usize, bool) -> bool) -> bool {
        let mut any = false;
        let rows = K::ROWS.len();
        for (set, asked) in self.asked.iter().enumerate() {
            if !wanted(set, asked.take()) {
                continue;
            }
            let first = MARGIN + set * rows;
            for (index, cell) in self.cells[first..first + rows].iter().enumerate() {
                let delta = cell.take();
                if delta != 0 {
                    self.published.add_at(set, index, delta);
                    any = true;
                }
            }
        }
        any
    }
}

impl<K: Kind> Drop for Tally<K> {
    fn drop(&mut self) {
        self.publish(|_, _| true);
    }
}

/// One set of a [`Tally`].
#[derive(Debug)]
pub struct Counts<'t, K: Kind> {
    cells: &'t [Cell<u64>],
    published: &'t Published<K>,
    set: usize,
}

impl<K: Kind> Clone for Counts<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K: Kind> Copy for Counts<'_, K> {}

impl<K: Kind> Counts<'_, K> {
    /// One more.
    #[inline]
    pub fn inc(self, counter: K) {
        self.add(counter, 1);
    }

    /// `count` more.
    #[inline]
    pub fn add(self, counter: K, count: u64) {
        let cell = &self.cells[counter.index()];
        cell.set(cell.get().wrapping_add(count));
    }

    /// Adds to the published word at once: for gauges that have to be exact at any moment; `-1` as [`u64::MAX`].
    #[inline]
    pub fn now(self, gauge: K, delta: u64) {
        self.published.add(self.set, gauge, delta);
    }
}
