//! What the control thread does again and again.

use std::rc::Rc;
use std::time::Duration;

use shellac_format::Tag;

use super::Control;
use super::probes::Probes;
use crate::log::Log;
use crate::worker::SWEEP;

/// Work that comes round. It may read files, which no serving thread does; what takes longer is a task of its own.
pub(super) struct Job {
    /// How often; a tenth of a second is the least.
    pub(super) every: Duration,
    /// One round of it.
    pub(super) run: Box<dyn FnMut(&Round<'_>)>,
}

/// What a round has at hand.
pub(super) struct Round<'r> {
    pub(super) control: &'r Control,
    /// The thread's own log, for records that belong to no transaction.
    pub(super) log: &'r Rc<Log>,
}

/// All of it.
pub(super) fn all() -> Vec<Job> {
    let mut probes = Probes::default();
    vec![
        Job { every: SWEEP, run: Box::new(log_notices) },
        Job { every: SWEEP, run: Box::new(move |round| probes.round(round)) },
        Job { every: Duration::from_secs(1), run: Box::new(|round| round.control.end_orders()) },
    ]
}

fn log_notices(round: &Round<'_>) {
    for text in round.control.take_notices() {
        round.log.loose(Tag::Notice, |record| {
            record.bytes(text.as_bytes());
        });
    }
}
