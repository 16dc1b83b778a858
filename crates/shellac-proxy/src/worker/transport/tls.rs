//! TLS on a socket: what [`Transport`](super::Transport) does where the bytes are encrypted.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::task::{Context, Poll, ready};

use rustls::{Connection, HandshakeKind};

use super::Socket;

/// Bytes that are read from the socket at a time: a whole record.
const INPUT_BYTES: usize = 18 << 10;

/// One side of a connection with TLS.
#[derive(Debug)]
pub(super) struct Tls {
    connection: Connection,
    /// What was read from the socket and not decrypted yet; without any it holds no memory.
    input: Vec<u8>,
    start: usize,
    end: usize,
    /// Decrypted bytes that nobody has read yet.
    plain: usize,
    /// The socket has ended.
    ended: bool,
    /// The peer has said that nothing more comes.
    said_end: bool,
    /// We have said so.
    closed: bool,
    /// What the peer sent is not to be understood: nothing more of it is looked at.
    broken: Option<rustls::Error>,
    /// Bytes handed over by the caller, and bytes handed to the kernel for them.
    taken: u64,
    sent: u64,
    /// Both when the current request began.
    mark: (u64, u64),
}

/// What two sides have agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// The version, as `TLSv1.3`.
    pub(crate) version: &'static str,
    /// The cipher suite, as standards spell it.
    pub(crate) cipher: &'static str,
    /// The name that the client has asked for.
    pub(crate) name: Option<Box<str>>,
    /// A protocol was agreed on.
    pub(crate) alpn: bool,
    /// An earlier session goes on.
    pub(crate) resumed: bool,
}

impl Tls {
    pub(super) fn new(connection: Connection) -> Tls {
        Tls {
            connection,
            input: Vec::new(),
            start: 0,
            end: 0,
            plain: 0,
            ended: false,
            said_end: false,
            closed: false,
            broken: None,
            taken: 0,
            sent: 0,
            mark: (0, 0),
        }
    }

