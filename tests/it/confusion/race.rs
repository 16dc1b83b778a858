//! A connection that is closed at the very moment when it is used again: neither side can plan that, so it is tried
//! until it has happened often enough.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use super::faults::Fault;
use super::scene::Scene;
use crate::support::dice::Dice;

/// The fault that it is.
pub(super) const FAULT: Fault =
    Fault::met_by_chance("closed-when-reused", "reused-closed", "/race");

/// Tries, of which many go well.
const MOST_TRIES: usize = 3000;

/// An origin that answers everything, and closes what is idle when it is told to.
pub(super) struct Racer {
    address: SocketAddr,
    round: Arc<AtomicU64>,
    stopped: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Racer {
    pub(super) fn start() -> Racer {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has ports");
        let address = listener.local_addr().expect("it is bound");
        let (round, stopped) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let accepting = thread::spawn({
            let (round, stopped) = (Arc::clone(&round), Arc::clone(&stopped));
            move || {
                while let Ok((stream, _)) = listener.accept() {
                    if stopped.load(Ordering::Relaxed) {
                        return;
                    }
                    let (round, stopped) = (Arc::clone(&round), Arc::clone(&stopped));
                    thread::spawn(move || serve(stream, &round, &stopped));
                }
            }
        });
        Racer { address, round, stopped, accepting: Some(accepting) }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything that is idle now is closed now.
    fn close_idle(&self) {
        self.round.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Racer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

/// Answers requests one after the other; once one is answered, the next round ends the connection unread.
fn serve(mut stream: TcpStream, round: &AtomicU64, stopped: &AtomicBool) {
    stream.set_nonblocking(true).expect("a socket can be asked without waiting");
    let mut head = Vec::new();
    let mut idle_since = None;
    while !stopped.load(Ordering::Relaxed) {
        if idle_since.is_some_and(|since| round.load(Ordering::Relaxed) != since) {
            return;
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece) {
            Ok(0) => return,
            Ok(count) => head.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::yield_now(),
            Err(_) => return,
        }
        if head.ends_with(b"\r\n\r\n") {
            head.clear();
            // Before the answer: who has it may go on to the next round.
            idle_since = Some(round.load(Ordering::Relaxed));
            if stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").is_err() {
                return;
            }
        }
    }
}

/// Runs the race until it was lost `wanted` times; the URLs of the requests that it was lost with.
pub(super) fn run(scene: &Scene, wanted: usize, dice: &mut Dice) -> Vec<String> {
    let mut lost = Vec::new();
    for number in 0..MOST_TRIES {
        if lost.len() == wanted {
            break;
        }
        let mut client = scene.client();
        client.send(format!("GET /race/{number}/first HTTP/1.1\r\nHost: x\r\n\r\n"));
        if client.try_answer("GET").map_or(true, |answer| answer.status != 200) {
            // A connection of the round before was closed as this one began.
            continue;
        }
        let target = format!("/race/{number}/second");
        let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let (close_first, pause) = (dice.percent(50), dice.below(2000));
        let spin = || (0..pause).for_each(|_| std::hint::spin_loop());
        if close_first {
            scene.racer.close_idle();
            spin();
            client.send(&request);
        } else {
            client.send(&request);
            spin();
            scene.racer.close_idle();
        }
        if client.answer("GET").status == 503 {
            lost.push(target);
        }
    }
    lost
}
