//! How fast somebody has to be, on the average of the time that it is waited for.

use std::time::Duration;

use super::limit::{Limit, Until};
use crate::clock::{Micros, micros};

/// One side's rate. Time in which it is not waited for does not count, and neither does a grace at the beginning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    limit: Limit,
    /// Bytes per second; 0: any.
    least: u64,
    /// In microseconds.
    grace: u64,
    /// Microseconds that it was waited for before `since`.
    waited: u64,
    /// It is waited for since then.
    since: Option<Micros>,
}

impl Rate {
    /// Nobody has been waited for yet.
    pub(super) fn new(limit: Limit, least: u64, grace: Duration) -> Rate {
        Rate { limit, least, grace: micros(grace), waited: 0, since: None }
    }

    /// It is waited for from here on.
    pub(super) fn begin(&mut self, now: Micros) {
        self.since.get_or_insert(now);
    }

    /// It is somebody else's turn.
    pub(super) fn end(&mut self, now: Micros) {
        if let Some(since) = self.since.take() {
            self.waited = self.waited.saturating_add(now.since(since));
        }
    }

    /// When it is too slow, if nothing moves after the `bytes` that have.
    pub(super) fn until(&self, bytes: u64) -> Option<Until> {
        let since = self.since?;
        let earned = bytes.saturating_mul(1_000_000).checked_div(self.least)?;
        let left = self.grace.saturating_add(earned).saturating_sub(self.waited);
        let at = since.after(Duration::from_micros(left));
        Some(Until { at, limit: self.limit, time: None })
    }
}

#[cfg(test)]
mod tests;