    /// Agrees with the peer. Ready when everything about that is sent.
    pub(super) fn poll_handshake(
        &mut self,
        socket: &mut Socket,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_flush(socket, cx))?;
            if !self.connection.is_handshaking() {
                return Poll::Ready(Ok(()));
            }
            if self.ended {
                return Poll::Ready(Err(ErrorKind::UnexpectedEof.into()));
            }
            ready!(self.poll_fill(socket, cx))?;
        }
    }

    /// What was agreed on, once it was.
    pub(super) fn agreed(&self) -> Option<Agreed> {
        if self.connection.is_handshaking() {
            return None;
        }
        Some(Agreed {
            version: match self.connection.protocol_version()? {
                rustls::ProtocolVersion::TLSv1_2 => "TLSv1.2",
                rustls::ProtocolVersion::TLSv1_3 => "TLSv1.3",
                _ => "TLS",
            },
            cipher: self.connection.negotiated_cipher_suite()?.suite().as_str().unwrap_or("-"),
            name: match &self.connection {
                Connection::Server(server) => server.server_name().map(Box::from),
                Connection::Client(_) => None,
            },
            alpn: self.connection.alpn_protocol().is_some(),
            resumed: self.connection.handshake_kind() == Some(HandshakeKind::Resumed),
        })
    }

    /// Whether there is something to look at that the socket will not tell of any more.
    pub(super) fn has_news(&self) -> bool {
        self.plain > 0
            || self.start < self.end
            || self.ended
            || self.said_end
            || self.broken.is_some()
    }

    pub(super) fn poll_read(
        &mut self,
        socket: &mut Socket,
        cx: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            match self.connection.reader().read(into) {
                Ok(count) => {
                    self.plain = self.plain.saturating_sub(count);
                    return Poll::Ready(Ok(count));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                // The socket ended and the peer had not said so: whoever asks is told by `is_end_certain`.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    return Poll::Ready(Ok(0));
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
            ready!(self.poll_fill(socket, cx))?;
        }
    }

    /// Whether the peer has said that nothing more comes.
    pub(super) fn is_end_certain(&self) -> bool {
        self.said_end
    }

    /// Takes some of what the socket has, at most one read of it, and decrypts what is complete.
    fn poll_fill(&mut self, socket: &mut Socket, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(error) = &self.broken {
            // Whoever gives a connection up may read on from it, and rustls is not asked again after an error.
            return Poll::Ready(Err(io::Error::new(ErrorKind::InvalidData, error.clone())));
        }
        if self.start == self.end {
            self.input.resize(INPUT_BYTES, 0);
            let read = socket.poll_read(cx, &mut self.input);
            if !matches!(read, Poll::Ready(Ok(1..))) {
                // An idle connection holds no memory.
                self.input = Vec::new();
            }
            (self.start, self.end) = (0, ready!(read)?);
            self.ended |= self.end == 0;
        }
        let mut rest = &self.input[self.start..self.end];
        self.connection.read_tls(&mut rest)?;
        self.start = self.end - rest.len();
        let state = match self.connection.process_new_packets() {
            Ok(state) => state,
            Err(error) => {
                // The peer is told why, if it still reads.
                let _ = self.poll_flush(socket, cx);
                self.closed = true;
                self.input = Vec::new();
                (self.start, self.end) = (0, 0);
                self.broken = Some(error);
                // What came before it is good, and is read first.
                return Poll::Ready(Ok(()));
            }
        };
        self.plain = state.plaintext_bytes_to_read();
        self.said_end |= state.peer_has_closed();
        // What the protocol answers by itself; a peer that does not take it will take nothing else either.
        match self.poll_flush(socket, cx) {
            Poll::Ready(Err(error)) if self.plain == 0 => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(())),
        }
    }

    pub(super) fn poll_write(
        &mut self,
        socket: &mut Socket,
        cx: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        if from.is_empty() {
            return Poll::Ready(Ok(0));
        }
        loop {
            let count = self.connection.writer().write(from)?;
            self.taken += count as u64;
            let flushed = self.poll_flush(socket, cx);
            if count > 0 {
                return match flushed {
                    Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                    _ => Poll::Ready(Ok(count)),
                };
            }
            // There was no room.
            ready!(flushed)?;
        }
    }

    /// Hands everything that is encrypted to the kernel.
    pub(super) fn poll_flush(
        &mut self,
        socket: &Socket,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.connection.wants_write() {
            match self.connection.write_tls(&mut Out { socket, cx }) {
                Ok(0) => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                Ok(count) => self.sent += count as u64,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Poll::Pending,
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Says that nothing more comes, as far as the kernel takes that.
    pub(super) fn poll_close(
        &mut self,
        socket: &Socket,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.closed && !self.connection.is_handshaking() {
            self.connection.send_close_notify();
        }
        self.closed = true;
        self.poll_flush(socket, cx)
    }

    /// Leaves without a word.
    pub(super) fn abandon(&mut self) {
        self.closed = true;
    }

    /// Whether a word has to be said before the socket is closed.
    pub(super) fn is_open(&self) -> bool {
        !self.closed
    }

    /// A request begins: what follows belongs to it.
    pub(super) fn mark(&mut self) {
        self.mark = (self.taken, self.sent);
    }

    /// How many bytes of those that were written are among the first `acked` of the socket: exact at both ends of a request, in
    /// between by proportion.
    pub(super) fn acked(&self, acked: u64) -> u64 {
        let (taken, sent) = self.mark;
        if acked >= self.sent {
            return self.taken;
        }
        let (of, in_all) = (acked.saturating_sub(sent), self.sent.saturating_sub(sent).max(1));
        let part = u128::from(self.taken - taken) * u128::from(of) / u128::from(in_all);
        taken + u64::try_from(part).unwrap_or(0)
    }
}

/// The socket as rustls writes to it.
struct Out<'s, 'c, 'w> {
    socket: &'s Socket,
    cx: &'c mut Context<'w>,
}

impl Write for Out<'_, '_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        match self.socket.poll_write_vectored(self.cx, bytes) {
            Poll::Ready(result) => result,
            Poll::Pending => Err(ErrorKind::WouldBlock.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
