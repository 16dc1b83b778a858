//! Four servers, ten thousand URLs, one server that dies: the table that began it, with real sockets.
//!
//! Keys go where the texts of the configuration put them, so the servers have to listen where the table says.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use socket2::SockRef;
use tempfile::TempDir;

use super::servers::ask;
use crate::support::daemon::Daemon;
use crate::support::deadline::Deadline;

const CONFIG: &str = include_str!("../../../fixtures/config/nginx.toml");
const ASSIGNED: &str = include_str!("../../../fixtures/ketama/nginx_assign.tsv");

/// A server that answers every request with its number.
struct Server {
    listener: TcpListener,
    connections: Arc<Mutex<Vec<TcpStream>>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start(number: u8) -> Server {
        let address = SocketAddr::from((Ipv4Addr::new(127, 0, 0, number), 10080));
        // Another run of these tests on this machine may have it for a while.
        let deadline = Deadline::after(std::time::Duration::from_secs(60));
        let listener = deadline.wait_for("port 10080", || TcpListener::bind(address).ok());
        let accepting = listener.try_clone().expect("a socket can be cloned");
        let connections = Arc::new(Mutex::new(Vec::new()));
        let open: Arc<Mutex<Vec<TcpStream>>> = Arc::clone(&connections);
        let thread = thread::spawn(move || {
            let mut serving = Vec::new();
            while let Ok((stream, _)) = accepting.accept() {
                let other = stream.try_clone().expect("a socket can be cloned");
                open.lock().expect("nobody panics").push(other);
                serving.push(thread::spawn(move || serve(stream, number)));
            }
            for thread in serving {
                thread.join().expect("it does not panic");
            }
        });
        Server { listener, connections, thread: Some(thread) }
    }
}

impl Drop for Server {
    /// Nobody listens any more, and all connections end.
    fn drop(&mut self) {
        // Ends the wait for the next connection.
        let _ = SockRef::from(&self.listener).shutdown(Shutdown::Both);
        for stream in self.connections.lock().expect("nobody panics").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(stream: TcpStream, number: u8) {
    let mut lines = BufReader::new(&stream).lines();
    while let Some(Ok(line)) = lines.next() {
        if line.is_empty() {
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{number}");
            if (&stream).write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }
}

/// The server that each URL of `targets` gets, over four connections at once.
fn served(address: SocketAddr, targets: &[String]) -> Vec<u8> {
    let part = targets.len().div_ceil(4);
    let ask_part = |targets: &[String]| {
        let mut servers = Vec::new();
        ask(address, "127.0.0.1", "", targets, |_, fields, body| {
            assert_eq!(body.len(), 1, "{fields:?}");
            servers.push(body[0] - b'0');
        });
        servers
    };
    thread::scope(|scope| {
        let threads: Vec<_> =
            targets.chunks(part).map(|targets| scope.spawn(move || ask_part(targets))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("it does not panic")).collect()
    })
}

fn counts(servers: &[u8]) -> [usize; 4] {
    [1, 2, 3, 4].map(|number| servers.iter().filter(|&&server| server == number).count())
}

/// Which server each URL has to get, by what nginx did with all up and with the third one dead.
fn expected(targets: &[String]) -> [Vec<u8>; 2] {
    let rows: HashMap<&str, Vec<&str>> = ASSIGNED
        .lines()
        .skip(1)
        .filter_map(|line| {
            let (key, rest) = line.split_once('\t')?;
            Some((key.strip_prefix("127.0.0.1")?, rest.split('\t').collect()))
        })
        .collect();
    [1, 4].map(|column| {
        targets
            .iter()
            .map(|target| rows[target.as_str()][column].parse().expect("a number"))
            .collect()
    })
}

/// The configuration of the fixture on a port of the kernel's choice.
fn start(directory: &TempDir, name: &str, config: &str) -> Daemon {
    let listen = "address = \"127.0.0.1:10000\"";
    assert!(config.contains(listen));
    let config = config.replace(listen, "name = \"main\"\naddress = \"127.0.0.1:0\"");
    let text = format!("instance = \"test\"\nthreads = 2\n{config}[log]\nsize = \"16M\"\n");
    Daemon::start_with(&directory.path().join(name), &text, &["--single"])
}

#[test]
fn the_storys_table() {
    let directory = TempDir::new().expect("a temporary directory");
    let mut servers: Vec<Option<Server>> =
        (1..=4).map(|number| Some(Server::start(number))).collect();
    let targets: Vec<String> = (0..10_000).map(|number| format!("/{number:04}")).collect();
    let [all_up, third_dead] = expected(&targets);
    // The same in our own words: without nginx's rules of health.
    let (before, rest) = CONFIG.split_once("\ncompat = ").expect("the fixture has it");
    let (_, behind) = rest.split_once("\nfail_timeout = \"10s\"").expect("the fixture has it");
    let ours = format!("{before}{behind}");
    let compat = start(&directory, "nginx", CONFIG);
    let own = start(&directory, "own", &ours);

    let found = served(compat.address(), &targets);
    assert_eq!(counts(&found), [2295, 2302, 2977, 2426]);
    assert!(found == all_up, "a key is elsewhere");
    let some = 2500;
    assert!(served(own.address(), &targets[..some]) == all_up[..some], "a key is elsewhere");

    servers[2] = None;
    let found = served(compat.address(), &targets);
    assert_eq!(counts(&found), [3259, 3574, 0, 3167]);
    assert!(found == third_dead, "a key is elsewhere");
    let moved = all_up.iter().zip(&found).filter(|(before, now)| before != now);
    assert!(moved.clone().all(|(before, _)| *before == 3), "only keys of the dead server move");
    assert_eq!(moved.count(), 2977);
    assert!(served(own.address(), &targets[..some]) == third_dead[..some], "a key is elsewhere");
}
