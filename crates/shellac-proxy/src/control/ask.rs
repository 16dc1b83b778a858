//! Questions to the serving threads, from outside of them.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Sender;

use crate::worker::Command;

/// How long threads are waited for, all together: they answer between two polls of a socket.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks every thread, and returns the answers that came in time.
///
/// A thread that has ended answers nothing, and nothing is missing then.
#[allow(
    clippy::disallowed_methods,
    reason = "a wait for other threads of this process, of no use to anybody's log"
)]
pub(super) fn ask<T>(
    threads: &[Sender<Command>],
    question: impl Fn(mpsc::Sender<T>) -> Command,
) -> Vec<T> {
    let (reply, replies) = mpsc::channel();
    for thread in threads {
        // One with so many questions in front of it is not going to answer in time.
        let _ = thread.try_send(question(reply.clone()));
    }
    drop(reply);
    let start = Instant::now();
    let mut answers = Vec::with_capacity(threads.len());
    while let Some(left) = PATIENCE.checked_sub(start.elapsed())
        && let Ok(answer) = replies.recv_timeout(left)
    {
        answers.push(answer);
    }
    answers
}
