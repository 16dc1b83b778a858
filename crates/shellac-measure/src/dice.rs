//! Numbers that are as good as random and come from a seed: for samples, and for tests that can be repeated.

/// SplitMix64: the same seed gives the same numbers for ever. Not for secrets.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The numbers of this seed; every seed is as good as another one.
    pub const fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// Uniform over all of `u64`.
    pub const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform from 0 to 1, without 1.
    pub const fn share(&mut self) -> f64 {
        (self.roll() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform below `sides`; 0 when that is 0.
    #[allow(clippy::cast_possible_truncation, reason = "it is below a usize")]
    pub const fn below(&mut self, sides: usize) -> usize {
        ((self.roll() as u128 * sides as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests;
