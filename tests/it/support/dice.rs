//! Chance that can be repeated.

/// A row of numbers that a seed decides.
#[derive(Debug)]
pub(crate) struct Dice {
    seed: u64,
    numbers: shellac_measure::Dice,
}

impl Dice {
    /// With the seed of `SHELLAC_SEED`, or always the same: a run that nobody changed anything for ends as the one before.
    pub(crate) fn new() -> Dice {
        Dice::or(1)
    }

    /// With the seed of `SHELLAC_SEED`, or this one.
    pub(crate) fn or(seed: u64) -> Dice {
        let seed = match std::env::var("SHELLAC_SEED") {
            Ok(text) => text.parse().expect("SHELLAC_SEED is a number"),
            Err(_) => seed,
        };
        Dice { seed, numbers: shellac_measure::Dice::new(seed) }
    }

    pub(crate) const fn seed(&self) -> u64 {
        self.seed
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        assert!(limit > 0, "there is none");
        self.numbers.below(limit)
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
