//! What the kernel knows of a connection.

use std::io::{self, ErrorKind, IoSlice};
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::net::{RecvFlags, SendFlags};
use socket2::SockRef;
use tokio::io::{AsyncRead, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// A socket of one of the kinds that connections have.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// The same for every kind.
macro_rules! each {
    ($socket:expr, $stream:ident => $what:expr) => {
        match $socket {
            Socket::Tcp($stream) => $what,
            Socket::Unix($stream) => $what,
        }
    };
}

impl Socket {
    pub(super) fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        // A driver that has gone down is told by the read.
        each!(self, stream => stream.poll_read_ready(cx)).map(drop)
    }

    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut into = ReadBuf::new(into);
        ready!(each!(self, stream => Pin::new(stream).poll_read(cx, &mut into)))?;
        Poll::Ready(Ok(into.filled().len()))
    }

    /// The same without a look at the task's turn, and at the driver only where there is nothing to be read.
    pub(super) fn poll_read_out_of_turn(
        &self,
        cx: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            let mut taken = None;
            let read = || {
                let (count, _) = rustix::net::recv(self, &mut *into, RecvFlags::empty())?;
                taken = Some(count);
                // What fills less has emptied the socket, and the driver is told so. The end stays one.
                if (1..into.len()).contains(&count) {
                    Err(ErrorKind::WouldBlock.into())
                } else {
                    Ok(())
                }
            };
            let result = each!(self, stream => stream.try_io(Interest::READABLE, read));
            match (taken, result) {
                (Some(count), _) => return Poll::Ready(Ok(count)),
                (None, Ok(())) => return Poll::Ready(Ok(0)),
                (None, Err(error)) if error.kind() == ErrorKind::WouldBlock => {
                    ready!(each!(self, stream => stream.poll_read_ready(cx)))?;
                }
                (None, Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                (None, Err(error)) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// What there is to be read, where the driver knows that there is something.
    pub(super) fn try_read(&self, into: &mut [u8]) -> io::Result<usize> {
        each!(self, stream => stream.try_read(into))
    }

    pub(super) fn poll_write(&self, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            // Where the driver knows that the kernel takes nothing, this does not ask it.
            let write = || Ok(rustix::net::send(self, from, SendFlags::NOSIGNAL)?);
            match each!(self, stream => stream.try_io(Interest::WRITABLE, write)) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    ready!(each!(self, stream => stream.poll_write_ready(cx)))?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return Poll::Ready(result),
            }
        }
    }

    pub(super) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            match each!(self, stream => stream.try_write_vectored(from)) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    ready!(each!(self, stream => stream.poll_write_ready(cx)))?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return Poll::Ready(result),
            }
        }
    }

    pub(super) fn take_error(&self) -> io::Result<Option<io::Error>> {
        each!(self, stream => stream.take_error())
    }

    /// Bytes that the other side's kernel has acknowledged of a connection that was opened from here.
    pub(super) fn acked(&self) -> Option<u64> {
        let Socket::Tcp(stream) = self else { return None };
        let info = shellac_sys::tcp_info(stream.as_fd()).ok()?;
        // We opened it, so the SYN is counted.
        Some(info.bytes_acked?.saturating_sub(1))
    }

    pub(super) fn sock_ref(&self) -> SockRef<'_> {
        each!(self, stream => SockRef::from(stream))
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        each!(self, stream => stream.as_fd())
    }
}
