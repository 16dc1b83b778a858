//! Chance that can be repeated.

use std::hash::{BuildHasher, RandomState};

/// A row of numbers that a seed decides.
#[derive(Debug)]
pub(crate) struct Dice {
    seed: u64,
    state: u64,
}

impl Dice {
    /// With the seed of `SHELLAC_SEED`, or another one each time.
    pub(crate) fn new() -> Dice {
        let seed = match std::env::var("SHELLAC_SEED") {
            Ok(text) => text.parse().expect("SHELLAC_SEED is a number"),
            Err(_) => RandomState::new().hash_one(std::process::id()),
        };
        Dice { seed, state: seed }
    }

    pub(crate) const fn seed(&self) -> u64 {
        self.seed
    }

    fn next(&mut self) -> u64 {
        // splitmix64
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).expect("it fits");
        usize::try_from(self.next() % limit).expect("it fits")
    }

    /// One of these.
    pub(crate) fn one_of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// True so many times in a hundred.
    pub(crate) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}
