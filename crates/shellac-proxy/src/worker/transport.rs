//! A connection on either side: whatever carries its bytes, used in one way.

use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// A connection. Reading and writing are polls; an interrupted call is made again in here.
#[derive(Debug)]
pub(crate) struct Transport {
    socket: Socket,
}

/// What the kernel knows of a connection.
#[derive(Debug)]
enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl From<TcpStream> for Transport {
    fn from(stream: TcpStream) -> Transport {
        Transport { socket: Socket::Tcp(stream) }
    }
}

impl From<UnixStream> for Transport {
    fn from(stream: UnixStream) -> Transport {
        Transport { socket: Socket::Unix(stream) }
    }
}

impl Transport {
    /// Whether a read would tell something: bytes, the end, or an error. Asks no kernel; the task is woken when it would.
    pub(crate) fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        let ready = match &self.socket {
            Socket::Tcp(stream) => stream.poll_read_ready(cx),
            Socket::Unix(stream) => stream.poll_read_ready(cx),
        };
        // A driver that has gone down is told by the read.
        ready.map(drop)
    }

    /// Reads what there is; 0 is the end.
    ///
    /// A read that fills less than `into` has emptied the socket, and the driver knows: the next one waits for news without
    /// asking the kernel again.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut into = ReadBuf::new(into);
        ready!(match &mut self.socket {
            Socket::Tcp(stream) => Pin::new(stream).poll_read(cx, &mut into),
            Socket::Unix(stream) => Pin::new(stream).poll_read(cx, &mut into),
        })?;
        Poll::Ready(Ok(into.filled().len()))
    }

    /// What an unused connection has to say, if anything: 0 is its end. Without news the kernel is not asked.
    pub(crate) fn news(&mut self) -> Option<io::Result<usize>> {
        let mut cx = Context::from_waker(Waker::noop());
        match self.poll_read(&mut cx, &mut [0; 1]) {
            Poll::Ready(result) => Some(result),
            Poll::Pending => None,
        }
    }

    /// Takes as much as there is room for. What was taken may still have to be [flushed](Transport::poll_flush).
    pub(crate) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            let result = match &self.socket {
                Socket::Tcp(stream) => {
                    ready!(stream.poll_write_ready(cx))?;
                    stream.try_write(from)
                }
                Socket::Unix(stream) => {
                    ready!(stream.poll_write_ready(cx))?;
                    stream.try_write(from)
                }
            };
            match result {
                Err(error) if is_transient(&error) => {}
                result => return Poll::Ready(result),
            }
        }
    }

    /// Hands everything that was taken to the kernel. On a plain connection that has happened already.
    pub(crate) fn poll_flush(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Says to the peer that nothing more comes, while what it sends can still be read.
    pub(crate) fn end_writing(&mut self) {
        // A peer that is gone already needs no end.
        let _ = self.sock_ref().shutdown(Shutdown::Write);
    }

    /// Makes the close that follows a reset: the only way to show that a body delimited by the end is not complete.
    pub(crate) fn reset_on_close(&mut self) {
        // If the option is refused the close stays an orderly one; there is no better way to say it.
        let _ = self.sock_ref().set_linger(Some(Duration::ZERO));
    }

    /// An error that the kernel has noticed and nobody was told of yet.
    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        match &self.socket {
            Socket::Tcp(stream) => stream.take_error(),
            Socket::Unix(stream) => stream.take_error(),
        }
    }

    /// The descriptor's number, for the log.
    pub(crate) fn fd(&self) -> i32 {
        self.as_fd().as_raw_fd()
    }

    /// Bytes that the other side's kernel has acknowledged since this connection was opened from here, if that is known.
    pub(crate) fn acked(&self) -> Option<u64> {
        let Socket::Tcp(stream) = &self.socket else { return None };
        let info = shellac_sys::tcp_info(stream.as_fd()).ok()?;
        // We opened it, so the SYN is counted.
        Some(info.bytes_acked?.saturating_sub(1))
    }

    fn sock_ref(&self) -> SockRef<'_> {
        match &self.socket {
            Socket::Tcp(stream) => SockRef::from(stream),
            Socket::Unix(stream) => SockRef::from(stream),
        }
    }
}

impl AsFd for Transport {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            Socket::Tcp(stream) => stream.as_fd(),
            Socket::Unix(stream) => stream.as_fd(),
        }
    }
}

fn is_transient(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests;
