//! Numbers that look random, from a seed.

use std::cell::Cell;

/// A thread's sequence of them.
#[derive(Debug)]
pub(crate) struct Chance(Cell<u64>);

impl Chance {
    /// The sequence of `seed`.
    pub(crate) fn new(seed: u64) -> Chance {
        Chance(Cell::new(seed))
    }

    /// The next one, from 0 up to but not including 1.
    pub(crate) fn draw(&self) -> f64 {
        let seed = self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0.set(seed);
        let mut z = seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let share = u32::try_from((z ^ (z >> 31)) >> 32).unwrap_or(0);
        f64::from(share) / 4_294_967_296.0
    }
}

#[cfg(test)]
mod tests;
