//! Reading HTTP/1 from a socket, for the test's side of the wire.
//!
//! Written apart from the proxy's own parser, so that a mistake there does not hide itself here.

use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;

use super::deadline::Deadline;

/// Header fields as they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields(pub(crate) Vec<(String, String)>);

impl Fields {
    /// The value of the only field called `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.all(name).into_iter();
        let first = values.next();
        assert_eq!(values.next(), None, "more than one {name} in {self:?}");
        first
    }

    /// The values of all fields called `name`.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.0
            .iter()
            .filter(|field| field.0.eq_ignore_ascii_case(name))
            .map(|field| field.1.as_str())
            .collect()
    }

    fn is_chunked(&self) -> bool {
        self.get("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
    }

    fn content_length(&self) -> Option<u64> {
        self.get("content-length").map(|value| value.parse().expect("Content-Length is a number"))
    }
}

/// How a message's body is delimited on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// No body follows.
    None,
    /// By Content-Length.
    Length(u64),
    /// By chunks.
    Chunked,
    /// By the end of the connection.
    Close,
}

impl Framing {
    pub(crate) fn of_request(fields: &Fields) -> Framing {
        match (fields.is_chunked(), fields.content_length()) {
            (true, None) => Framing::Chunked,
            (true, Some(_)) => panic!("two framings: {fields:?}"),
            (false, Some(bytes)) => Framing::Length(bytes),
            (false, None) => Framing::None,
        }
    }

    pub(crate) fn of_response(fields: &Fields, status: u16, method: &str) -> Framing {
        if method == "HEAD" || status < 200 || status == 204 || status == 304 {
            return Framing::None;
        }
        match Framing::of_request(fields) {
            Framing::None => Framing::Close,
            other => other,
        }
    }
}

