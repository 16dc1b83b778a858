//! Numbers by second for two minutes, and by five seconds for the last one.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use shellac_measure::Percentiles;

use super::parts::{Parts, minute_so_far};
use super::traffic::{STATUSES, Sums};

/// Seconds that are remembered.
const SECONDS: usize = 120;
/// One second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Second {
    pub(crate) requests: u32,
    /// Answered with a status of 500 or more.
    pub(crate) errors: u32,
    /// Failed attempts.
    pub(crate) failures: u32,
    pub(crate) retries: u32,
}

/// The last minute, as far as it was watched.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Minute {
    /// How much of it was watched; rates are per this.
    pub(crate) span: Duration,
    pub(crate) sums: Sums,
    /// What clients waited from the start of their request to the end of the answer, in microseconds to 0.8 %; empty
    /// without an answer.
    pub(crate) waits: Option<Waits>,
}

/// Percentiles in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waits {
    pub(crate) p50: u64,
    pub(crate) p90: u64,
    pub(crate) p99: u64,
    pub(crate) longest: u64,
}

/// What is counted at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    pub(super) sums: Sums,
    /// What a client waited.
    pub(super) wait: Option<u64>,
}

#[derive(Clone, Debug, Default)]
struct Part {
    sums: Sums,
    waits: Percentiles,
}

/// Keeps both.
#[derive(Clone, Debug, Default)]
pub(super) struct Seconds {
    /// The newest second, since 1970. The one that is under way is the last of the list.
    newest: u64,
    list: VecDeque<Second>,
    parts: Parts<Part>,
}

impl Sums {
    pub(super) fn add(&mut self, other: &Sums) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.attempts += other.attempts;
        self.failures += other.failures;
        self.retries += other.retries;
        for digit in 0..STATUSES {
            self.statuses[digit] += other.statuses[digit];
        }
    }
}

impl Seconds {
    /// Counts at a moment. What is older than the list is left out of it.
    pub(super) fn add(&mut self, at: Duration, count: &Count) {
        self.advance(at);
        let back = usize::try_from(self.newest - at.as_secs().min(self.newest)).unwrap_or(SECONDS);
        while back <= SECONDS && self.list.len() <= back {
            // The log of an earlier time, when reading has just begun.
            self.list.push_front(Second::default());
        }
        let place = self.list.len().checked_sub(back + 1);
        if let Some(second) = place.and_then(|place| self.list.get_mut(place)) {
            let add = |sum: &mut u32, more: u64| {
                *sum = sum.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
            };
            add(&mut second.requests, count.sums.requests);
            add(&mut second.errors, count.sums.errors);
            add(&mut second.failures, count.sums.failures);
            add(&mut second.retries, count.sums.retries);
        }
        if let Some(part) = self.parts.at(at, |_| Part::default()) {
            part.sums.add(&count.sums);
            if let Some(wait) = count.wait {
                part.waits.add(wait, 1);
            }
        }
    }

    /// Time has come as far as this; it does not go back.
    pub(super) fn advance(&mut self, now: Duration) {
        let second = now.as_secs();
        if self.list.is_empty() || second > self.newest + SECONDS as u64 {
            self.list.clear();
            self.list.push_back(Second::default());
            self.newest = second;
        }
        while self.newest < second {
            self.newest += 1;
            self.list.push_back(Second::default());
            if self.list.len() > SECONDS + 1 {
                self.list.pop_front();
            }
        }
        self.parts.advance(now);
    }

    /// The seconds that are over.
    pub(super) fn finished(&self) -> Arc<[Second]> {
        self.list.iter().take(self.list.len().saturating_sub(1)).copied().collect()
    }

    /// The last minute.
    ///
    /// `since` is when watching began.
    pub(super) fn minute(&self, now: Duration, since: Duration) -> Minute {
        let mut minute = Minute::default();
        let mut waits = Percentiles::default();
        for part in self.parts.iter() {
            minute.sums.add(&part.sums);
            waits.merge(&part.waits);
        }
        minute.span = now.saturating_sub(since).min(minute_so_far(now));
        let at = |share| waits.at(share).unwrap_or_default();
        minute.waits = waits.range().map(|(_, longest)| Waits {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            longest,
        });
        minute
    }
}
