//! How many bytes all files have together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The sum over all threads. Its lock is held for an addition, once for each piece of a body that goes to a file.
#[derive(Debug, Default)]
pub(super) struct Budget {
    used: Mutex<u64>,
}

impl Budget {
    /// What a panicking thread left there is whole: every change is one assignment.
    fn used(&self) -> MutexGuard<'_, u64> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        let mut used = self.budget.used();
        match used.checked_add(bytes).filter(|sum| *sum <= total) {
            Some(sum) => {
                *used = sum;
                self.bytes += bytes;
                true
            }
            None => false,
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        *self.budget.used() -= self.bytes;
    }
}

#[cfg(test)]
mod tests;
