//! Noticing that a client has gone away while it waits for its answer.

use std::task::{Context, Poll};
use std::time::Duration;

use shellac_http1::Version;

use super::session::{Client, ROOM_BEHIND};
use crate::clock::Micros;
use crate::worker::{Outbox, SWEEP, Timer, Worker};

/// How long a client that has sent its last byte is given the benefit of the doubt.
///
/// A client that closed and one that only ended its sending look alike: both send a FIN. Only what is sent to them tells: the
/// kernel of the one that closed answers with a reset. So after this time it is sent the first byte of its answer, which is
/// the same whatever the answer will be, and the fetch is cancelled when a reset comes back. Where the answer has begun and
/// nothing more of it was sent in this time, there is nothing to ask with, and the fetch is cancelled then. A reset
/// without a FIN is certain and cancels at once.
///
/// RFC 9112 (9.6) allows a client to end its sending and to wait for its answer. A varnishd answers too, and never looks whether
/// anybody is there; nginx closes without an answer (499), unless it is told to ignore such ends altogether.
const HALF_CLOSED: Duration = Duration::from_secs(1);

/// What every answer begins with; a byte of it is sent each time that a client is asked whether it is there.
fn beginning() -> &'static [u8] {
    Version::Http11.as_str().as_bytes()
}

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
    /// When it is asked the next time, and how long after that once more.
    ask: Micros,
    pause: Duration,
}

impl<'w> Watch<'w> {
    /// Starts watching.
    pub(crate) fn new(worker: &'w Worker) -> Watch<'w> {
        Watch { worker, ended: None }
    }

    /// Whether the client is gone; `written` bytes have been sent to it so far, and `out` is on its way.
    ///
    /// What it sends meanwhile is the next request and is kept, as far as there is room.
    pub(crate) fn is_gone(
        &mut self,
        client: &mut Client,
        out: &Outbox,
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
            match client.stream.poll_read_head(cx, room) {
                Poll::Pending => return false,
                Poll::Ready(Ok(0)) => client.ended = true,
                Poll::Ready(Ok(count)) => client.input.fill(count),
                Poll::Ready(Err(error)) => {
                    client.lose(&error);
                    return true;
                }
            }
        }
        let worker = self.worker;
        let ended = self.ended.get_or_insert_with(|| {
            let ask = worker.log.coarse().after(HALF_CLOSED);
            let timer = Timer::new(&worker.deadlines, ask);
            Ended { timer, written, present: false, ask, pause: HALF_CLOSED }
        });
        if ended.present || !ended.timer.is_late(cx) {
            return false;
        }
        // What was sent since has been answered by now, one way or the other.
        if !matches!(client.stream.take_error(), Ok(None)) {
            return true;
        }
        let Some(ahead) = &mut client.ahead else {
            ended.present = written > ended.written;
            return !ended.present;
        };
        let now = worker.deadlines.now();
        if now >= ended.ask && out.is_empty() {
            if let Some(byte) = beginning().get(*ahead..=*ahead) {
                match client.stream.poll_write(cx, byte) {
                    Poll::Ready(Ok(count)) => *ahead += count,
                    Poll::Ready(Err(_)) => return true,
                    Poll::Pending => {}
                }
            }
            if let Poll::Ready(Err(_)) = client.stream.poll_flush(cx) {
                return true;
            }
            ended.ask = now.after(ended.pause);
            ended.pause *= 2;
        }
        // Its kernel's word is on its way; a look ten times a second costs nothing where nobody speaks.
        ended.timer.set(now.after(SWEEP));
        ended.timer.is_late(cx)
    }
}
