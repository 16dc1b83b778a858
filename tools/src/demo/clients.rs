//! Clients of the demo: threads that ask the proxy for things.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::dice::Dice;
use super::wire::Message;

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest body that a client sends, in bytes.
const BODY_BYTES: u32 = 8000;

/// What a client asks for.
#[derive(Clone, Copy, Debug)]
struct Wish {
    method: &'static str,
    prefix: &'static str,
    protocol: &'static str,
    /// Whether the connection is kept for the next request.
    keep: bool,
    body: bool,
    pause_ms: u32,
}

/// The clients: readers of a catalogue, tills that send orders, carts, reports.
const WISHES: [Wish; 5] = [
    Wish {
        method: "GET",
        prefix: "/catalog",
        protocol: "HTTP/1.1",
        keep: true,
        body: false,
        pause_ms: 60,
    },
    Wish {
        method: "POST",
        prefix: "/orders",
        protocol: "HTTP/1.0",
        keep: false,
        body: true,
        pause_ms: 700,
    },
    Wish {
        method: "PUT",
        prefix: "/catalog",
        protocol: "HTTP/1.1",
        keep: true,
        body: true,
        pause_ms: 300,
    },
    Wish {
        method: "GET",
        prefix: "/cart",
        protocol: "HTTP/1.1",
        keep: true,
        body: false,
        pause_ms: 900,
    },
    Wish {
        method: "GET",
        prefix: "/reports",
        protocol: "HTTP/1.0",
        keep: false,
        body: false,
        pause_ms: 1100,
    },
];

/// Running clients; dropping them stops their threads.
#[derive(Debug)]
pub(super) struct Clients {
    stop: Arc<AtomicBool>,
    answers: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl Clients {
    /// Starts them against the proxy at `address`.
    pub(super) fn start(address: SocketAddr) -> Clients {
        let (stop, answers) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let threads = WISHES
            .into_iter()
            .map(|wish| {
                let (stop, answers) = (Arc::clone(&stop), Arc::clone(&answers));
                thread::spawn(move || run(wish, address, &stop, &answers))
            })
            .collect();
        Clients { stop, answers, threads }
    }

    /// Answers that came, of whatever status.
    pub(super) fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn run(wish: Wish, address: SocketAddr, stop: &AtomicBool, answers: &AtomicU64) {
    let mut dice = Dice::new(u64::from(wish.pause_ms));
    let mut kept: Option<TcpStream> = None;
    while !stop.load(Ordering::Relaxed) {
        // A failed exchange is what the demo is about; the next one takes a new connection.
        if let Ok(stream) = exchange(wish, address, kept.take(), &mut dice) {
            answers.fetch_add(1, Ordering::Relaxed);
            kept = stream;
        }
        let pause = wish.pause_ms / 2 + dice.roll(wish.pause_ms);
        thread::sleep(Duration::from_millis(u64::from(pause)));
    }
}

/// One request and its answer; gives the connection when it can be used again.
fn exchange(
    wish: Wish,
    address: SocketAddr,
    kept: Option<TcpStream>,
    dice: &mut Dice,
) -> io::Result<Option<TcpStream>> {
    let mut stream = match kept {
        Some(stream) => stream,
        None => TcpStream::connect_timeout(&address, PATIENCE)?,
    };
    stream.set_read_timeout(Some(PATIENCE))?;
    let Wish { method, prefix, protocol, .. } = wish;
    let item = dice.roll(1_000_000);
    let connection = if wish.keep { "keep-alive" } else { "close" };
    let mut text = format!(
        "{method} {prefix}/{item} {protocol}\r\nHost: shop.example\r\nUser-Agent: demo\r\nConnection: {connection}\r\n"
    );
    if wish.body {
        let bytes = 200 + dice.roll(BODY_BYTES - 200);
        text += &format!("Content-Type: application/json\r\nContent-Length: {bytes}\r\n\r\n");
        text.extend((0..bytes).map(|at| char::from(b'a' + u8::try_from(at % 26).unwrap_or(0))));
    } else {
        text += "\r\n";
    }
    stream.write_all(text.as_bytes())?;
    let Some(answer) = Message::read(&mut stream, Vec::new())? else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    let closes = answer.header("connection").is_some_and(|it| it.eq_ignore_ascii_case("close"));
    if answer.header("content-length").is_some() {
        answer.read_body(&mut stream)?;
    } else {
        stream.read_to_end(&mut Vec::new())?;
        return Ok(None);
    }
    Ok((wish.keep && !closes).then_some(stream))
}
