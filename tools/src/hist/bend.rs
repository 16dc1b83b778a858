//! Time bent: a log is read so fast that its own time goes at a factor of ours.

use std::time::Duration;

/// How fast the time of the log goes, and from when on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bend {
    pub(super) factor: f64,
    /// Our clock and the log's when it began, once there was a time in the log.
    begun: Option<(Duration, Duration)>,
}

impl Bend {
    /// From the next time of the log on.
    pub(super) const fn new(factor: f64) -> Bend {
        Bend { factor, begun: None }
    }

    /// The clocks begin anew: with another factor, or behind a gap.
    pub(super) const fn restart(&mut self) {
        self.begun = None;
    }

    /// How long the log is to be left alone: it has come to `log`, at `now` by our clock.
    pub(super) fn ahead(&mut self, now: Duration, log: Duration) -> Duration {
        let (now_then, log_then) = *self.begun.get_or_insert((now, log));
        let allowed = now.saturating_sub(now_then).as_secs_f64() * self.factor;
        let come = log.saturating_sub(log_then).as_secs_f64();
        // What takes longer than this is asked again then.
        Duration::try_from_secs_f64((come - allowed).max(0.0) / self.factor)
            .unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests;
