//! How long to wait before the next worker.

use std::time::Duration;

/// Wait before the first restart.
const LEAST: Duration = Duration::from_millis(100);
/// Longest wait.
const MOST: Duration = Duration::from_secs(10);
/// A worker that ran this long was a good one: the next failure is a new story.
const RAN_WELL: Duration = Duration::from_secs(30);

/// Waits that double from 100 ms to 10 s while workers die young.
#[derive(Debug, Clone)]
pub struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: LEAST }
    }
}

impl Backoff {
    /// How long to wait after a worker that ran for `ran`.
    pub fn after(&mut self, ran: Duration) -> Duration {
        if ran >= RAN_WELL {
            self.next = LEAST;
        }
        let wait = self.next;
        self.next = (wait * 2).min(MOST);
        wait
    }
}

#[cfg(test)]
mod tests;
