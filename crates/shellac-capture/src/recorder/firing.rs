//! Whether a rule is firing: from its first trigger until there was none for a while.

use std::time::Duration;

/// The state of one rule.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Firing {
    last: Option<Duration>,
}

impl Firing {
    /// Takes a trigger. `true`: it was not firing before.
    pub(super) fn fire(&mut self, time: Duration) -> bool {
        let is_new = self.last.is_none();
        self.last = Some(self.last.map_or(time, |last| last.max(time)));
        is_new
    }

    /// `true` once, when there was no trigger for `resolve`.
    pub(super) fn is_over(&mut self, now: Duration, resolve: Duration) -> bool {
        let is_over = self.last.is_some_and(|last| now.saturating_sub(last) >= resolve);
        if is_over {
            self.last = None;
        }
        is_over
    }
}
