//! Requests for the proxy that is trained: mostly small GETs on connections that are kept, as its users send them.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::{Context, ensure};

use super::origin::{field, read_head, read_more};

/// Threads that send, and the connections of each.
const THREADS: usize = 2;
const CONNECTIONS: usize = 32;
/// One answer may take so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// Method, path, how many of them in a turn, and the bytes of the request's body.
const TURN: [(&str, &str, usize, usize); 5] = [
    ("GET", "/1k", 14, 0),
    ("GET", "/16k", 2, 0),
    ("GET", "/256k", 1, 0),
    ("POST", "/1k", 2, 4 << 10),
    ("GET", "/nothing", 1, 0),
];

/// Asks for everything in [`TURN`] so many times on each connection and says how many requests there were, or which was not answered as it should be.
pub(super) fn run(proxy: SocketAddr, turns: usize) -> anyhow::Result<u64> {
    thread::scope(|scope| {
        let threads: Vec<_> =
            (0..THREADS).map(|_| scope.spawn(|| one_thread(proxy, turns))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a client does not panic")).sum()
    })
}

fn one_thread(proxy: SocketAddr, turns: usize) -> anyhow::Result<u64> {
    let mut sent = 0;
    let mut clients =
        (0..CONNECTIONS).map(|_| Client::connect(proxy)).collect::<Result<Vec<_>, _>>()?;
    for _ in 0..turns {
        for (method, path, times, body) in TURN {
            let request = request(method, path, body);
            for _ in 0..times {
                for client in &mut clients {
                    client.stream.write_all(&request).context("cannot send a request")?;
                }
                for client in &mut clients {
                    client.answer().with_context(|| format!("{method} {path}"))?;
                    sent += 1;
                }
            }
        }
    }
    Ok(sent)
}

fn request(method: &str, path: &str, body: usize) -> Vec<u8> {
    let length = if body == 0 { String::new() } else { format!("Content-Length: {body}\r\n") };
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: training/1\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n\
         Cookie: session=0123456789abcdef\r\n{length}\r\n"
    )
    .into_bytes();
    request.resize(request.len() + body, b'y');
    request
}

/// One connection.
struct Client {
    stream: TcpStream,
    held: Vec<u8>,
}

impl Client {
    fn connect(proxy: SocketAddr) -> anyhow::Result<Self> {
        let stream =
            TcpStream::connect(proxy).with_context(|| format!("cannot connect to {proxy}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, held: Vec::new() })
    }

    /// Reads one answer whole.
    fn answer(&mut self) -> anyhow::Result<()> {
        let head = read_head(&mut self.stream, &mut self.held)?
            .context("the proxy closed the connection")?;
        let status = head.split(' ').nth(1).unwrap_or_default();
        ensure!(
            status == "200" || status == "404",
            "answered {}",
            head.lines().next().unwrap_or_default()
        );
        let length = field(&head, "content-length").context("an answer without a length")?;
        let length: usize = length.parse().with_context(|| format!("not a length: {length}"))?;
        while self.held.len() < length {
            let read = read_more(&mut self.stream, &mut self.held)?;
            ensure!(read > 0, "{} of {length} bytes came", self.held.len());
        }
        self.held.drain(..length);
        Ok(())
    }
}
