//! Times that are a little different each time, so that not everything happens at once.

use std::time::Duration;

/// `time`, shorter or longer by up to `percent`, 100 at most; `chance` is from 0 to 1. Never less than a millisecond.
pub(crate) fn jittered(time: Duration, percent: u32, chance: f64) -> Duration {
    let share = f64::from(percent.min(100)) / 100.0;
    time.mul_f64(1.0 + share * (2.0 * chance - 1.0)).max(Duration::from_millis(1))
}
