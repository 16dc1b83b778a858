//! Waiting for a condition, and giving up at a deadline.

use std::thread;
use std::time::{Duration, Instant};

/// A point in time after which a test gives up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// The deadline that is generous for anything a test waits for on a busy machine.
    pub(crate) fn generous() -> Deadline {
        Deadline::after(Duration::from_secs(20))
    }

    #[allow(clippy::disallowed_methods, reason = "a test is a program: nobody hands it the time")]
    pub(crate) fn after(duration: Duration) -> Deadline {
        Deadline(Instant::now() + duration)
    }

    /// What is left, or `None` when it has passed.
    #[allow(clippy::disallowed_methods, reason = "a test is a program: nobody hands it the time")]
    pub(crate) fn left(self) -> Option<Duration> {
        self.0.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }

    /// Asks `condition` until it answers, and panics with `what` at the deadline.
    pub(crate) fn wait_for<T>(self, what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
        loop {
            if let Some(answer) = condition() {
                return answer;
            }
            assert!(self.left().is_some(), "deadline passed while waiting for {what}");
            thread::sleep(Duration::from_millis(5));
        }
    }
}
