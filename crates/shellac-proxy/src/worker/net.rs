//! Reads and writes on a socket, as polls.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;

/// Reads what there is; 0 is the end.
///
/// A read that fills less than `into` has emptied the socket, and the driver knows: the next one waits for news without
/// asking the kernel again.
pub(crate) fn poll_read(
    stream: &mut TcpStream,
    cx: &mut Context<'_>,
    into: &mut [u8],
) -> Poll<io::Result<usize>> {
    let mut into = ReadBuf::new(into);
    ready!(Pin::new(stream).poll_read(cx, &mut into))?;
    Poll::Ready(Ok(into.filled().len()))
}

/// Writes as much as the kernel takes.
pub(crate) fn poll_write(
    stream: &TcpStream,
    cx: &mut Context<'_>,
    from: &[u8],
) -> Poll<io::Result<usize>> {
    loop {
        ready!(stream.poll_write_ready(cx))?;
        match stream.try_write(from) {
            Err(error) if is_transient(&error) => {}
            result => return Poll::Ready(result),
        }
    }
}

fn is_transient(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

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
        stream: &TcpStream,
        cx: &mut Context<'_>,
        written: &mut u64,
    ) -> Poll<io::Result<()>> {
        while self.at < self.bytes.len() {
            match ready!(poll_write(stream, cx, &self.bytes[self.at..]))? {
                0 => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                count => {
                    self.at += count;
                    *written += count as u64;
                }
            }
        }
        self.bytes.clear();
        self.at = 0;
        Poll::Ready(Ok(()))
    }
}

/// Says to the peer that nothing more comes, while what it sends can still be read.
pub(crate) fn end_writing(stream: &TcpStream) {
    // A peer that is gone already needs no end.
    let _ = SockRef::from(stream).shutdown(std::net::Shutdown::Write);
}

/// Makes the close that follows a reset: the only way to show that a body delimited by the end is not complete.
pub(crate) fn reset_on_close(stream: &TcpStream) {
    // If the option is refused the close stays an orderly one; there is no better way to say it.
    let _ = SockRef::from(stream).set_linger(Some(std::time::Duration::ZERO));
}
