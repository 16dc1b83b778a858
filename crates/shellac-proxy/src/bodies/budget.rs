//! How many bytes all files have together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The sum over all threads.
#[derive(Debug, Default)]
pub(super) struct Budget {
    used: AtomicU64,
}

/// One body's part of it, given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: Arc<Budget>,
    bytes: u64,
}

impl Reservation {
    /// Nothing yet.
    pub(super) fn new(budget: &Arc<Budget>) -> Reservation {
        Reservation { budget: Arc::clone(budget), bytes: 0 }
    }

    /// Adds `bytes`, unless all together would have more than `total`. Whether there was room.
    #[must_use]
    pub(crate) fn grow(&mut self, bytes: u64, total: u64) -> bool {
        let added = self.budget.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            used.checked_add(bytes).filter(|sum| *sum <= total)
        });
        if added.is_ok() {
            self.bytes += bytes;
        }
        added.is_ok()
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
