//! The counters at one moment, with what follows from the moments before.
//!
//! Most counters of an instance stand still, so a sample shares what has not changed with the one before it: values lie
//! in blocks of [`BLOCK`], and equal blocks are one. What is known of a counter beside its values is shared by all samples
//! until counters come or go.

use std::sync::Arc;

use shellac_counters::vsc::{Format, Level, Semantics};

/// Counters in a block.
const BLOCK: usize = 32;

/// What is known of a counter beside its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    /// The set's name, a dot, and its own: as published, to be made visible by whoever shows it.
    pub(crate) name: String,
    /// Bytes of the set's name in it.
    pub(crate) set_len: usize,
    pub(crate) semantics: Semantics,
    pub(crate) format: Format,
    pub(crate) level: Level,
    /// The filters want it. Others are here for the screens that are not lists of counters.
    pub(crate) asked: bool,
    /// What it counts, in a line; visible.
    pub(crate) short: Arc<str>,
    /// What it counts, at length, in lines that are visible.
    pub(crate) long: Arc<[String]>,
}

impl Point {
    /// The set, such as `MAIN` or `VBE.boot.api`.
    pub(crate) fn set(&self) -> &str {
        &self.name[..self.set_len]
    }

    /// Its name in the set.
    pub(crate) fn own_name(&self) -> &str {
        self.name.get(self.set_len + 1..).unwrap_or_default()
    }
}

/// The values of a counter.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Reading {
    /// As published; of a gauge that is negative, above 2^63.
    pub(crate) value: u64,
    /// It was not zero at this or an earlier moment.
    pub(crate) seen: bool,
    /// Per second since the moment before; `None` at the first.
    pub(crate) change: Option<f64>,
    /// Means of the last 10, 100 and 1000 moments: of the change, for a gauge of the value.
    pub(crate) means: [f64; 3],
}

impl Reading {
    /// The value as it is shown: of a gauge that is negative 0, unless `raw`.
    pub(crate) fn shown(&self, semantics: Semantics, raw: bool) -> u64 {
        let negative = semantics == Semantics::Gauge && self.value.cast_signed() < 0;
        if negative && !raw { 0 } else { self.value }
    }
}

/// Hits among hits and misses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct HitRate {
    /// Moments that each of the means is made of.
    pub(crate) moments: [u32; 3],
    /// Means of the last 10, 100 and 1000 moments.
    pub(crate) means: [f64; 3],
}

/// The counters at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    points: Arc<[Point]>,
    blocks: Vec<Arc<[Reading]>>,
    /// Seconds that the manager has run; 0 when it does not say.
    pub(crate) manager_uptime: u64,
    /// Seconds that the worker has run; 0 when it does not say.
    pub(crate) worker_uptime: u64,
    pub(crate) hit_rate: HitRate,
}

impl Sample {
    /// A sample of `points`, which shares with `before` what has not changed.
    pub(crate) fn new(points: Arc<[Point]>, readings: &[Reading], before: &Sample) -> Sample {
        debug_assert_eq!(points.len(), readings.len(), "a reading for each");
        let blocks = readings
            .chunks(BLOCK)
            .zip(before.blocks.iter().map(Some).chain(std::iter::repeat(None)))
            .map(|(readings, before)| match before {
                Some(before) if before[..] == *readings => Arc::clone(before),
                _ => readings.into(),
            })
            .collect();
        Sample { points, blocks, ..Sample::default() }
    }

    /// How many counters there are that the filters want.
    pub(crate) fn asked(&self) -> usize {
        self.points.iter().filter(|point| point.asked).count()
    }

    /// Every counter, in the order of the instance.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Point, &Reading)> {
        self.points.iter().zip(self.blocks.iter().flat_map(|block| block.iter()))
    }

    /// The counter at a place of that order.
    pub(crate) fn get(&self, at: usize) -> Option<(&Point, &Reading)> {
        let reading = self.blocks.get(at / BLOCK)?.get(at % BLOCK)?;
        Some((self.points.get(at)?, reading))
    }

    /// Where the counter of that name is.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.points.iter().position(|point| point.name == name)
    }

    /// What is known of the counters; the same value as long as none comes or goes.
    pub(crate) fn points(&self) -> &Arc<[Point]> {
        &self.points
    }

    /// Bytes of this sample that `other` does not share.
    pub(crate) fn bytes_apart_from(&self, other: &Sample) -> usize {
        let alone = |(at, block): (usize, &Arc<[Reading]>)| {
            let shared = other.blocks.get(at).is_some_and(|other| Arc::ptr_eq(block, other));
            size_of::<Arc<[Reading]>>() + if shared { 0 } else { size_of_val(&**block) }
        };
        let blocks: usize = self.blocks.iter().enumerate().map(alone).sum();
        let same_points = Arc::ptr_eq(&self.points, &other.points);
        let of_point = |point: &Point| size_of::<Point>() + point.name.len();
        blocks + if same_points { 0 } else { self.points.iter().map(of_point).sum() }
    }
}

#[cfg(test)]
mod tests;
