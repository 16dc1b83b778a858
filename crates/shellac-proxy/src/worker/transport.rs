//! A connection on either side: whatever carries its bytes, used in one way.

mod socket;
mod tls;

use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use rustls::Connection;
use tokio::net::{TcpStream, UnixStream};

use socket::Socket;
pub(crate) use tls::Agreed;
use tls::Tls;

/// A connection. Reading and writing are polls; an interrupted call is made again in here.
#[derive(Debug)]
pub(crate) struct Transport {
    socket: Socket,
    /// Boxed, as most connections have none.
    tls: Option<Box<Tls>>,
}

impl From<TcpStream> for Transport {
    fn from(stream: TcpStream) -> Transport {
        Transport { socket: Socket::Tcp(stream), tls: None }
    }
}

impl From<UnixStream> for Transport {
    fn from(stream: UnixStream) -> Transport {
        Transport { socket: Socket::Unix(stream), tls: None }
    }
}

impl Transport {
    /// From here on both sides speak TLS, beginning with a [handshake](Transport::poll_handshake).
    pub(crate) fn encrypt(&mut self, connection: Connection) {
        self.tls = Some(Box::new(Tls::new(connection)));
    }

    /// Agrees with the peer on how to speak. Nothing may be read or written before.
    pub(crate) fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.tls {
            None => Poll::Ready(Ok(())),
            Some(tls) => tls.poll_handshake(&mut self.socket, cx),
        }
    }

    /// Whether TLS is spoken over it.
    pub(crate) fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// What was agreed on.
    pub(crate) fn agreed(&self) -> Option<Agreed> {
        self.tls.as_ref()?.agreed()
    }

    /// Whether a read would tell something: bytes, the end, or an error. Asks no kernel; the task is woken when it would.
    ///
    /// With TLS it may turn out that what came was not for the reader.
    pub(crate) fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        match &self.tls {
            Some(tls) if tls.has_news() => Poll::Ready(()),
            _ => self.socket.poll_read_ready(cx),
        }
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
        match &mut self.tls {
            None => self.socket.poll_read(cx, into),
            Some(tls) => tls.poll_read(&mut self.socket, cx, into),
        }
    }

    /// [`poll_read`](Transport::poll_read) for who reads no more than a head before it waits: reads do not count towards the task's turn,
    /// and where something is known to be there the driver is not asked.
    pub(crate) fn poll_read_head(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.tls {
            None => self.socket.poll_read_out_of_turn(cx, into),
            Some(tls) => tls.poll_read(&mut self.socket, cx, into),
        }
    }

    /// What an unused connection has to say, if anything: 0 is its end. Without news the kernel is not asked.
    pub(crate) fn news(&mut self) -> Option<io::Result<usize>> {
        if self.tls.is_none() {
            let result = self.socket.try_read(&mut [0; 1]);
            return Some(result).filter(|result| {
                let error = result.as_ref().map_err(io::Error::kind);
                !matches!(error, Err(ErrorKind::WouldBlock | ErrorKind::Interrupted))
            });
        }
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
        match &mut self.tls {
            None => self.socket.poll_write(cx, from),
            Some(tls) => tls.poll_write(&mut self.socket, cx, from),
        }
    }

    /// Hands everything that was taken to the kernel. On a plain connection that has happened already.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.tls {
            None => Poll::Ready(Ok(())),
            Some(tls) => tls.poll_flush(&self.socket, cx),
        }
    }

    /// Says to the peer that nothing more comes, while what it sends can still be read.
    pub(crate) fn poll_end_writing(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(tls) = &mut self.tls {
            // A peer that takes no words is told by the socket alone.
            let _ = ready!(tls.poll_close(&self.socket, cx));
        }
        // A peer that is gone already needs no end.
        let _ = self.socket.sock_ref().shutdown(Shutdown::Write);
        Poll::Ready(())
    }

    /// Makes the close that follows a reset: the only way to show that a body delimited by the end is not complete.
    pub(crate) fn reset_on_close(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.abandon();
        }
        // If the option is refused the close stays an orderly one; there is no better way to say it.
        let _ = self.socket.sock_ref().set_linger(Some(Duration::ZERO));
    }

    /// Whether the end that a read has told is what the peer wanted to say: with TLS it says so, and without it nobody can tell an
    /// end from a connection that was cut.
    pub(crate) fn is_end_certain(&self) -> bool {
        self.tls.as_ref().is_none_or(|tls| tls.is_end_certain())
    }

    /// An error that the kernel has noticed and nobody was told of yet.
    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.take_error()
    }

    /// The descriptor's number, for the log.
    pub(crate) fn fd(&self) -> i32 {
        self.as_fd().as_raw_fd()
    }

    /// What is written from here on belongs to another request.
    pub(crate) fn mark(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.mark();
        }
    }

    /// How much the other side's kernel has acknowledged, TLS and all: a number that grows as long as it takes something.
    pub(crate) fn taken(&self) -> Option<u64> {
        self.socket.acked()
    }

    /// Bytes that the other side's kernel has acknowledged of those that were written since this connection was opened from here, if
    /// that is known.
    pub(crate) fn acked(&self) -> Option<u64> {
        let acked = self.socket.acked()?;
        Some(self.tls.as_ref().map_or(acked, |tls| tls.acked(acked)))
    }
}

impl AsFd for Transport {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for Transport {
    fn drop(&mut self) {
        if let Some(tls) = &mut self.tls
            && tls.is_open()
        {
            // As far as the kernel takes it without waiting.
            let _ = tls.poll_close(&self.socket, &mut Context::from_waker(Waker::noop()));
        }
    }
}

#[cfg(test)]
mod tests;
