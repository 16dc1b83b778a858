//! A count over the last so many seconds.

use std::time::Duration;

/// Whole slots that a window is made of; one more is partly in it.
const SLOTS: usize = 20;

/// How much was counted within the last `span`.
///
/// Time is cut into slots of a twentieth of the span. The oldest one, of which a part is within the span, counts
/// for that part, so that a steady stream gives a steady count. A moment before the latest one seen counts as
/// that: time does not go back.
#[derive(Clone, Debug)]
pub struct Window {
    width: Duration,
    /// The slot of the newest moment, counted from the epoch.
    newest: u128,
    latest: Duration,
    counts: [u64; SLOTS + 1],
}

impl Window {
    /// A window over `span`, which is at least 20 ns.
    pub fn new(span: Duration) -> Window {
        let width = (span / 20).max(Duration::from_nanos(1));
        Window { width, newest: 0, latest: Duration::ZERO, counts: [0; SLOTS + 1] }
    }

    /// Counts `count` at `now`.
    pub fn add(&mut self, now: Duration, count: u64) {
        self.advance(now);
        let slot = self.slot(self.newest);
        self.counts[slot] = self.counts[slot].saturating_add(count);
    }

    /// The count within the span that ends `now`.
    pub fn count(&mut self, now: Duration) -> f64 {
        self.advance(now);
        let oldest = self.counts[self.slot(self.newest + 1)];
        let whole: u64 =
            self.counts.iter().fold(0, |sum: u64, &count| sum.saturating_add(count)) - oldest;
        let into = self.latest.as_nanos() - self.newest * self.width.as_nanos();
        let part = 1.0 - into as f64 / self.width.as_nanos() as f64;
        whole as f64 + oldest as f64 * part
    }

    /// The same by second.
    pub fn rate(&mut self, now: Duration) -> f64 {
        self.count(now) / self.span().as_secs_f64()
    }

    /// The span, as far as it is a multiple of 20 ns.
    pub fn span(&self) -> Duration {
        self.width * 20
    }

    /// Whether nothing is within the span that ended at the latest moment.
    pub fn is_empty(&self) -> bool {
        self.counts.iter().all(|&count| count == 0)
    }

    fn advance(&mut self, now: Duration) {
        self.latest = self.latest.max(now);
        let slot = self.latest.as_nanos() / self.width.as_nanos();
        let passed = slot - self.newest;
        self.newest = slot;
        if passed > SLOTS as u128 {
            self.counts = [0; SLOTS + 1];
            return;
        }
        for back in 0..passed {
            let slot = self.slot(slot - back);
            self.counts[slot] = 0;
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "the remainder is at most 20")]
    const fn slot(&self, slot: u128) -> usize {
        (slot % (SLOTS as u128 + 1)) as usize
    }
}

#[cfg(test)]
mod tests;
