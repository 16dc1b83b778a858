//! Sending one request: its head, and its body as far as the client has sent it.

use std::io;
use std::task::{Context, Poll, ready};

use shellac_http1::Encoder;

use super::deliver::TURN;
use crate::client::{BodyFault, Client, RequestBody};
use crate::worker::{Conn, Outbox, Worker};

/// Framed bytes that wait for the kernel before more is framed.
const AHEAD: usize = 64 << 10;

/// Why sending cannot go on.
#[derive(Debug)]
pub(super) enum UploadError {
    /// The backend takes no more.
    Backend(io::Error),
    /// The client gives no more.
    Client(BodyFault),
    /// What was kept of the body cannot be read again.
    Kept(io::Error),
}

/// One sending of a request.
#[derive(Debug)]
pub(super) struct Upload {
    out: Outbox,
    encoder: Encoder,
    /// Where the body goes on, without framing.
    framed: u64,
    /// Bytes of the head.
    pub(super) head_len: u64,
    /// Bytes handed to the kernel.
    pub(super) written: u64,
    /// Bytes of framing around the body so far.
    framing_bytes: u64,
    /// The body may be sent: nobody waits for `100 Continue`.
    pub(super) open: bool,
    /// Everything is framed.
    finished: bool,
    /// Nothing is sent any more: all is gone, or the rest is not wanted.
    stopped: bool,
    /// What it waits for is the client, not the backend.
    pub(super) waits_for_client: bool,
    /// The log says that the request was sent, or as much of it as will be.
    pub(super) logged: bool,
}

impl Upload {
    /// Sends `head` and then the body, in the framing that the body came in.
    pub(super) fn new(head: Vec<u8>, body: &RequestBody<'_>, open: bool) -> Upload {
        Upload {
            head_len: head.len() as u64,
            out: Outbox::of(head),
            encoder: Encoder::new(body.framing()),
            framed: 0,
            written: 0,
            framing_bytes: 0,
            open,
            // There is nothing to be framed then.
            finished: body.framing().is_empty(),
            stopped: false,
            waits_for_client: false,
            logged: false,
        }
    }

    /// Whether there is more to do.
    pub(super) fn is_running(&self) -> bool {
        !self.stopped
    }

    /// Whether the end of the body has not been reached yet.
    pub(super) fn is_in_body(&self) -> bool {
        !self.finished
    }

    /// Whether everything was handed to the kernel.
    pub(super) fn is_complete(&self) -> bool {
        self.finished && self.out.is_empty()
    }

    /// Its memory, for the next one.
    pub(super) fn into_text(self) -> Vec<u8> {
        self.out.bytes
    }

    /// Sends no more.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
    }

    /// Bytes of the body handed to the kernel, without framing as far as that can be told.
    pub(super) fn sent(&self) -> u64 {
        self.written.saturating_sub(self.head_len + self.framing_bytes).min(self.framed)
    }

    /// Bytes of the body among `acked` bytes of this request.
    pub(super) fn acked(&self, acked: u64) -> u64 {
        acked.saturating_sub(self.head_len + self.framing_bytes).min(self.sent())
    }

    /// Goes on until everything is sent (`Ready(Ok)`), or something has to be waited for.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        conn: &mut Conn,
        client: &mut Client,
        body: &mut RequestBody<'_>,
        worker: &Worker,
    ) -> Poll<Result<(), UploadError>> {
        for _ in 0..TURN {
            let loaded = self.top_up(client, body, cx)?;
            if !self.out.is_empty() {
                self.waits_for_client = false;
                let before = self.written;
                let flushed = self.out.poll_flush(&mut conn.stream, cx, &mut self.written);
                conn.written += self.written - before;
                ready!(flushed).map_err(UploadError::Backend)?;
                // There may be more that was read already.
                continue;
            }
            if self.finished {
                self.stopped = true;
                return Poll::Ready(Ok(()));
            }
            self.waits_for_client = loaded;
            if !self.open || !loaded {
                return Poll::Pending;
            }
            ready!(body.poll_more(client, worker, cx)).map_err(UploadError::Client)?;
        }
        // There is more at once, but others wait for their turn.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Frames what is there; `false` when more of it is being loaded.
    fn top_up(
        &mut self,
        client: &mut Client,
        body: &mut RequestBody<'_>,
        cx: &mut Context<'_>,
    ) -> Result<bool, UploadError> {
        while !self.finished && self.open && self.out.len() < AHEAD {
            match body.poll_load(self.framed, cx) {
                Poll::Ready(loaded) => loaded.map_err(UploadError::Kept)?,
                Poll::Pending => return Ok(false),
            }
            let data = body.from(self.framed);
            let piece = &data[..data.len().min(AHEAD)];
            if piece.is_empty() {
                if body.is_complete() {
                    // A body that is complete is exactly as long as it said.
                    let before = self.out.bytes.len();
                    let _ = self.encoder.finish_with(body.trailers(), &mut self.out.bytes);
                    self.framing_bytes += (self.out.bytes.len() - before) as u64;
                    self.finished = true;
                } else if !body.take_buffered(client).map_err(UploadError::Client)? {
                    break;
                }
                continue;
            }
            let len = piece.len();
            let before = self.out.bytes.len();
            if self.encoder.data(piece, &mut self.out.bytes).is_err() {
                // The decoder hands out no more than was promised.
                break;
            }
            self.framing_bytes += (self.out.bytes.len() - before - len) as u64;
            self.framed += len as u64;
            body.passed(self.framed);
        }
        Ok(true)
    }
}
