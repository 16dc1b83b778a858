//! Bytes on their way out.

use std::io::{self, ErrorKind};
use std::task::{Context, Poll, ready};

use super::transport::Transport;

/// Bytes on their way out, written as far as the kernel takes them.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub(crate) bytes: Vec<u8>,
    at: usize,
}

impl Outbox {
    /// These bytes.
    pub(crate) fn of(bytes: Vec<u8>) -> Outbox {
        Outbox { bytes, at: 0 }
    }

    /// Whether everything has been written.
    pub(crate) fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// Bytes not written yet.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// Writes until the kernel takes no more. `Ready(Ok)` when all is gone; `written` counts along.
    pub(crate) fn poll_flush(
        &mut self,
        stream: &mut Transport,
        cx: &mut Context<'_>,
        written: &mut u64,
    ) -> Poll<io::Result<()>> {
        while self.at < self.bytes.len() {
            match ready!(stream.poll_write(cx, &self.bytes[self.at..]))? {
                0 => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                count => {
                    self.at += count;
                    *written += count as u64;
                }
            }
        }
        self.bytes.clear();
        self.at = 0;
        stream.poll_flush(cx)
    }
}
