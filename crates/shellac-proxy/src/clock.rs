//! The one place that reads the clock.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point on the worker's own monotonic scale, in microseconds since its clock was made.
///
/// Differences between two of them are never negative, whatever happens to the wall clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Micros(pub(crate) u64);

impl Micros {
    /// Microseconds from `earlier` to here, 0 when `earlier` is later.
    pub(crate) const fn since(self, earlier: Micros) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The point `duration` later.
    pub(crate) fn after(self, duration: Duration) -> Micros {
        Micros(self.0.saturating_add(micros(duration)))
    }
}

/// A duration in whole microseconds, saturating.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Wall time at zero of `CLOCK_MONOTONIC`, in microseconds since 1970, as it was when somebody first asked.
///
/// It stays as it is when the clock is set: with it all threads have one scale that never goes back.
fn steady_offset() -> u64 {
    static OFFSET: OnceLock<u64> = OnceLock::new();
    *OFFSET.get_or_init(|| wall_now().saturating_sub(shellac_sys::monotonic_micros()))
}

/// Monotonic time, and the offset that turns it into wall time.
///
/// A step of the wall clock moves the offset at the next [`Clock::adjust`], so that absolute times in the
/// log stay right while differences within a transaction stay differences.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// `CLOCK_MONOTONIC` when the scale began, in microseconds: what other processes of this machine measure with.
    monotonic_at_origin: u64,
    /// Wall time at that moment, in microseconds since 1970.
    wall_at_origin: u64,
}

/// How far monotonic and wall time may drift apart before the offset is corrected, in microseconds.
const TOLERATED_DRIFT: u64 = 1_000;

#[allow(
    clippy::disallowed_methods,
    reason = "the clock of the proxy; everything else in the crate is handed times made here"
)]
impl Clock {
    /// A clock that starts now.
    pub(crate) fn start() -> Clock {
        Clock { monotonic_at_origin: shellac_sys::monotonic_micros(), wall_at_origin: wall_now() }
    }

    /// Now. One read of the system's monotonic clock.
    pub(crate) fn now(&self) -> Micros {
        Micros(shellac_sys::monotonic_micros().saturating_sub(self.monotonic_at_origin))
    }

    /// Follows a wall clock that was set since the offset was taken.
    pub(crate) fn adjust(&mut self) {
        let expected = self.wall(self.now());
        let found = wall_now();
        if found.abs_diff(expected) > TOLERATED_DRIFT {
            self.wall_at_origin = found.saturating_sub(self.now().0);
        }
    }
}

impl Clock {
    /// The wall time of a point, in microseconds since 1970.
    pub(crate) const fn wall(&self, at: Micros) -> u64 {
        self.wall_at_origin.saturating_add(at.0)
    }

    /// A point on the scale that decisions about backends are made on: since 1970, the same in all threads, never going back.
    pub(crate) fn steady(&self, at: Micros) -> Duration {
        let micros = steady_offset().saturating_add(self.monotonic_at_origin).saturating_add(at.0);
        Duration::from_micros(micros)
    }

    /// Where this scale begins in microseconds of `CLOCK_MONOTONIC`. Never changes.
    pub(crate) const fn monotonic_origin(&self) -> u64 {
        self.monotonic_at_origin
    }
}

/// Wall time in microseconds since 1970, 0 when the system's clock is before that.
#[allow(clippy::disallowed_methods, reason = "part of the clock")]
pub(crate) fn wall_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map(micros).unwrap_or(0)
}

/// Now, on the scale that decisions about backends are made on.
pub(crate) fn steady_now() -> Duration {
    Duration::from_micros(steady_offset().saturating_add(shellac_sys::monotonic_micros()))
}

/// Seconds since 1970.
pub(crate) fn unix_seconds() -> u64 {
    wall_now() / 1_000_000
}
