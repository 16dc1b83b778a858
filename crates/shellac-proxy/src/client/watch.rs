//! Noticing that a client has gone away while it waits for its answer.

use std::task::{Context, Poll};
use std::time::Duration;

use super::session::{Client, ROOM_BEHIND};
use crate::worker::{Timer, Worker};

/// How long a client that has sent its last byte is given the benefit of the doubt.
///
/// A client that closed and one that only ended its sending look alike: both send a FIN. Only what is sent to them tells: the
/// kernel of the one that closed answers with a reset. Where nothing was sent in this time, the fetch is cancelled; where
/// something was and no reset came, the client is there. A reset without a FIN is certain and cancels at once.
const HALF_CLOSED: Duration = Duration::from_secs(1);

/// Watches a client whose request has been read.
pub(crate) struct Watch<'w> {
    worker: &'w Worker,
    ended: Option<Ended<'w>>,
}

/// The client has sent its last byte.
struct Ended<'w> {
    timer: Timer<'w>,
    /// Bytes that it had been sent by then.
    written: u64,
    /// It is known to be there.
    present: bool,
}

impl<'w> Watch<'w> {
    /// Starts watching.
    pub(crate) fn new(worker: &'w Worker) -> Watch<'w> {
        Watch { worker, ended: None }
    }

    /// Whether the client is gone; `written` bytes have been sent to it so far.
    ///
    /// What it sends meanwhile is the next request and is kept, as far as there is room.
    pub(crate) fn is_gone(
        &mut self,
        client: &mut Client,
        written: u64,
        cx: &mut Context<'_>,
    ) -> bool {
        while !client.ended {
            if client.stream.poll_read_ready(cx).is_pending() {
                return false;
            }
            let room = client.input.room(ROOM_BEHIND);
            if room.is_empty() {
                return false;
            }
            match client.stream.poll_read(cx, room) {
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
        let ended = self.ended.get_or_insert_with(|| {
            let until = worker.log.coarse().after(HALF_CLOSED);
            let timer = Timer::new(&worker.deadlines, until);
            Ended { timer, written, present: false }
        });
        if ended.present || !ended.timer.is_late(cx) {
            return false;
        }
        // What was sent since has been answered by now, one way or the other.
        let reset = !matches!(client.stream.take_error(), Ok(None));
        ended.present = written > ended.written && !reset;
        !ended.present
    }
}
