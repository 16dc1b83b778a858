//! How long to wait for more where nobody says that there is more.

use std::time::Duration;

/// How long to sleep between two looks at a log: the longer it rests, the longer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pause {
    next: Duration,
}

/// The first sleep after something came, so that what belongs together is not shown in two halves.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
/// The longest, so that nobody waits for a line.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

impl Default for Pause {
    fn default() -> Pause {
        Pause { next: SHORTEST_PAUSE }
    }
}

impl Pause {
    /// The time to sleep now; the next one is longer.
    pub(crate) fn take(&mut self) -> Duration {
        let now = self.next;
        self.next = (now * 2).min(LONGEST_PAUSE);
        now
    }
}
