//! Numbers that differ from run to run. Nothing depends on how random they are.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A source of numbers.
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// Different in every process and for every `seed`.
    pub(super) fn new(seed: u64) -> Dice {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u64(seed);
        Dice(hasher.finish() | 1)
    }

    /// A number below `sides`, which is not 0.
    pub(super) fn roll(&mut self, sides: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from((self.0 >> 32) % u64::from(sides.max(1))).unwrap_or(0)
    }
}
