//! A client that sends exactly the bytes it is given.

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use socket2::SockRef;

use super::deadline::Deadline;
use super::wire::{Fields, Framing, Wire};

/// One connection to the proxy.
#[derive(Debug)]
pub(crate) struct Client {
    wire: Wire,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) fields: Fields,
    pub(crate) framing: Framing,
    pub(crate) body: Vec<u8>,
    /// Whether the body came to its end as its framing says.
    pub(crate) complete: bool,
    /// The statuses of the interim answers before it.
    pub(crate) interim: Vec<u16>,
    /// The fields behind the body.
    pub(crate) trailers: Fields,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The XID of the request, as the client is told.
    pub(crate) fn xid(&self) -> u64 {
        self.fields
            .get("X-Varnish")
            .expect("the answer has X-Varnish")
            .parse()
            .expect("X-Varnish is one number")
    }
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).expect("the proxy listens");
        Client { wire: Wire::new(stream) }
    }

    /// Its port, by which the log names it.
    pub(crate) fn port(&self) -> u16 {
        self.wire.stream.local_addr().expect("it is connected").port()
    }

    /// Sends everything, or panics.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).expect("the proxy reads");
    }

    /// Sends as much as the proxy takes.
    ///
    /// # Errors
    ///
    /// What writing said.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let left = Deadline::generous().left().unwrap_or_default();
        self.wire.stream.set_write_timeout(Some(left))?;
        self.wire.stream.write_all(bytes.as_ref())
    }

    /// Reads one answer, which `method` was the question to, or panics.
    pub(crate) fn answer(&mut self, method: &str) -> Answer {
        self.try_answer(method).unwrap_or_else(|error| panic!("no answer to {method}: {error}"))
    }

    /// Reads one answer and the interim ones before it.
    ///
    /// # Errors
    ///
    /// No head: `UnexpectedEof`, a reset, a timeout. A body that breaks off is an answer, not
    /// [`complete`](Answer::complete).
    pub(crate) fn try_answer(&mut self, method: &str) -> io::Result<Answer> {
        let deadline = Deadline::generous();
        let mut interim = Vec::new();
        loop {
            let (line, fields) = self.wire.head(deadline)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            let status = line
                .strip_prefix("HTTP/1.1 ")
                .and_then(|rest| rest.get(..3))
                .and_then(|status| status.parse().ok())
                .unwrap_or_else(|| panic!("{line:?} is no status line"));
            if (100..200).contains(&status) {
                interim.push(status);
                continue;
            }
            let framing = Framing::of_response(&fields, status, method);
            let mut body = Vec::new();
            let ended =
                self.wire.body(framing, u64::MAX, deadline, |data| body.extend_from_slice(data));
            if let Err(error) = &ended {
                assert_ne!(error.kind(), io::ErrorKind::TimedOut, "the body of {line:?} stalls");
            }
            let complete = ended.is_ok();
            let trailers = self.wire.take_trailers();
            return Ok(Answer { status, fields, framing, body, complete, interim, trailers });
        }
    }

    /// Reads one head, interim or not, and leaves the rest.
    pub(crate) fn head(&mut self) -> (String, Fields) {
        self.wire.head(Deadline::generous()).expect("a head comes").expect("the connection lives")
    }

    /// Bytes that come next, which are forgotten; 0 when the connection was closed.
    pub(crate) fn some(&mut self) -> usize {
        self.wire.some(Deadline::generous()).expect("the connection lives")
    }

    /// Everything up to and including `end`, or until the connection is closed.
    pub(crate) fn until_closed_or(&mut self, end: &[u8]) -> Vec<u8> {
        self.wire.until(end, Deadline::generous()).expect("the connection lives")
    }

    /// Resets the connection.
    pub(crate) fn reset(self) {
        let socket = SockRef::from(&self.wire.stream);
        socket.set_linger(Some(std::time::Duration::ZERO)).expect("a socket takes SO_LINGER");
    }

    /// Says that nothing more will be sent.
    pub(crate) fn half_close(&self) {
        self.wire.stream.shutdown(Shutdown::Write).expect("the connection lives");
    }

    /// The same, where it may have closed the connection meanwhile.
    pub(crate) fn half_close_if_open(&self) {
        let _ = self.wire.stream.shutdown(Shutdown::Write);
    }

    /// Everything the proxy still sends until it closes the connection; a reset is a close.
    pub(crate) fn until_closed(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        match self.wire.rest(&mut rest, Deadline::generous()) {
            Err(error) if error.kind() != io::ErrorKind::ConnectionReset => {
                panic!("the connection was not closed: {error}")
            }
            _ => rest,
        }
    }
}
