//! Another ring in the place of the one that a thread writes to, without a word in the path of its records.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use shellac_ring::{PendingStats, Publisher};

use super::sink::LogSink;

/// A publisher that takes another one's place at its next sweep.
pub(crate) struct Turning {
    now: Publisher,
    /// What that could not place goes where it would have gone.
    before: Option<Publisher>,
    next: Receiver<(Publisher, Sender<()>)>,
}

/// Whoever may turn it.
#[derive(Debug)]
pub(crate) struct Turn(Sender<(Publisher, Sender<()>)>);

impl Turning {
    pub(crate) fn new(publisher: Publisher) -> (Turning, Turn) {
        let (turn, next) = channel();
        (Turning { now: publisher, before: None, next }, Turn(turn))
    }
}

impl Turn {
    /// Hands every one of `turns` its publisher; returns whether all have taken theirs within `patience`.
    ///
    /// One that has ended has nothing more to publish.
    pub(crate) fn all(turns: &[Turn], publishers: Vec<Publisher>, patience: Duration) -> bool {
        let (taken, waits) = channel();
        let mut asked = 0;
        for (turn, publisher) in turns.iter().zip(publishers) {
            asked += usize::from(turn.0.send((publisher, taken.clone())).is_ok());
        }
        drop(taken);
        // Threads look ten times a second, so the time for all is that for one.
        (0..asked).all(|_| match waits.recv_timeout(patience) {
            Ok(()) => true,
            // Those that have not answered have ended meanwhile.
            Err(error) => error == std::sync::mpsc::RecvTimeoutError::Disconnected,
        })
    }
}

impl LogSink for Turning {
    fn publish(&mut self, batch: &[u8]) {
        self.now.publish(batch);
    }

    fn sweep(&mut self) {
        if let Ok((next, taken)) = self.next.try_recv() {
            self.before = Some(std::mem::replace(&mut self.now, next));
            // Whoever asked may have stopped waiting.
            let _ = taken.send(());
        }
        if let Some(before) = &mut self.before {
            before.sweep();
        }
        self.now.sweep();
    }

    fn pending(&self) -> PendingStats {
        let now = self.now.stats();
        let Some(before) = self.before.as_ref().map(Publisher::stats) else { return now };
        PendingStats {
            waiting_batches: now.waiting_batches + before.waiting_batches,
            waiting_bytes: now.waiting_bytes + before.waiting_bytes,
            queued_batches: now.queued_batches + before.queued_batches,
            reduced_batches: now.reduced_batches + before.reduced_batches,
            dropped_records: now.dropped_records + before.dropped_records,
            dropped_transactions: now.dropped_transactions + before.dropped_transactions,
            oversized_records: now.oversized_records + before.oversized_records,
        }
    }
}
