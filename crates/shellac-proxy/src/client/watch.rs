//! Noticing that a client has gone away while it waits for its answer.

use std::task::{Context, Poll};
use std::time::Duration;

use super::session::{Client, ROOM_BEHIND};
use crate::worker::{Timer, Worker, poll_read};

/// How long a client that has sent its last byte still gets its answer.
///
/// A client that closed and one that only ended its sending look alike: both send a FIN. The latter is rare and gets
/// this much time for its answer; after it the fetch is cancelled. A reset is certain and cancels at once.
const HALF_CLOSED: Duration = Duration::from_secs(1);

/// Watches a client whose request has been read.
pub(crate) struct Watch<'w> {
    worker: &'w Worker,
    ended: Option<Timer<'w>>,
}

impl<'w> Watch<'w> {
    /// Starts watching.
    pub(crate) fn new(worker: &'w Worker) -> Watch<'w> {
        Watch { worker, ended: None }
    }

    /// Whether the client is gone. What it sends meanwhile is the next request and is kept, as far as there is room.
    pub(crate) fn is_gone(&mut self, client: &mut Client, cx: &mut Context<'_>) -> bool {
        while !client.ended {
            if client.stream.poll_read_ready(cx).is_pending() {
                return false;
            }
            let room = client.input.room(ROOM_BEHIND);
            if room.is_empty() {
                return false;
            }
            match poll_read(&mut client.stream, cx, room) {
                Poll::Pending => return false,
                Poll::Ready(Ok(0)) => client.ended = true,
                Poll::Ready(Ok(count)) => client.input.fill(count),
                Poll::Ready(Err(_)) => {
                    client.ended = true;
                    return true;
                }
            }
        }
        let worker = self.worker;
        let until = || Timer::new(&worker.deadlines, worker.log.coarse().after(HALF_CLOSED));
        self.ended.get_or_insert_with(until).is_late(cx)
    }
}