/// A socket with the bytes that were read too far.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
    /// The fields behind the last body.
    trailers: Fields,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> Wire {
        stream.set_nodelay(true).expect("a socket takes TCP_NODELAY");
        Wire { stream, buffer: Vec::new(), trailers: Fields::default() }
    }

    /// The first line and the fields of a head; `None` when the connection ended before its first byte.
    ///
    /// # Errors
    ///
    /// What reading said; `UnexpectedEof` inside the head, `InvalidData` when it is none.
    pub(crate) fn head(&mut self, deadline: Deadline) -> io::Result<Option<(String, Fields)>> {
        let end = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at;
            }
            if !self.fill(deadline)? {
                return if self.buffer.is_empty() {
                    Ok(None)
                } else {
                    Err(ErrorKind::UnexpectedEof.into())
                };
            }
        };
        let text: Vec<u8> = self.buffer.drain(..end + 4).collect();
        let text = String::from_utf8_lossy(&text[..end]).into_owned();
        let mut lines = text.split("\r\n");
        let first = lines.next().unwrap_or_default().to_owned();
        let mut fields = Fields::default();
        for line in lines {
            fields.0.push(field(line)?);
        }
        Ok(Some((first, fields)))
    }

    /// Hands the data of a body to `take` until its end, or until `take` has had `enough` bytes. Returns
    /// whether the body ended.
    ///
    /// # Errors
    ///
    /// What reading said; `UnexpectedEof` for a body that stops early, `InvalidData` for bad chunks.
    pub(crate) fn body(
        &mut self,
        framing: Framing,
        enough: u64,
        deadline: Deadline,
        mut take: impl FnMut(&[u8]),
    ) -> io::Result<bool> {
        match framing {
            Framing::None => Ok(true),
            Framing::Length(bytes) => {
                self.exactly(bytes.min(enough), deadline, &mut take)?;
                Ok(bytes <= enough)
            }
            Framing::Close => loop {
                take(&self.buffer);
                self.buffer.clear();
                if !self.fill(deadline)? {
                    return Ok(true);
                }
            },
            Framing::Chunked => {
                let mut left = enough;
                loop {
                    let line = self.line(deadline)?;
                    let size = u64::from_str_radix(&line, 16).map_err(|_| invalid(&line))?;
                    if size == 0 {
                        self.trailers = Fields::default();
                        loop {
                            let line = self.line(deadline)?;
                            if line.is_empty() {
                                return Ok(true);
                            }
                            self.trailers.0.push(field(&line)?);
                        }
                    }
                    self.exactly(size.min(left), deadline, &mut take)?;
                    if size > left {
                        return Ok(false);
                    }
                    left -= size;
                    let tail = self.line(deadline)?;
                    if !tail.is_empty() {
                        return Err(invalid(&tail));
                    }
                }
            }
        }
    }

    /// The fields behind the last chunked body, taken once.
    pub(crate) fn take_trailers(&mut self) -> Fields {
        std::mem::take(&mut self.trailers)
    }

    /// What comes next, however much; 0 at the end of the connection.
    ///
    /// # Errors
    ///
    /// What reading said.
    pub(crate) fn some(&mut self, deadline: Deadline) -> io::Result<usize> {
        if self.buffer.is_empty() {
            self.fill(deadline)?;
        }
        let len = self.buffer.len();
        self.buffer.clear();
        Ok(len)
    }

    /// Appends everything to `rest` until the connection ends, or until reading fails.
    ///
    /// # Errors
    ///
    /// What reading said, for instance that the connection was reset.
    pub(crate) fn rest(&mut self, rest: &mut Vec<u8>, deadline: Deadline) -> io::Result<()> {
        self.body(Framing::Close, u64::MAX, deadline, |data| rest.extend_from_slice(data)).map(drop)
    }

    /// Everything up to and including `end`, or until the connection ends.
    ///
    /// # Errors
    ///
    /// What reading said.
    pub(crate) fn until(&mut self, end: &[u8], deadline: Deadline) -> io::Result<Vec<u8>> {
        while !self.buffer.windows(end.len()).any(|window| window == end) && self.fill(deadline)? {}
        let len = find(&self.buffer, end).map_or(self.buffer.len(), |at| at + end.len());
        Ok(self.buffer.drain(..len).collect())
    }

    fn exactly(
        &mut self,
        mut bytes: u64,
        deadline: Deadline,
        take: &mut impl FnMut(&[u8]),
    ) -> io::Result<()> {
        while bytes > 0 {
            if self.buffer.is_empty() && !self.fill(deadline)? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let part = self.buffer.len().min(usize::try_from(bytes).unwrap_or(usize::MAX));
            take(&self.buffer[..part]);
            self.buffer.drain(..part);
            bytes -= part as u64;
        }
        Ok(())
    }

    fn line(&mut self, deadline: Deadline) -> io::Result<String> {
        loop {
            if let Some(at) = find(&self.buffer, b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..at + 2).collect();
                return Ok(String::from_utf8_lossy(&line[..at]).into_owned());
            }
            if !self.fill(deadline)? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Reads once; `false` at the end of the connection.
    fn fill(&mut self, deadline: Deadline) -> io::Result<bool> {
        let mut piece = [0; 64 * 1024];
        let left = deadline.left().ok_or(ErrorKind::TimedOut)?;
        self.stream.set_read_timeout(Some(left))?;
        match self.stream.read(&mut piece) {
            Ok(len) => {
                self.buffer.extend_from_slice(&piece[..len]);
                Ok(len > 0)
            }
            // A signal to the test itself: the caller looks again, with what is left of its time.
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(true),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Err(ErrorKind::TimedOut.into()),
            Err(error) => Err(error),
        }
    }
}

fn field(line: &str) -> io::Result<(String, String)> {
    let (name, value) = line.split_once(':').ok_or_else(|| invalid(line))?;
    Ok((name.to_owned(), value.trim().to_owned()))
}

fn find(buffer: &[u8], what: &[u8]) -> Option<usize> {
    buffer.windows(what.len()).position(|window| window == what)
}

fn invalid(line: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("{line:?}"))
}
