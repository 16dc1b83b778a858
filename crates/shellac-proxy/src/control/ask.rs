//! Questions to the serving threads, from outside of them.

use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;

use crate::clock::steady_now;
use crate::worker::Command;

/// How long threads are waited for, all together: they answer between two polls of a socket.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks every thread, and returns the answers that came in time.
///
/// A thread that has ended answers nothing, and nothing is missing then.
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
    let until = steady_now().saturating_add(PATIENCE);
    let mut answers = Vec::with_capacity(threads.len());
    while let Some(left) = until.checked_sub(steady_now())
        && let Ok(answer) = replies.recv_timeout(left)
    {
        answers.push(answer);
    }
    answers
}
