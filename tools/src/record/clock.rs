//! What time it is: since 1970, and never earlier than before.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use shellac_capture::Stamp;

/// A clock that was set once and is not set back.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    start: Instant,
    since_1970: Duration,
}

#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
impl Clock {
    pub(super) fn start() -> Clock {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Clock { start: Instant::now(), since_1970 }
    }

    pub(super) fn now(&self) -> Duration {
        self.since_1970 + self.start.elapsed()
    }

    pub(super) fn stamp(&self) -> Stamp {
        Stamp::from_unix(self.now())
    }
}
