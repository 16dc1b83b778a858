//! So many at once, so many by second after that.

use std::time::Duration;

/// A token bucket: full at the start, refilled steadily.
///
/// A moment before the latest one seen refills nothing and takes nothing back.
#[derive(Clone, Debug)]
pub struct TokenBucket {
    capacity: f64,
    per_second: f64,
    tokens: f64,
    latest: Option<Duration>,
}

impl TokenBucket {
    /// Holds `capacity` tokens at most and gets `per_second` of them. Negative numbers, and what is no number,
    /// are 0.
    pub fn new(capacity: f64, per_second: f64) -> TokenBucket {
        let capacity = capacity.max(0.0);
        TokenBucket { capacity, per_second: per_second.max(0.0), tokens: capacity, latest: None }
    }

    /// Takes `count` tokens if so many are there; else nothing is taken.
    pub fn take(&mut self, now: Duration, count: f64) -> bool {
        self.refill(now);
        // Sums of many small refills may lack the last bit.
        let enough = self.tokens + 1e-9 >= count;
        if enough {
            self.tokens = (self.tokens - count).max(0.0);
        }
        enough
    }

    /// How long until `count` tokens are there; `None` when never so many are.
    pub fn wait(&mut self, now: Duration, count: f64) -> Option<Duration> {
        self.refill(now);
        let lacking = count - self.tokens;
        if lacking <= 0.0 {
            return Some(Duration::ZERO);
        }
        if count > self.capacity {
            return None;
        }
        Duration::try_from_secs_f64(lacking / self.per_second).ok()
    }

    fn refill(&mut self, now: Duration) {
        let latest = *self.latest.get_or_insert(now);
        let passed = now.saturating_sub(latest);
        self.latest = Some(latest.max(now));
        self.tokens = (self.tokens + passed.as_secs_f64() * self.per_second).min(self.capacity);
    }
}

#[cfg(test)]
mod tests;
