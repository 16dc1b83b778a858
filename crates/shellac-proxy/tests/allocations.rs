//! Requests that follow each other use each other's memory: in the steady state none asks for more.
//!
//! A binary of its own, for it counts what the whole process asks for. The client and the origin in here ask for nothing.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use shellac_config::{Config, ParseOptions};
use shellac_proxy::{Inherited, Listener, Worker, WorkerOptions};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

const REQUESTS: usize = 3000;
const BODY: usize = 1024;

#[test]
fn requests_in_the_steady_state_allocate_nothing() {
    let origin = origin();
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port of this machine");
    let address = socket.local_addr().expect("it listens");
    let text = format!(
        "[log]\nsize = \"8M\"\n[[listen]]\naddress = \"{address}\"\n[[backend]]\nname = \"b\"\naddress = \"{origin}\"\n"
    );
    let options = ParseOptions { allow_small: true };
    let config = Config::parse_with(&text, "test", options).expect("a good configuration");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let options = WorkerOptions {
        workdir: directory.path().join("workdir"),
        gid: None,
        instance: "test".to_owned(),
        threads: 1,
        xid_base: 1 << 40,
        inherited: Inherited::default(),
        holds_lock: false,
        before: Vec::new(),
    };
    let listener =
        Listener { name: "main".to_owned(), address: address.into(), sockets: vec![socket.into()] };
    let worker = Worker::start(Arc::new(config), vec![listener], options).expect("a worker");

    let mut clients: Vec<TcpStream> =
        (0..8).map(|_| TcpStream::connect(address).expect("the proxy accepts")).collect();
    let mut room = vec![0; 16 << 10];
    let mut ask = |number: usize| {
        let client = &mut clients[number % 8];
        // In pairs, so that there is more than one request at a time.
        for _ in 0..2 {
            client.write_all(REQUEST).expect("the proxy reads");
        }
        for _ in 0..2 {
            answer(client, &mut room);
        }
    };
    (0..64).for_each(&mut ask);
    let region = Region::new(ALLOCATOR);
    (0..REQUESTS / 2).for_each(&mut ask);
    let found = region.change();
    drop(clients);
    worker.drain(Duration::from_secs(10)).expect("the log goes away");
    // Once a second the process looks at the machine and allocates; one allocation per request would be all of these.
    let asked = found.allocations + found.reallocations;
    assert!(asked < REQUESTS / 2, "{asked} in {REQUESTS} requests: {found:?}");
}

const REQUEST: &[u8] =
    b"GET /path?query HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: test\r\nAccept: */*\r\n\
    Cookie: a=b\r\nX-Forwarded-For: 192.0.2.1\r\nVia: 1.1 other\r\n\r\n";

/// Reads one answer.
fn answer(client: &mut TcpStream, room: &mut [u8]) {
    let mut len = 0;
    let head = loop {
        // Byte by byte, so that the next answer stays where it is.
        client.read_exact(&mut room[len..=len]).expect("an answer");
        len += 1;
        if room[..len].ends_with(b"\r\n\r\n") {
            break len;
        }
    };
    assert!(room[..head].starts_with(b"HTTP/1.1 200 "));
    client.read_exact(&mut room[..BODY]).expect("a body");
}

/// Answers every request, one thread per connection.
fn origin() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port of this machine");
    let address = listener.local_addr().expect("it listens");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let head = format!("HTTP/1.1 200 OK\r\nServer: test\r\nContent-Length: {BODY}\r\n\r\n");
            let answer = [head.as_bytes(), &[b'x'; BODY]].concat();
            std::thread::spawn(move || {
                let mut room = vec![0; 16 << 10];
                let mut len = 0;
                while let Ok(count @ 1..) = stream.read(&mut room[len..]) {
                    len += count;
                    if room[..len].ends_with(b"\r\n\r\n") {
                        len = 0;
                        if stream.write_all(&answer).is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    address
}
