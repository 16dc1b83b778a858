//! Attempts and failures of the last seconds, counted without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Pieces that a window is cut into.
const PIECES: u32 = 16;

/// A ring of pieces of time. Each is one word: which piece it is (32 bits), failures (16 bits), attempts (16 bits).
///
/// A count covers the last sixteen pieces, the one that runs included, so it is exact to a sixteenth of the window, and never covers
/// more than the window.
#[derive(Debug)]
pub(crate) struct Recent {
    pieces: [AtomicU64; PIECES as usize],
}

impl Recent {
    pub(crate) fn new() -> Recent {
        Recent { pieces: [const { AtomicU64::new(0) }; PIECES as usize] }
    }

    /// Counts an attempt.
    pub(crate) fn add(&self, window: Duration, now: Duration, failed: bool) {
        let number = number(window, now);
        let piece = &self.pieces[(number % PIECES) as usize];
        let more = |word: u64| {
            let same = word >> 32 == u64::from(number);
            let counts = if same { word & 0xffff_ffff } else { 0 };
            let (failures, attempts) = (counts >> 16, counts & 0xffff);
            let attempts = (attempts + 1).min(0xffff);
            let failures = (failures + u64::from(failed)).min(0xffff);
            Some(u64::from(number) << 32 | failures << 16 | attempts)
        };
        // Never refused, so there is nothing to look at.
        let _ = piece.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    /// Failures and attempts within the window that ends `now`.
    pub(crate) fn sums(&self, window: Duration, now: Duration) -> (u32, u32) {
        let newest = number(window, now);
        let mut sums = (0, 0);
        for piece in &self.pieces {
            let word = piece.load(Ordering::Relaxed);
            #[allow(clippy::cast_possible_truncation, reason = "the upper half of 64 bits")]
            let age = newest.wrapping_sub((word >> 32) as u32);
            if age < PIECES {
                sums.0 += u32::try_from(word >> 16 & 0xffff).unwrap_or(0);
                sums.1 += u32::try_from(word & 0xffff).unwrap_or(0);
            }
        }
        sums
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        for piece in &self.pieces {
            piece.store(0, Ordering::Relaxed);
        }
    }
}

/// The number of the piece that `now` is in. It comes round after years, and 0 is what an empty piece has: then it is empty.
#[allow(clippy::cast_possible_truncation, reason = "only differences of neighbours are looked at")]
fn number(window: Duration, now: Duration) -> u32 {
    let width = (window / PIECES).max(Duration::from_millis(1));
    // A division of 64 bits, which is good for centuries: one of 128 is a call.
    (now.as_nanos() as u64 / width.as_nanos() as u64) as u32
}

#[cfg(test)]
mod tests;
