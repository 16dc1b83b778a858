//! Whether connections to an endpoint hang: seen before the first of them has failed.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// Hanging connections that raise suspicion.
const HANGING: u32 = 2;
/// Connections that are watched at a time. More would say nothing else.
const WATCHED: usize = 8;
/// A connection hangs when it takes longer than so many times the usual.
const FACTOR: u32 = 3;
/// But not before this: connections within a machine take microseconds.
const LEAST: Duration = Duration::from_millis(50);
/// And at the latest after this: a connection that takes longer has lost its first packet.
const MOST: Duration = Duration::from_secs(1);

/// Connections in the making.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Suspicion {
    /// How many of `begun` are in use.
    pending: AtomicU32,
    /// What a connection usually takes, in microseconds; 0 is not known.
    usual_us: AtomicU32,
    /// When each began, in microseconds; 0 is unused.
    begun: [AtomicU64; WATCHED],
}

/// The place of a connection that is watched.
#[derive(Debug)]
pub(crate) struct Watched {
    place: usize,
    begun: Duration,
}

impl Suspicion {
    pub(crate) fn new() -> Suspicion {
        Suspicion {
            pending: AtomicU32::new(0),
            usual_us: AtomicU32::new(0),
            begun: [const { AtomicU64::new(0) }; WATCHED],
        }
    }

    /// A connection begins; `None` when enough are watched.
    pub(crate) fn begin(&self, now: Duration) -> Option<Watched> {
        let micros = micros(now).max(1);
        let free = |place: &AtomicU64| {
            place.compare_exchange(0, micros, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        };
        let place = self.begun.iter().position(free)?;
        self.pending.fetch_add(1, Ordering::Relaxed);
        Some(Watched { place, begun: now })
    }

    /// A connection is made, if `made` says when, or given up.
    pub(crate) fn end(&self, watched: &Watched, made: Option<Duration>) {
        self.begun[watched.place].store(0, Ordering::Relaxed);
        self.pending.fetch_sub(1, Ordering::Relaxed);
        if let Some(now) = made {
            let took = u32::try_from(micros(now.saturating_sub(watched.begun))).unwrap_or(u32::MAX);
            let average = |usual: u32| {
                // An eighth of the new one; the first one counts whole.
                let new = u64::from(usual) * 7 / 8 + u64::from(took) / 8;
                let new = u32::try_from(new).unwrap_or(u32::MAX);
                Some(if usual == 0 { took } else { new }.max(1))
            };
            let _ = self.usual_us.fetch_update(Ordering::Relaxed, Ordering::Relaxed, average);
        }
    }

    /// Whether enough connections are in the making for some of them to hang.
    pub(crate) fn may_be_raised(&self) -> bool {
        self.pending.load(Ordering::Relaxed) >= HANGING
    }

    /// Whether connections hang.
    pub(crate) fn is_raised(&self, now: Duration) -> bool {
        self.may_be_raised() && self.hanging(now) >= HANGING
    }

    fn hanging(&self, now: Duration) -> u32 {
        let usual = self.usual_us.load(Ordering::Relaxed);
        let patience = match usual {
            0 => MOST,
            _ => (Duration::from_micros(usual.into()) * FACTOR).clamp(LEAST, MOST),
        };
        let before = micros(now.saturating_sub(patience));
        let hangs = |begun: &&AtomicU64| (1..before).contains(&begun.load(Ordering::Relaxed));
        u32::try_from(self.begun.iter().filter(hangs).count()).unwrap_or(u32::MAX)
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
