//! Times in fixed buckets: those that are added up for ever, and those of the last minute.

use std::time::Duration;

/// Upper bounds of connect times, in microseconds. A SYN that is lost is sent again after 1, 3 and 7 seconds; the
/// buckets around these moments are narrow, so that lost SYNs show.
pub(crate) const CONNECT: &[u64] = &[
    500, 1_000, 5_000, 20_000, 100_000, 300_000, 900_000, 1_200_000, 2_900_000, 3_300_000,
    6_900_000, 7_500_000, 15_000_000, 30_000_000,
];
/// Upper bounds of waits for an answer, in microseconds.
pub(crate) const ANSWER: &[u64] = &[
    1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 10_000_000, 30_000_000, 60_000_000,
];

/// How many times lay in which bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Histogram {
    bounds: &'static [u64],
    counts: Box<[u64]>,
    sum_micros: u64,
}

impl Histogram {
    pub(crate) fn new(bounds: &'static [u64]) -> Histogram {
        Histogram { bounds, counts: vec![0; bounds.len() + 1].into(), sum_micros: 0 }
    }

    /// Counts one.
    pub(crate) fn add(&mut self, micros: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < micros);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
        self.sum_micros = self.sum_micros.saturating_add(micros);
    }

    /// How many were counted.
    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Bytes of the buckets.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.counts)
    }

    /// All of them together.
    pub(crate) const fn sum(&self) -> Duration {
        Duration::from_micros(self.sum_micros)
    }

    /// For each bound how many were not above it; the last bound is `None`, for there is none.
    pub(crate) fn cumulative(&self) -> impl Iterator<Item = (Option<Duration>, u64)> + '_ {
        let bounds = self.bounds.iter().map(|bound| Some(Duration::from_micros(*bound)));
        bounds.chain([None]).zip(&self.counts).scan(0, |sum, (bound, count)| {
            *sum += count;
            Some((bound, *sum))
        })
    }
}

/// Cells by power of two: what is told of a time is right to a tenth.
const CELLS_BY_OCTAVE: f64 = 4.0;
/// The first cell takes everything up to this.
const FIRST_MICROS: f64 = 50.0;
/// From 50 microseconds to more than an hour.
const CELLS: usize = 108;

/// Times of the last half to whole minute, for percentiles of very many things at once.
#[derive(Clone, Debug)]
pub(super) struct Lately {
    young: Box<[u32; CELLS]>,
    old: Box<[u32; CELLS]>,
}

impl Default for Lately {
    fn default() -> Lately {
        Lately { young: Box::new([0; CELLS]), old: Box::new([0; CELLS]) }
    }
}

impl Lately {
    pub(super) fn add(&mut self, micros: u64) {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at least 0, and what is too large is the last cell"
        )]
        let cell = ((micros as f64 / FIRST_MICROS).max(1.0).log2() * CELLS_BY_OCTAVE) as usize;
        let cell = &mut self.young[cell.min(CELLS - 1)];
        *cell = cell.saturating_add(1);
    }

    /// Half a minute has passed.
    pub(super) fn turn(&mut self) {
        std::mem::swap(&mut self.young, &mut self.old);
        self.young.fill(0);
    }

    /// The smallest time that this share of all is not above, in microseconds.
    pub(super) fn at(&self, share: f64) -> Option<u64> {
        let cells =
            || self.young.iter().zip(self.old.iter()).map(|(a, b)| u64::from(*a) + u64::from(*b));
        let total: u64 = cells().sum();
        if total == 0 {
            return None;
        }
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a count"
        )]
        let wanted = ((total as f64 * share).ceil() as u64).clamp(1, total);
        let mut seen = 0;
        let cell = cells().position(|count| {
            seen += count;
            seen >= wanted
        })?;
        let middle = (cell as f64 + 0.5) / CELLS_BY_OCTAVE;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most 2^27 times the first"
        )]
        let micros = (FIRST_MICROS * middle.exp2()) as u64;
        Some(micros)
    }
}
