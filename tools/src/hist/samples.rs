//! Samples of one number, as hits and misses, in buckets of a hundredth of a power of ten.

use std::collections::VecDeque;
use std::time::Duration;

use shellac_format::{Dialect, Heads, Tag};
use shellac_log::time::timestamp;
use shellac_log::{Group, LogRecord, Reason, Sides, Transaction};
use shellac_measure::Percentiles;

use super::profile::Profile;
use crate::reading::pass::Sink;
use crate::reading::target::Written;

/// Samples that are shown: the newest.
pub(super) const MOST_SHOWN: usize = 2000;
/// Buckets of one power of ten.
pub(super) const BUCKETS_PER_DECADE: usize = 100;
/// Percentiles are of whole numbers: of so many parts of the unit.
pub(super) const PARTS: f64 = 1e6;

/// How often each value came.
#[derive(Clone, Debug, Default)]
pub(super) struct Buckets {
    pub(super) hits: Vec<u64>,
    pub(super) misses: Vec<u64>,
}

/// What was measured.
#[derive(Debug)]
pub(super) struct Samples {
    pub(super) profile: Profile,
    dialect: Dialect,
    sides: Sides,
    /// The newest samples: bucket, and whether it was a hit.
    newest: VecDeque<(usize, bool)>,
    /// Those of the newest.
    shown: Buckets,
    /// Those of all there were.
    all: Buckets,
    /// All hits and all misses, in parts of the unit.
    values: [Percentiles; 2],
    /// The newest moment in the log, while somebody wants to know it.
    pub(super) newest_time: Option<Duration>,
    pub(super) watches_time: bool,
}

impl Samples {
    /// None yet. `sides` are those of the profile.
    pub(super) fn new(profile: Profile, sides: Sides, dialect: Dialect) -> Samples {
        let buckets = profile.decades() * BUCKETS_PER_DECADE;
        let none = Buckets { hits: vec![0; buckets], misses: vec![0; buckets] };
        Samples {
            profile,
            dialect,
            sides,
            newest: VecDeque::new(),
            shown: none.clone(),
            all: none,
            values: Default::default(),
            newest_time: None,
            watches_time: false,
        }
    }

    /// Those of the newest samples.
    pub(super) const fn shown(&self) -> &Buckets {
        &self.shown
    }

    /// Those of all samples.
    pub(super) const fn all(&self) -> &Buckets {
        &self.all
    }

    /// How many of the newest are shown.
    pub(super) fn count(&self) -> usize {
        self.newest.len()
    }

    /// All hits or all misses: how many, and their values in millionths of the unit.
    pub(super) const fn values(&self, hit: bool) -> &Percentiles {
        &self.values[hit as usize]
    }

    fn transaction(&mut self, transaction: &Transaction) {
        if transaction.reason == Reason::Esi {
            return;
        }
        let bytes = transaction.bytes();
        let numbers = [self.profile.tag, Tag::Hit, Tag::VclReturn, Tag::Timestamp]
            .map(|tag| tag.number(self.dialect));
        let [value_tag, hit_tag, return_tag, time_tag] = numbers;
        let mut heads = Heads::new(self.dialect.layout(), bytes);
        let (mut value, mut is_hit, mut stamp) = (None, false, None);
        while let Some(place) = heads.next_wanted(|number| numbers.contains(&Some(number))) {
            let number = Some(place.number);
            let record = place.record(bytes);
            if number == hit_tag {
                is_hit = true;
            }
            if number == return_tag && matches!(record.text(), b"restart" | b"retry") {
                return;
            }
            if number == time_tag {
                stamp = Some(record.text());
            }
            if number == value_tag {
                value = self.profile.value(record.text()).or(value);
            }
        }
        if self.watches_time {
            let moment = stamp.and_then(timestamp);
            self.newest_time = self.newest_time.max(moment);
        }
        if let Some(value) = value.filter(|value| *value > 0.0) {
            self.add(value, is_hit);
        }
    }

    fn add(&mut self, value: f64, is_hit: bool) {
        let bucket = self.bucket(value);
        if self.newest.len() == MOST_SHOWN
            && let Some((bucket, is_hit)) = self.newest.pop_front()
        {
            self.shown.of(is_hit)[bucket] -= 1;
        }
        self.newest.push_back((bucket, is_hit));
        self.shown.of(is_hit)[bucket] += 1;
        self.all.of(is_hit)[bucket] += 1;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
        self.values[usize::from(is_hit)].add((value * PARTS).round() as u64, 1);
    }

    fn bucket(&self, value: f64) -> usize {
        let per_decade = BUCKETS_PER_DECADE as f64;
        let at = (value.log10() * per_decade).round() - f64::from(self.profile.low) * per_decade;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
        let at = at.max(0.0) as usize;
        at.min(self.shown.hits.len() - 1)
    }
}

impl Buckets {
    fn of(&mut self, hit: bool) -> &mut [u64] {
        if hit { &mut self.hits } else { &mut self.misses }
    }
}

impl Sink for Samples {
    fn set_dialect(&mut self, dialect: Dialect) -> anyhow::Result<()> {
        self.dialect = dialect;
        Ok(())
    }

    fn group(&mut self, group: &Group) -> anyhow::Result<Written> {
        for transaction in &group.transactions {
            if self.sides.wants(transaction.kind, transaction.reason) {
                self.transaction(transaction);
            }
        }
        Ok(Written::Fine)
    }

    fn record(&mut self, _record: &LogRecord<'_>, _bytes: &[u8]) -> anyhow::Result<Written> {
        // A record by itself is no transaction; raw grouping is refused.
        Ok(Written::Fine)
    }

    fn flush(&mut self) -> anyhow::Result<Written> {
        Ok(Written::Fine)
    }

    fn reopen(&mut self) -> anyhow::Result<Written> {
        Ok(Written::Fine)
    }
}

#[cfg(test)]
mod tests;
