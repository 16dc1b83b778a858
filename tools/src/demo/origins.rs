//! Origins on loopback, each with its own way of failing.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::dice::Dice;
use super::wire::Message;

/// How an origin behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// Answers everything at once.
    Healthy,
    /// Reads the head of a POST or PUT that comes on a new connection and closes 4 ms later, without having
    /// read the body.
    ClosesNew,
    /// Answers the first request of a connection and closes at the second one.
    ClosesReused,
    /// Takes its time, and now and then longer than anybody waits.
    Slow,
}

impl Manner {
    /// All of them.
    pub(super) const ALL: [Manner; 4] =
        [Manner::Healthy, Manner::ClosesNew, Manner::ClosesReused, Manner::Slow];

    /// Name of the backend in the proxy's configuration.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Manner::Healthy => "healthy",
            Manner::ClosesNew => "flaky",
            Manner::ClosesReused => "hasty",
            Manner::Slow => "slow",
        }
    }

    /// What it does, in the words of the demo's first screen.
    pub(super) const fn describe(self) -> &'static str {
        match self {
            Manner::Healthy => "answers at once",
            Manner::ClosesNew => "reads the head of a POST on a NEW connection, closes 4 ms later",
            Manner::ClosesReused => "closes a connection when it is used AGAIN",
            Manner::Slow => "takes 50 to 250 ms, sometimes for ever",
        }
    }
}

/// Time between the head of a POST and the end of the connection.
const BEFORE_CLOSING: Duration = Duration::from_millis(4);
/// How often a blocked thread looks whether the demo is over.
const LOOK: Duration = Duration::from_millis(100);

/// Bodies that arrived, by the URL they were sent to: `(received, announced)` of the last one.
type Bodies = Arc<Mutex<HashMap<String, (u64, u64)>>>;

/// Running origins; dropping them stops their threads.
#[derive(Debug)]
pub(super) struct Origins {
    addresses: Vec<(Manner, SocketAddr)>,
    stop: Arc<AtomicBool>,
    bodies: Bodies,
    threads: Vec<JoinHandle<()>>,
}

impl Origins {
    /// Starts one origin of each manner, each on a port that the kernel chooses.
    pub(super) fn start() -> io::Result<Origins> {
        let mut origins = Origins {
            addresses: Vec::new(),
            stop: Arc::default(),
            bodies: Arc::default(),
            threads: Vec::new(),
        };
        for manner in Manner::ALL {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            origins.addresses.push((manner, listener.local_addr()?));
            let (stop, bodies) = (Arc::clone(&origins.stop), Arc::clone(&origins.bodies));
            origins.threads.push(thread::spawn(move || {
                let mut number = 0;
                while let Ok((stream, _)) = listener.accept() {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    number += 1;
                    let serving = Serving {
                        manner,
                        stop: Arc::clone(&stop),
                        bodies: Arc::clone(&bodies),
                        dice: Dice::new(number),
                    };
                    // It ends with its connection, or at the next look after the demo.
                    thread::spawn(move || serving.run(stream));
                }
            }));
        }
        Ok(origins)
    }

    /// Where each of them listens.
    pub(super) fn addresses(&self) -> &[(Manner, SocketAddr)] {
        &self.addresses
    }

    /// How many bytes of body came with the last request for `url`, and how many were announced.
    pub(super) fn body_of(&self, url: &str) -> Option<(u64, u64)> {
        self.bodies.lock().unwrap_or_else(PoisonError::into_inner).get(url).copied()
    }
}

impl Drop for Origins {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for (_, address) in &self.addresses {
            // Wakes the thread that waits for connections.
            let _ = TcpStream::connect_timeout(address, LOOK);
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// One connection.
struct Serving {
    manner: Manner,
    stop: Arc<AtomicBool>,
    bodies: Bodies,
    dice: Dice,
}

/// A stream whose reads end when the demo does.
struct Stoppable<'a> {
    stream: &'a TcpStream,
    stop: &'a AtomicBool,
}

impl Read for Stoppable<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.stream.read(out) {
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
                        && !self.stop.load(Ordering::Relaxed) => {}
                result => return result,
            }
        }
    }
}

impl Serving {
    fn run(mut self, stream: TcpStream) {
        if stream.set_read_timeout(Some(LOOK)).is_err() || stream.set_nodelay(true).is_err() {
            return;
        }
        let mut rest = Vec::new();
        let mut on_connection = 0;
        // An error is the end of this connection, and of nothing else.
        while let Ok(Some(left)) = self.exchange(&stream, rest, on_connection) {
            rest = left;
            on_connection += 1;
        }
    }

    /// One request; gives what came behind it, or `None` when the connection is over.
    fn exchange(
        &mut self,
        stream: &TcpStream,
        rest: Vec<u8>,
        on_connection: u32,
    ) -> io::Result<Option<Vec<u8>>> {
        let mut from = Stoppable { stream, stop: &self.stop };
        let Some(message) = Message::read(&mut from, rest)? else { return Ok(None) };
        let url = message.word(1).to_owned();
        let with_body = matches!(message.word(0), "POST" | "PUT");
        match self.manner {
            Manner::ClosesNew if with_body && on_connection == 0 => {
                thread::sleep(BEFORE_CLOSING);
                return close_cleanly(stream, &mut from);
            }
            Manner::ClosesReused if on_connection > 0 => return close_cleanly(stream, &mut from),
            Manner::Slow => {
                let for_ever = self.dice.roll(6) == 0;
                let wait = if for_ever { 3000 } else { 50 + self.dice.roll(200) };
                thread::sleep(Duration::from_millis(u64::from(wait)));
            }
            _ => {}
        }
        let announced = message.content_length();
        let (body, rest) = message.read_body(&mut from)?;
        if with_body {
            let mut bodies = self.bodies.lock().unwrap_or_else(PoisonError::into_inner);
            // What a long demo remembers stays small: URLs do not come again later.
            if bodies.len() > 10_000 {
                bodies.clear();
            }
            bodies.insert(url, (body.len() as u64, announced));
        }
        let text = format!("{} bytes received\n", body.len());
        let answer = format!(
            "HTTP/1.1 200 OK\r\nServer: demo\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{text}",
            text.len()
        );
        (&*stream).write_all(answer.as_bytes())?;
        Ok(Some(rest))
    }
}

/// Closes so that the other side sees an end and no reset: what it sent is taken off its hands until it has
/// closed too, and thrown away.
fn close_cleanly(stream: &TcpStream, from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    stream.shutdown(Shutdown::Write)?;
    let mut sink = [0; 16 << 10];
    while from.read(&mut sink)? > 0 {}
    Ok(None)
}
