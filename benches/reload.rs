//! A reload of 10,000 backends while requests are served: how long it takes, and what the requests notice of it.
//!
//! One worker with two serving threads, its log and its counters in shared memory, one origin that answers for all
//! backends, four clients that ask without a pause. Every reload is another configuration of the same backends, so
//! that what is known about them goes over. Timed are reading the text, making the configuration, and activating it until
//! every serving thread has it; and the slowest request of the time before and of the time of the reloads.
//!
//! `cargo bench -p shellac --bench reload [-- RELOADS [BACKENDS]]`

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use shellac_config::{Config, ParseOptions};
use shellac_proxy::{Control, Inherited, Listener, Worker, WorkerOptions};

#[allow(clippy::disallowed_methods, reason = "a bench: nobody hands it the time")]
fn now() -> Instant {
    Instant::now()
}

fn main() {
    // `cargo bench` adds `--bench`; numbers are ours.
    let mut numbers = std::env::args().skip(1).filter_map(|text| text.parse::<usize>().ok());
    let reloads = numbers.next().unwrap_or(20);
    let backends = numbers.next().unwrap_or(10_000);
    println!("{reloads} reloads of {backends} backends, milliseconds: median and slowest");
    println!(
        "{:>18}  {:>13} {:>13} {:>13} {:>13}   {:>22}",
        "policy", "read", "make", "activate", "all", "slowest request, us"
    );
    for policy in ["round_robin", "consistent_hash"] {
        run(policy, reloads, backends);
    }
}

fn run(policy: &str, reloads: usize, backends: usize) {
    let origin = origin();
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port of this machine");
    let address = socket.local_addr().expect("it listens");
    let text = configuration(policy, backends, address, origin);
    let parse = || {
        let options = ParseOptions { allow_small: true };
        Arc::new(Config::parse_with(&text, "bench", options).expect("a good configuration"))
    };
    let shm = Path::new("/dev/shm");
    let dir = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() };
    let dir = dir.expect("a temporary directory");
    let options = WorkerOptions {
        workdir: dir.path().to_owned(),
        gid: None,
        instance: "bench".to_owned(),
        threads: 2,
        xid_base: 1 << 40,
        inherited: Inherited::default(),
        holds_lock: false,
        before: Vec::new(),
    };
    let listener =
        Listener { name: "main".to_owned(), address: address.into(), sockets: vec![socket.into()] };
    let worker = Worker::start(parse(), vec![listener], options).expect("a worker");
    let control = worker.control();

    let over = Arc::new(AtomicBool::new(false));
    let slowest = Arc::new(AtomicU64::new(0));
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (over, slowest) = (Arc::clone(&over), Arc::clone(&slowest));
            thread::spawn(move || client(address, &over, &slowest))
        })
        .collect();
    thread::sleep(Duration::from_secs(1));
    slowest.store(0, Ordering::Relaxed);
    thread::sleep(Duration::from_secs(2));
    let before = slowest.swap(0, Ordering::Relaxed);
    let mut times = [const { Vec::new() }; 4];
    for reload in 0..reloads {
        let start = now();
        let config = parse();
        let read = start.elapsed();
        let name = format!("r{reload}");
        let from = now();
        control.load(&name, config).expect("a good name");
        let make = from.elapsed();
        let from = now();
        control.activate(&name).expect("it is loaded");
        settle(&control);
        let activate = from.elapsed();
        for (list, time) in times.iter_mut().zip([read, make, activate, start.elapsed()]) {
            list.push(time);
        }
        let old = if reload == 0 { "boot".to_owned() } else { format!("r{}", reload - 1) };
        control.discard(&old).expect("it is not active");
        thread::sleep(Duration::from_millis(100));
    }
    let during = slowest.load(Ordering::Relaxed);
    over.store(true, Ordering::Relaxed);
    for client in clients {
        client.join().expect("no request fails");
    }
    worker.drain(Duration::from_secs(5)).expect("the log goes away");
    let shown = times.map(|mut list| {
        list.sort_unstable();
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        format!("{:.1} {:.1}", ms(list[list.len() / 2]), ms(list[list.len() - 1]))
    });
    let [read, make, activate, all] = shown;
    println!(
        "{policy:>18}  {read:>13} {make:>13} {activate:>13} {all:>13}   {before:>10} {during:>11}"
    );
}

fn configuration(policy: &str, backends: usize, address: SocketAddr, origin: SocketAddr) -> String {
    let mut text = format!("[log]\nsize = \"4M\"\n[[listen]]\naddress = \"{address}\"\n");
    let mut names = Vec::new();
    for at in 0..backends {
        text.push_str(&format!("[[backend]]\nname = \"b{at}\"\naddress = \"{origin}\"\n"));
        names.push(format!("\"b{at}\""));
    }
    let names = names.join(", ");
    // All backends are one process here, and so are their connections.
    text.push_str("[limits]\nidle_per_backend = 0\n");
    text.push_str(&format!(
        "[[pool]]\nname = \"p\"\npolicy = \"{policy}\"\nbackends = [{names}]\n"
    ));
    if policy == "consistent_hash" {
        text.push_str("key = \"$host$uri\"\n");
    }
    text
}

/// Waits until every serving thread has come so far.
fn settle(control: &Control) {
    let epoch = control.barrier();
    while !control.reached(epoch) {
        thread::yield_now();
    }
}

/// Asks without a pause; the longest wait is left in `slowest`, in microseconds.
fn client(address: SocketAddr, over: &AtomicBool, slowest: &AtomicU64) {
    let mut stream = TcpStream::connect(address).expect("the proxy accepts");
    stream.set_nodelay(true).expect("a socket");
    let mut room = [0; 4096];
    for number in 0.. {
        if over.load(Ordering::Relaxed) {
            return;
        }
        let start = now();
        write!(stream, "GET /{number} HTTP/1.1\r\nHost: x\r\n\r\n").expect("the proxy reads");
        let mut answer = Vec::new();
        while !answer.ends_with(b"answer") {
            let len = stream.read(&mut room).expect("an answer");
            assert!(len > 0, "{}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&room[..len]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer));
        let took = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        slowest.fetch_max(took, Ordering::Relaxed);
    }
}

/// A server that answers every request, one thread per connection.
fn origin() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port of this machine");
    let address = listener.local_addr().expect("it listens");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(stream));
        }
    });
    address
}

fn serve(mut stream: TcpStream) {
    let mut head = Vec::new();
    let mut room = [0; 4096];
    while let Ok(len @ 1..) = stream.read(&mut room) {
        head.extend_from_slice(&room[..len]);
        if head.ends_with(b"\r\n\r\n") {
            head.clear();
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nanswer";
            if stream.write_all(answer).is_err() {
                return;
            }
        }
    }
}
