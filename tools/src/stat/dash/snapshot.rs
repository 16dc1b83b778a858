//! What is known at one moment. Nothing in it changes later, so that old ones can be shown again.

use std::sync::Arc;
use std::time::Duration;

use shellac_counters::live;

use super::sample::Sample;
use crate::health::Judgement;
use crate::watch::Traffic;

/// A moment on both clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Microseconds since 1970.
    pub(crate) unix: u64,
    /// Microseconds of `CLOCK_MONOTONIC`.
    pub(crate) mono: u64,
}

/// A time in the unit of moments; what is longer than they can say is the longest.
pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Everything that is known at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) at: Moment,
    pub(crate) instance: Instance,
    pub(crate) counters: Sample,
    /// What is in flight, where the instance has a scoreboard.
    pub(crate) live: Option<Arc<live::Snapshot>>,
    /// What the worker itself says about failures and its node, where it has something to say that is bad.
    pub(crate) judgement: Option<Arc<Judgement>>,
    /// What the log says.
    pub(crate) traffic: Arc<Traffic>,
    /// The latest, oldest first.
    pub(crate) events: Arc<[Event]>,
}

/// What is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Instance {
    /// Its name as it gives it, else its directory; visible. Empty while none was found.
    pub(crate) name: String,
    pub(crate) state: State,
    /// The manager's process, as its index says.
    pub(crate) manager: Option<u32>,
    /// The worker's process.
    pub(crate) worker: Option<u32>,
}

/// How an instance is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// There is nothing to look at, and why; visible.
    Missing(String),
    /// There is a manager without a worker.
    NoWorker,
    /// It serves.
    Running,
}

impl Default for State {
    fn default() -> State {
        State::Missing("not looked for yet".to_owned())
    }
}

impl Instance {
    /// The manager runs.
    pub(crate) fn has_manager(&self) -> bool {
        !matches!(self.state, State::Missing(_))
    }

    /// The worker runs.
    pub(crate) fn has_worker(&self) -> bool {
        self.state == State::Running
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) at: Moment,
    /// One line, visible.
    pub(crate) text: String,
}
