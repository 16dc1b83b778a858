//! A backend that does what a test tells it, one thread per connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::log::PATIENCE;

/// A request as the backend saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Number of the connection, from 1.
    pub(super) connection: usize,
    /// The head, up to and without the empty line.
    pub(super) head: String,
    /// The body, as far as it was read.
    pub(super) body: Vec<u8>,
}

impl Seen {
    /// The value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The XID of the attempt.
    pub(super) fn xid(&self) -> u64 {
        self.header("X-Varnish").expect("every attempt has its number").parse().unwrap()
    }
}

/// One connection, from the backend's side.
pub(super) struct Connection {
    stream: BufReader<TcpStream>,
    number: usize,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Connection {
    /// Reads a head; `None` at the end. The body is not read.
    pub(super) fn head(&mut self) -> Option<String> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        head.truncate(head.len() - 4);
        self.seen.lock().unwrap().push(Seen {
            connection: self.number,
            head: head.clone(),
            body: Vec::new(),
        });
        Some(head)
    }

    /// Reads a whole request and takes note of it.
    pub(super) fn request(&mut self) -> Option<Seen> {
        let head = self.head()?;
        let mut seen = Seen { connection: self.number, head, body: Vec::new() };
        if let Some(len) = seen.header("Content-Length") {
            let mut body = vec![0; len.parse().unwrap()];
            self.stream.read_exact(&mut body).ok()?;
            seen.body = body;
        } else if seen.header("Transfer-Encoding").is_some() {
            loop {
                let mut line = String::new();
                self.stream.read_line(&mut line).ok()?;
                let len = usize::from_str_radix(line.trim(), 16).unwrap();
                let mut chunk = vec![0; len + 2];
                self.stream.read_exact(&mut chunk).ok()?;
                seen.body.extend_from_slice(&chunk[..len]);
                if len == 0 {
                    break;
                }
            }
        }
        *self.seen.lock().unwrap().last_mut().unwrap() = seen.clone();
        Some(seen)
    }

    /// Reads one byte of a body, as a character.
    pub(super) fn byte(&mut self) -> char {
        let mut byte = [0];
        self.stream.read_exact(&mut byte).unwrap();
        char::from(byte[0])
    }

    /// Reads so many bytes, or what there is before the end.
    pub(super) fn take(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let _ = self.stream.by_ref().take(count as u64).read_to_end(&mut bytes);
        bytes
    }

    /// Sends back whatever comes, until the end, and then says that nothing more does.
    pub(super) fn echo(&mut self) {
        while let Ok(block) = self.stream.fill_buf() {
            if block.is_empty() {
                break;
            }
            let block = block.to_vec();
            self.stream.consume(block.len());
            self.send(&block);
        }
    }

    /// Says that nothing more comes.
    pub(super) fn end_writing(&self) {
        let _ = self.stream.get_ref().shutdown(std::net::Shutdown::Write);
    }

    /// Sends bytes; whether they were taken.
    pub(super) fn try_send(&mut self, bytes: &[u8]) -> bool {
        self.stream.get_mut().write_all(bytes).is_ok()
    }

    /// Sends bytes; that nobody takes them is no matter.
    pub(super) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.get_mut().write_all(bytes.as_ref());
    }

    /// Sends bytes; whether anybody takes them.
    pub(super) fn is_taken(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.get_mut().write_all(bytes.as_ref()).is_ok()
    }

    /// Sends a response with a length.
    pub(super) fn respond(&mut self, status: u16, body: &str) {
        self.send(format!(
            "HTTP/1.1 {status} Text\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
    }

    /// Answers whatever comes, until the end.
    pub(super) fn serve(&mut self) {
        while let Some(seen) = self.request() {
            if seen.head.starts_with("HEAD ") {
                self.send("HTTP/1.1 200 Text\r\nContent-Length: 6\r\n\r\n");
            } else {
                self.respond(200, "answer");
            }
        }
    }

    /// Waits until the other side closes.
    pub(super) fn wait_for_end(&mut self) {
        let _ = std::io::copy(&mut self.stream, &mut std::io::sink());
    }

    /// Closes with a reset.
    pub(super) fn reset(self) {
        let socket = socket2::SockRef::from(self.stream.get_ref());
        socket.set_linger(Some(std::time::Duration::ZERO)).unwrap();
    }
}

/// A listening backend. Its threads end with their connections.
pub(super) struct Origin {
    pub(super) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Origin {
    /// Every connection is handled by `script`, which gets its number, from 1.
    pub(super) fn start(script: impl Fn(usize, Connection) + Send + Sync + 'static) -> Origin {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(script);
        let origin = Origin { address, seen: Arc::clone(&seen) };
        thread::spawn(move || {
            for (index, stream) in listener.incoming().enumerate() {
                let Ok(stream) = stream else { return };
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                stream.set_nodelay(true).unwrap();
                let connection = Connection {
                    stream: BufReader::new(stream),
                    number: index + 1,
                    seen: Arc::clone(&seen),
                };
                let script = Arc::clone(&script);
                thread::spawn(move || script(index + 1, connection));
            }
        });
        origin
    }

    /// An address that refuses connections.
    pub(super) fn refusing() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
    }

    /// The requests so far.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}
