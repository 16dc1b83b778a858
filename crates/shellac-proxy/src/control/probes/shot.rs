//! One probe: a connection, a request, a response.

use std::future::poll_fn;
use std::io;
use std::time::Duration;

use rustix::io::Errno;
use shellac_http1::{Decoder, Limits, ResponseHead, parse_response_into, response_framing};
use shellac_upstream::Address;
use shellac_upstream::probe::{Family, Shot, Step};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{sleep, timeout};

use crate::fetch::errno_text;
use crate::tls::{Fault, Speaking, fault};
use crate::worker::{Outbox, Transport};

/// Longest head that is read.
const LIMITS: Limits = Limits { head_bytes: 16 << 10, headers: 64 };
/// Bytes of a response after which nobody wants to know how it ends.
const ENOUGH: usize = 1 << 20;
/// Bytes that are read at a time.
const READ: usize = 16 << 10;
/// Between two looks whether a name has got its first addresses.
const LOOK: Duration = Duration::from_millis(10);
/// Longest text for the log.
const TEXT: usize = 200;

/// Who is asked, and for what.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) address: Address,
    /// What comes before everything else: that the proxy speaks for itself.
    pub(super) preamble: Vec<u8>,
    /// How it is spoken to.
    pub(super) speaking: Speaking,
    /// The host of its address.
    pub(super) host: String,
    /// The whole request.
    pub(super) request: Vec<u8>,
    /// The status of a good response.
    pub(super) expect: u16,
    /// For everything together.
    pub(super) timeout: Duration,
}

/// What came of a probe, and the words for it: the status line, or what went wrong.
pub(super) async fn fire(target: &Target) -> (Shot, String) {
    let mut flight = Flight::default();
    if timeout(target.timeout, flight.run(target)).await.is_err() {
        flight.late();
    }
    (flight.shot, flight.text)
}

#[derive(Default)]
struct Flight {
    shot: Shot,
    text: String,
    /// What came so far.
    input: Vec<u8>,
}

impl Flight {
    async fn run(&mut self, target: &Target) {
        let (mut stream, family) = match open(&target.address).await {
            Ok(opened) => opened,
            Err(text) => return self.text = text,
        };
        self.shot.connected = Some(family);
        if let Err(error) = write(&mut stream, &target.preamble).await {
            self.shot.sent = Step::Failed;
            return self.text = words("Write", &error);
        }
        if let Err(text) = secure(&mut stream, target).await {
            self.shot.sent = Step::Failed;
            return self.text = text;
        }
        if let Err(error) = write(&mut stream, &target.request).await {
            self.shot.sent = Step::Failed;
            return self.text = words("Write", &error);
        }
        self.shot.sent = Step::Good;
        match self.receive(&mut stream).await {
            Err(error) => {
                self.shot.received = Step::Failed;
                self.text = words("Read", &error);
            }
            // Neither good nor bad: that is how varnishd has it.
            Ok(_) if self.input.is_empty() => "Empty response".clone_into(&mut self.text),
            Ok(status) => {
                self.shot.received = Step::Good;
                self.shot.happy = status == Some(target.expect);
                self.text = first_line(&self.input);
            }
        }
    }

    /// Reads a response to its end; its status, if it is one.
    async fn receive(&mut self, stream: &mut Transport) -> io::Result<Option<u16>> {
        let mut head = ResponseHead::default();
        let mut start = 0;
        loop {
            if self.read(stream).await? == 0 {
                return Ok(None);
            }
            match parse_response_into(&mut head, &self.input[start..], &LIMITS) {
                Ok(Some(len)) => start += len,
                Ok(None) => continue,
                Err(_) => return Ok(None),
            }
            if !head.is_interim() {
                break;
            }
        }
        let status = Some(head.status);
        let Ok(framing) = response_framing(&head, "GET") else { return Ok(status) };
        let mut decoder = Decoder::new(framing);
        while !decoder.is_done() && self.input.len() < ENOUGH {
            while start < self.input.len() && !decoder.is_done() {
                match decoder.decode(&self.input[start..]) {
                    Ok(decoded) => start += decoded.consumed,
                    Err(_) => return Ok(status),
                }
            }
            if !decoder.is_done() && self.read(stream).await? == 0 {
                break;
            }
        }
        Ok(status)
    }

    async fn read(&mut self, stream: &mut Transport) -> io::Result<usize> {
        let before = self.input.len();
        self.input.resize(before + READ, 0);
        let result = poll_fn(|cx| stream.poll_read(cx, &mut self.input[before..])).await;
        self.input.truncate(before + result.as_ref().copied().unwrap_or(0));
        result
    }

    /// The time is over.
    fn late(&mut self) {
        let error = io::Error::from(Errno::TIMEDOUT);
        if self.shot.connected.is_none() {
            self.text = words("Open", &error);
        } else if self.shot.sent == Step::None {
            self.shot.sent = Step::Failed;
            self.text = words("Write", &error);
        } else {
            self.shot.received = Step::Failed;
            self.text = words("Poll", &error);
        }
    }
}

/// A connection, and how it is made; or what went wrong.
async fn open(address: &Address) -> Result<(Transport, Family), String> {
    if let Some(path) = address.path() {
        let stream = UnixStream::connect(path).await.map_err(|error| words("Open", &error))?;
        return Ok((stream.into(), Family::Unix));
    }
    let address = loop {
        match address.next() {
            Ok(Some(address)) => break address,
            Ok(None) => sleep(LOOK).await,
            Err(trouble) => return Err(format!("Resolve error ({trouble})")),
        }
    };
    let stream = TcpStream::connect(address).await.map_err(|error| words("Open", &error))?;
    let is_v4 = address.ip().to_canonical().is_ipv4();
    Ok((stream.into(), if is_v4 { Family::V4 } else { Family::V6 }))
}

async fn write(stream: &mut Transport, bytes: &[u8]) -> io::Result<()> {
    let mut out = Outbox::of(bytes.to_vec());
    poll_fn(|cx| out.poll_flush(stream, cx, &mut 0)).await
}

/// Agrees on TLS where the backend speaks that; the error is the text for the log.
async fn secure(stream: &mut Transport, target: &Target) -> Result<(), String> {
    let upstream = match &target.speaking {
        Speaking::Plain => return Ok(()),
        Speaking::Tls(upstream) => upstream,
        Speaking::Broken => return Err("TLS error (no certificates)".to_owned()),
    };
    let failed = |fault: Fault| format!("TLS error ({})", fault.text.replace('"', "'"));
    let connection =
        upstream.connection(Some(&target.host)).map_err(|error| failed(error.into()))?;
    stream.encrypt(connection);
    let agreed = poll_fn(|cx| stream.poll_handshake(cx)).await;
    agreed.map_err(|error| match fault(&error) {
        Some(fault) => failed(fault),
        None => words("TLS", &error),
    })
}

/// An error in the words of varnishd.
fn words(what: &str, error: &io::Error) -> String {
    let errno = error.raw_os_error().unwrap_or(0);
    format!("{what} error {errno} ({})", errno_text(errno))
}

/// The first line of what came, as far as it is text that fits between quotes.
fn first_line(input: &[u8]) -> String {
    let end = input.iter().position(|byte| byte.is_ascii_control()).unwrap_or(input.len());
    let line = String::from_utf8_lossy(&input[..end.min(TEXT)]);
    line.trim_end().replace('"', "'")
}
