//! What a serving thread is asked from outside, one question at a time.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use super::Worker;
use super::running::Open;
use crate::clock::Micros;

/// Questions that wait for a thread at most.
pub(crate) const WAITING: usize = 64;

/// A question. Whoever asks waits for the answer, or has stopped to; then it goes nowhere.
#[derive(Debug)]
pub(crate) enum Command {
    /// What runs at backends, and what is kept.
    Survey(Sender<Survey>),
    /// Ends the request or attempt of this number, if it is here.
    Kill { xid: u64, reason: Arc<str>, reply: Sender<bool> },
    /// Closes the unused connections to these backends of the active configuration.
    CloseIdle { generation: u64, backends: Arc<[usize]>, reply: Sender<usize> },
}

/// What one thread has.
#[derive(Debug)]
pub(crate) struct Survey {
    /// The time on the thread's scale.
    pub(crate) now: Micros,
    /// What runs at backends.
    pub(crate) open: Vec<Open>,
    /// The number of the active configuration there.
    pub(crate) generation: u64,
    /// Unused connections, by backend of that configuration.
    pub(crate) idle: Vec<usize>,
}

impl Command {
    /// Does it.
    pub(super) fn run(self, worker: &Worker) {
        // The other side may have stopped waiting: nothing is lost then.
        match self {
            Command::Survey(reply) => {
                let current = worker.current();
                let _ = reply.send(Survey {
                    now: worker.log.now(),
                    open: worker.running.at_backends(),
                    generation: current.generation().number,
                    idle: current.idle.counts(),
                });
            }
            Command::Kill { xid, reason, reply } => {
                let found = worker.running.kill(xid, &reason);
                if found {
                    worker.deadlines.wake_all();
                }
                let _ = reply.send(found);
            }
            Command::CloseIdle { generation, backends, reply } => {
                let current = worker.current();
                let here = current.generation().number == generation;
                let closed = if here { current.idle.close(&backends, &worker.log) } else { 0 };
                let _ = reply.send(closed);
            }
        }
    }
}
