//! A backend is drained and dies the moment that is said to be done, again and again, under load: no client notices.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use socket2::SockRef;

use super::{adm, command, config};
use crate::support::daemon::Daemon;
use crate::support::deadline::Deadline;

/// Rounds, unless `SHELLAC_ROUNDS` says otherwise.
const ROUNDS: usize = 40;
/// Between the two halves of a slow body.
const SLOW: Duration = Duration::from_millis(15);
/// Connections that its kernel keeps until it takes them: of so many clients some are connecting for a second.
const BACKLOG: i32 = 1;

/// A server that can be made to die: its sockets end as those of a process that is killed do, with a reset.
struct Victim {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    dead: AtomicBool,
    served: AtomicUsize,
    open: Mutex<Vec<TcpStream>>,
}

impl Victim {
    /// Listens on `address`; a port of 0 is one of the kernel's choice.
    fn start(address: SocketAddr) -> Victim {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
        let socket = socket.expect("a socket");
        socket.set_reuse_address(true).expect("an option");
        // What the one before it has left may be on its way still.
        Deadline::generous().wait_for("the address", || socket.bind(&address.into()).ok());
        socket.listen(BACKLOG).expect("it listens");
        let listener = TcpListener::from(socket);
        let address = listener.local_addr().expect("it has an address");
        listener.set_nonblocking(true).expect("an option");
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        thread::spawn(move || {
            while !theirs.dead.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((stream, _)) => {
                        let shared = Arc::clone(&theirs);
                        thread::spawn(move || serve(stream, &shared));
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        thread::sleep(Duration::from_millis(1));
                    }
                    Err(_) => break,
                }
            }
        });
        Victim { address, shared }
    }

    /// Everything is reset and nobody listens any more.
    fn die(&self) {
        self.shared.dead.store(true, Ordering::Relaxed);
        for stream in self.shared.open.lock().expect("nobody panicked").drain(..) {
            // It may have ended already.
            let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// Answers requests with a body in two halves until the connection ends.
fn serve(mut stream: TcpStream, shared: &Shared) {
    // An accepted socket does not inherit that on Linux, but may elsewhere.
    if stream.set_nonblocking(false).is_err() {
        return;
    }
    if let Ok(copy) = stream.try_clone() {
        shared.open.lock().expect("nobody panicked").push(copy);
    }
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match stream.read(&mut piece) {
            Ok(len @ 1..) => request.extend_from_slice(&piece[..len]),
            _ => return,
        }
        if !request.ends_with(b"\r\n\r\n") {
            continue;
        }
        let is_slow = request.starts_with(b"GET /slow");
        request.clear();
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf";
        if stream.write_all(head).is_err() {
            return;
        }
        if is_slow {
            thread::sleep(SLOW);
        }
        if stream.write_all(b"half").is_err() {
            return;
        }
        shared.served.fetch_add(1, Ordering::Relaxed);
    }
}

/// A client of its own: requests one after the other, some on a connection each, until it is over. Shows whole answers, which end
/// with `halfhalf`, to `served`. What goes wrong, in words.
pub(super) fn client(
    address: SocketAddr,
    number: usize,
    over: &AtomicBool,
    served: impl Fn(&[u8]),
) -> Result<usize, String> {
    let mut count = 0;
    let mut kept: Option<TcpStream> = None;
    while !over.load(Ordering::Relaxed) {
        let target = if (count + number).is_multiple_of(2) { "/slow" } else { "/fast" };
        let mut stream = match kept.take() {
            Some(stream) => stream,
            None => TcpStream::connect(address).map_err(|error| format!("connect: {error}"))?,
        };
        let left = Deadline::generous().left();
        stream.set_read_timeout(left).map_err(|error| error.to_string())?;
        let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
        stream.write_all(request.as_bytes()).map_err(|error| format!("send: {error}"))?;
        let mut answer = Vec::new();
        let mut piece = [0; 4096];
        while !answer.ends_with(b"halfhalf") {
            match stream.read(&mut piece) {
                Ok(len @ 1..) => answer.extend_from_slice(&piece[..len]),
                other => {
                    let text = String::from_utf8_lossy(&answer);
                    return Err(format!("{target} number {count}: {other:?} after {text:?}"));
                }
            }
        }
        if !answer.starts_with(b"HTTP/1.1 200 ") {
            return Err(format!("{target}: {}", String::from_utf8_lossy(&answer)));
        }
        served(&answer);
        if !number.is_multiple_of(3) {
            kept = Some(stream);
        }
        count += 1;
    }
    Ok(count)
}

/// So many, unless the environment says otherwise.
pub(super) fn rounds(usual: usize) -> usize {
    std::env::var("SHELLAC_ROUNDS").map_or(usual, |text| text.parse().expect("a number"))
}

/// Begins to load another configuration.
pub(super) fn reload(workdir: &Path) -> Child {
    command(workdir, &["reload"]).stdout(Stdio::null()).spawn().expect("it starts")
}

/// Waits for a reload and discards the configurations before it, for there is no room for all of them.
pub(super) fn discard_unused(workdir: &Path, reload: &mut Child) {
    assert!(reload.wait().expect("it is ours").success());
    let (_, list) = adm(workdir, &["vcl.list"]);
    for row in list.lines().filter(|row| row.starts_with("available")) {
        let name = row.split_ascii_whitespace().nth(4).expect("a name");
        let (status, text) = adm(workdir, &["vcl.discard", name]);
        assert_eq!(status, Some(0), "{text}");
    }
}

#[test]
fn a_backend_that_dies_when_it_is_drained_is_missed_by_nobody() {
    let rounds = rounds(ROUNDS);
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let survivor = Victim::start(any);
    let mut victim = Victim::start(any);
    let address = victim.address;
    let root = tempfile::tempdir().expect("a temporary directory");
    let workdir = root.path().join("w");
    // Whatever goes wrong shall be seen: nothing is tried twice.
    let route = "[timeouts]\nconnect = \"20s\"\n[[route]]\npath = \"/\"\n[route.retry]\non = [\"reused\"]\n";
    let daemon = Daemon::start(&workdir, &(config(&[address, survivor.address]) + route));
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let clients: Vec<_> = (0..6)
            .map(|number| {
                let (proxy, over) = (daemon.address(), &over);
                scope.spawn(move || client(proxy, number, over, |_| {}))
            })
            .collect();
        let is_well = || clients.iter().all(|client| !client.is_finished());
        for round in 0..rounds {
            let shared = Arc::clone(&victim.shared);
            Deadline::generous().wait_for("the backend to serve", || {
                (!is_well() || shared.served.load(Ordering::Relaxed) >= 3).then_some(())
            });
            if !is_well() {
                break;
            }
            let reload = (round % 2 == 1).then(|| reload(&workdir));
            let (status, text) = adm(&workdir, &["drain", "b0", "--wait", "--quiet", "0s"]);
            victim.die();
            assert_eq!(status, Some(0), "round {round}: {text}");
            if let Some(mut reload) = reload {
                discard_unused(&workdir, &mut reload);
            }
            victim = Victim::start(address);
            let (status, text) = adm(&workdir, &["undrain", "b0"]);
            assert_eq!(status, Some(0), "round {round}: {text}");
        }
        over.store(true, Ordering::Relaxed);
        for client in clients {
            let served = client.join().expect("a client").unwrap_or_else(|error| panic!("{error}"));
            assert!(served > 0);
        }
    });
    let (status, text) = adm(&workdir, &["drain", "*", "--force", "--wait", "--quiet", "0s"]);
    assert_eq!(status, Some(0), "{text}");
    survivor.die();
    victim.die();
}
