//! Requests for proxies to be measured with, and what their processes cost meanwhile.

use std::collections::HashMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

/// One kind of request.
pub(crate) struct Load {
    pub(crate) name: &'static str,
    /// The request, from its first line to the end of its body.
    pub(crate) request: Vec<u8>,
    /// Requests of a round.
    pub(crate) requests: usize,
    /// Connections that have one request each under way.
    pub(crate) connections: usize,
}

/// Threads that send requests.
const THREADS: usize = 2;

/// Sends a round of requests over connections that are kept for all of it. Each thread asks on all of its connections and then
/// reads all answers.
pub(crate) fn run(load: &Load, proxy: SocketAddr) {
    let (threads, each) = division(load);
    let turns = load.requests / load.connections;
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut clients: Vec<Client> = (0..each).map(|_| Client::connect(proxy)).collect();
                for _ in 0..turns {
                    for client in &mut clients {
                        client.ask(&load.request);
                    }
                    clients.iter_mut().for_each(Client::answer);
                }
            });
        }
    });
}

/// Requests that [`run`] really sends.
pub(crate) fn sent(load: &Load) -> usize {
    load.requests / load.connections * load.connections
}

/// Threads, and connections of each.
fn division(load: &Load) -> (usize, usize) {
    let threads = THREADS.min(load.connections);
    (threads, load.connections / threads)
}

/// One connection.
pub(crate) struct Client {
    stream: TcpStream,
    room: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(proxy: SocketAddr) -> Client {
        let stream = TcpStream::connect(proxy).expect("the proxy accepts");
        stream.set_nodelay(true).expect("a socket");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a socket");
        Client { stream, room: vec![0; 256 << 10] }
    }

    /// Sends a request.
    pub(crate) fn ask(&mut self, request: &[u8]) {
        self.stream.write_all(request).expect("the proxy reads");
    }

    /// Holds no memory any more.
    pub(crate) fn forget(&mut self) {
        self.room = Vec::new();
    }

    /// Reads an answer and forgets it.
    pub(crate) fn answer(&mut self) {
        let mut len = 0;
        loop {
            let count = self.stream.read(&mut self.room[len..]).expect("an answer");
            assert!(count > 0, "the proxy closed: {}", String::from_utf8_lossy(&self.room[..len]));
            len += count;
            let Some(end) = self.room[..len].windows(4).position(|it| it == b"\r\n\r\n") else {
                continue;
            };
            let head = String::from_utf8_lossy(&self.room[..end]).to_ascii_lowercase();
            assert!(head.starts_with("http/1.1 200"), "{head}");
            let length = head.split("\r\n").find_map(|line| line.strip_prefix("content-length:"));
            let body: usize =
                length.and_then(|text| text.trim().parse().ok()).expect("an answer has its length");
            let mut left = (end + 4 + body).checked_sub(len).expect("one answer to one request");
            while left > 0 {
                let most = left.min(self.room.len());
                let count = self.stream.read(&mut self.room[..most]).expect("a body");
                assert!(count > 0, "the proxy closed in a body");
                left -= count;
            }
            return;
        }
    }
}

/// The process that came last of all that came from this one: the worker, where there is a manager.
pub(crate) fn last_of(pid: u32) -> u32 {
    family(pid).into_iter().max().unwrap_or(pid)
}

/// Processor time of a process and of all that came from it, user and system, in seconds.
pub(crate) fn cpu_seconds(pid: u32) -> f64 {
    family(pid).into_iter().map(tasks_seconds).sum()
}

/// A process and all that came from it.
fn family(pid: u32) -> Vec<u32> {
    let mut parents = HashMap::new();
    for entry in fs::read_dir("/proc").expect("a Linux").flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // It may have ended meanwhile.
        let text = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let parent = text.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)?.parse().ok());
        parents.insert(pid, parent.unwrap_or(0));
    }
    let comes_from = |mut one: u32| {
        while one != pid {
            match parents.get(&one) {
                Some(&parent) if parent != 0 => one = parent,
                _ => return false,
            }
        }
        true
    };
    parents.keys().copied().filter(|&one| comes_from(one)).collect()
}

/// What the scheduler says of each thread, in nanoseconds; `stat` has steps of 10 ms.
fn tasks_seconds(pid: u32) -> f64 {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return 0.0 };
    let of = |task: fs::DirEntry| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    };
    tasks.flatten().filter_map(of).sum::<f64>() / 1e9
}
