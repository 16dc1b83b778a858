//! Records of a worker that died: the ends of its requests, which its successor writes to its own log.

use std::time::Duration;

use shellac_format::{Heads, Layout};

use super::Control;
use super::jobs::{Job, Round};
use crate::generation::lock;
use crate::log::Unfinished;
use crate::worker::SWEEP;

/// How long nothing is written at first: readers have to find this worker's log, and some begin at its end.
const SETTLE: Duration = Duration::from_secs(1);
/// Most bytes that wait.
const WAITING_BYTES: usize = 16 << 20;

impl Control {
    /// Writes batches to the log as they are, each with whole records of one transaction; about a second after the start at the earliest.
    ///
    /// # Errors
    ///
    /// Some of them are none, or too many wait; then nothing is written. The error is for people.
    pub fn hand_on(&self, batches: Vec<Vec<u8>>) -> Result<(), String> {
        let layout = self.shared.layout;
        if let Some(bad) = batches.iter().position(|batch| !is_batch(layout, batch)) {
            return Err(format!("batch {bad} of {} is none", batches.len()));
        }
        let mut waiting = lock(&self.shared.last_words);
        let bytes: usize = waiting.iter().chain(&batches).map(Vec::len).sum();
        if bytes > WAITING_BYTES {
            return Err(format!("{bytes} bytes are too many"));
        }
        waiting.extend(batches);
        Ok(())
    }
}

impl Control {
    /// Workers before this one whose log is handed on.
    pub(crate) fn unfinished(&self) -> Unfinished {
        self.shared.unfinished.clone()
    }
}

/// Whether it is whole records of one transaction.
fn is_batch(layout: Layout, batch: &[u8]) -> bool {
    let mut heads = Heads::new(layout, batch);
    let Some(first) = heads.next() else { return false };
    first.vxid.0 != 0
        && heads.by_ref().all(|place| place.vxid == first.vxid)
        && heads.position() == batch.len()
}

/// Writes what waits.
pub(super) fn job() -> Job {
    let mut rounds_left = SETTLE.as_millis() / SWEEP.as_millis();
    let run = move |round: &Round<'_>| {
        rounds_left = rounds_left.saturating_sub(1);
        if rounds_left > 0 {
            return;
        }
        let shared = &round.control.shared;
        let mut waiting = lock(&shared.last_words);
        // They come behind whatever the dead have said themselves, whose directories are gone when their words come.
        if !shared.unfinished.is_behind() {
            for batch in std::mem::take(&mut *waiting) {
                round.log.pass_on(&batch);
            }
        }
    };
    Job { every: SWEEP, run: Box::new(run) }
}
