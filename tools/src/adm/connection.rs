//! One connection: from the address to the first command, and a command at a time.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};
use shellac_admin::{Answer, AnswerReader, Login, LoginError, LoginStep, Status};

use super::find::{Address, Place};
use super::{ANSWER_PATIENCE, services};
use crate::stock::system_text::system_text;

/// Longest secret in bytes.
const SECRET_BYTES_MOST: u64 = 1 << 20;

#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A connection over which commands can be given.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Stream,
    reader: AnswerReader,
    /// How long an answer may take; `None` for as long as it takes.
    limit: Option<Duration>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// The other side has closed the connection.
    Closed,
    /// It takes too long, or what comes is none. A client makes an answer of its own of that.
    Failed(Answer),
}

impl Connection {
    /// Connects and proves that we know the secret. The text of an error is the stock tool's.
    pub(super) fn open(address: &Address, secret: Option<&Path>) -> anyhow::Result<Connection> {
        let stream = connect(&address.place).map_err(|error| {
            // The words of the C library stand behind those of Rust.
            let text = system_text(&error);
            let text = text.strip_prefix("failed to lookup address information: ").unwrap_or(&text);
            anyhow!("Connection failed ({}): {text}", address.text)
        })?;
        let mut connection = Connection {
            stream,
            // As long as the protocol can say.
            reader: AnswerReader::new(99_999_999),
            limit: Some(ANSWER_PATIENCE),
        };
        let mut login = Login::new();
        loop {
            let answer = match connection.answer() {
                Ok(answer) => answer,
                Err(NoAnswer::Closed) => bail!("Rejected 400\nCLI communication error (hdr)"),
                Err(NoAnswer::Failed(answer)) => return Err(LoginError::Rejected(answer).into()),
            };
            let step = login.answered(&answer, || secret.map(read_secret).transpose())?;
            match step {
                LoginStep::Send(line) => connection.send(&line).map_err(|error| {
                    anyhow!("Connection failed ({}): {}", address.text, system_text(&error))
                })?,
                LoginStep::Done => return Ok(connection),
            }
        }
    }

    /// Says how long an answer may take from now on.
    pub(super) fn set_limit(&mut self, limit: Option<Duration>) {
        self.limit = limit;
    }

    /// Sends bytes: whole lines, one command each.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.stream {
            Stream::Tcp(stream) => stream.write_all(bytes),
            Stream::Unix(stream) => stream.write_all(bytes),
        }
    }

    /// Says that nothing more will be sent.
    pub(super) fn end(&self) {
        // A connection that is gone has ended too.
        let _ = match &self.stream {
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Stream::Unix(stream) => stream.shutdown(Shutdown::Write),
        };
    }

    /// Waits for the next answer.
    pub(crate) fn answer(&mut self) -> Result<Answer, NoAnswer> {
        let deadline = self.limit.and_then(|limit| now().checked_add(limit));
        loop {
            if let Some(answer) = self.ready()? {
                return Ok(answer);
            }
            let left = deadline.map(|at| at.saturating_duration_since(now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Err(NoAnswer::Failed(self.broken_off()));
            }
            if self.receive(left)? == 0 {
                return Err(NoAnswer::Closed);
            }
        }
    }

    /// The next answer if all of it has come.
    pub(super) fn ready(&mut self) -> Result<Option<Answer>, NoAnswer> {
        self.reader.next().map_err(|error| {
            NoAnswer::Failed(Answer::new(
                Status::COMMUNICATION,
                format!("CLI communication error: {error}"),
            ))
        })
    }

    /// Reads what comes within `time`; how many bytes that were, and 0 at the end.
    pub(super) fn receive(&mut self, time: Option<Duration>) -> Result<usize, NoAnswer> {
        let mut piece = [0; 16 << 10];
        let read = match &mut self.stream {
            Stream::Tcp(stream) => {
                stream.set_read_timeout(time).and_then(|()| stream.read(&mut piece))
            }
            Stream::Unix(stream) => {
                stream.set_read_timeout(time).and_then(|()| stream.read(&mut piece))
            }
        };
        match read {
            Ok(len) => {
                self.reader.push(&piece[..len]);
                Ok(len)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Err(NoAnswer::Failed(self.broken_off()))
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(1),
            Err(_) => Ok(0),
        }
    }

    /// What to wait on for an answer.
    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.stream {
            Stream::Tcp(stream) => stream.as_fd(),
            Stream::Unix(stream) => stream.as_fd(),
        }
    }

    fn broken_off(&self) -> Answer {
        let part = if self.reader.has_head() { "body" } else { "hdr" };
        Answer::new(Status::COMMUNICATION, format!("CLI communication error ({part})"))
    }
}

fn connect(place: &Place) -> io::Result<Stream> {
    let (host, port) = match place {
        Place::Unix(path) => return UnixStream::connect(path).map(Stream::Unix),
        Place::Tcp { host, port } => (host, port),
    };
    let port = services::port(port).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, "Servname not supported for ai_socktype")
    })?;
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in (host.as_str(), port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, ANSWER_PATIENCE) {
            Ok(stream) => return Ok(Stream::Tcp(stream)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn read_secret(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut secret = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(SECRET_BYTES_MOST).read_to_end(&mut secret))
        .map_err(|error| anyhow!("Cannot open \"{}\": {}", path.display(), system_text(&error)))?;
    Ok(secret)
}

#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
fn now() -> Instant {
    Instant::now()
}
