//! One direction of a tunnel.

use std::io;
use std::task::{Context, Poll, ready};

use crate::worker::{Outbox, Transport};

/// Bytes that are read at a time, and so what a direction holds at most for a peer that does not take them.
const READ: usize = 64 << 10;

/// Bytes on their way from one peer to the other. Nothing is read before what was read is written: whoever does not take
/// what comes slows down whoever sends it, and a direction in which nothing moves holds no memory.
#[derive(Debug, Default)]
pub(super) struct Flow {
    out: Outbox,
    /// Bytes that came from the one, and bytes that the other one's kernel took.
    pub(super) read: u64,
    pub(super) written: u64,
    /// Nothing more is read.
    pub(super) ended: bool,
    /// Nothing more happens.
    pub(super) done: bool,
    /// The one has said its last byte, and the other one has been told.
    pub(super) heard_end: bool,
    pub(super) said_end: bool,
}

/// A peer that is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// The one that is read from.
    Source,
    /// The one that is written to.
    Target,
}

impl Flow {
    /// Bytes that were read already go first.
    pub(super) fn begin(&mut self, early: &[u8]) {
        self.read += early.len() as u64;
        self.out.bytes.extend_from_slice(early);
    }

    /// The one has said its last byte, if `ended` is true.
    pub(super) fn end_if(&mut self, ended: bool) {
        self.ended |= ended;
        self.heard_end |= ended;
    }

    /// Goes on until one of the two has to be waited for, the end was passed on (`Ready(Ok)`), or `moves` reads were made:
    /// then the task is woken again at once, after all others.
    pub(super) fn poll(
        &mut self,
        source: &mut Transport,
        target: &mut Transport,
        cx: &mut Context<'_>,
        scratch: &mut [u8],
        moves: &mut u32,
    ) -> Poll<Result<(), Lost>> {
        if self.done {
            return Poll::Ready(Ok(()));
        }
        loop {
            ready!(self.out.poll_flush(target, cx, &mut self.written)).map_err(|_| Lost::Target)?;
            self.out.bytes = Vec::new();
            if self.ended {
                ready!(target.poll_end_writing(cx));
                (self.done, self.said_end) = (true, true);
                return Poll::Ready(Ok(()));
            }
            if *moves == 0 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let len = scratch.len().min(READ);
            let count = match ready!(source.poll_read(cx, &mut scratch[..len])) {
                Ok(count) => count,
                Err(_) => {
                    self.end_if(true);
                    return Poll::Ready(Err(Lost::Source));
                }
            };
            *moves -= 1;
            self.read += count as u64;
            self.end_if(count == 0);
            self.pass(target, cx, &scratch[..count]).map_err(|_| Lost::Target)?;
        }
    }

    /// Writes as much as the kernel takes and keeps the rest.
    fn pass(
        &mut self,
        target: &mut Transport,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> io::Result<()> {
        let mut at = 0;
        while at < data.len() {
            match target.poll_write(cx, &data[at..]) {
                Poll::Ready(Ok(count)) => {
                    at += count;
                    self.written += count as u64;
                }
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => break,
            }
        }
        self.out.bytes.extend_from_slice(&data[at..]);
        Ok(())
    }

    /// Nothing more is read or written.
    pub(super) fn stop(&mut self) {
        self.out = Outbox::default();
        (self.ended, self.done) = (true, true);
    }
}
