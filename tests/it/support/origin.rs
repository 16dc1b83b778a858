//! An origin server that does what a script says, and remembers what it was sent.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sha2::{Digest, Sha256};
use socket2::SockRef;

use super::deadline::Deadline;
use super::wire::{Fields, Framing, Wire};

/// One thing to do with a request. After the last step the connection waits for the next request, if the
/// body has been read to its end; otherwise it is closed.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Read the body to its end.
    ReadBody,
    /// Read this many bytes of the body, or all if it is shorter.
    ReadBodyBytes(u64),
    /// Wait, or until the origin is stopped.
    Delay(Duration),
    /// Send these bytes again and again, with pauses, until the origin [is told](Origin::tell) to go on with this target.
    SendUntilTold(&'static str),
    /// Send these bytes.
    Send(Vec<u8>),
    /// Send a 200 with the digest of the body read so far as its body.
    SendDigest,
    /// The same with these bytes behind it, in one write.
    SendDigestAnd(&'static str),
    /// Send on and on, until the proxy takes no more.
    SendOn,
    /// Close. With unread bytes in the receive buffer the kernel makes it a reset.
    Close,
    /// Close the sending direction only, then read and forget until the proxy closes too: a clean end even
    /// though the body was not read.
    CloseCleanly,
    /// Close the sending direction only, after a request that was read to its end, and go on remembering
    /// requests that come all the same: nothing that the proxy sent on this connection is missed.
    StopAnswering,
    /// Close with a reset.
    Reset,
    /// Do nothing until the proxy closes the connection or the origin is stopped.
    Hang,
}

/// What the script decides on.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Requests before this one, on all connections.
    pub(crate) number: usize,
    /// Connections before this one.
    pub(crate) connection: usize,
    /// Requests before this one on its connection; above 0 the connection is reused.
    pub(crate) on_connection: usize,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) fields: Fields,
}

impl Asked {
    /// The XID of the attempt.
    pub(crate) fn xid(&self) -> Option<u64> {
        self.fields.get("X-Varnish").map(|xid| xid.parse().expect("X-Varnish is one number"))
    }
}

/// A request as it was received.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) asked: Asked,
    /// Bytes of its body, without framing.
    pub(crate) bytes: u64,
    /// The SHA-256 of these bytes in hexadecimal.
    pub(crate) digest: String,
    /// The first of these bytes, at most [`KEPT`].
    pub(crate) body_start: Vec<u8>,
    /// The fields behind it.
    pub(crate) trailers: Fields,
    /// Whether the body was read to its end.
    pub(crate) complete: bool,
    /// Whether the script is through with it, and the connection closed if that is how it ends.
    pub(crate) finished: bool,
}

/// Bytes of each body that are remembered.
pub(crate) const KEPT: usize = 4096;

type Script = dyn Fn(&Asked) -> Vec<Step> + Send + Sync;

#[derive(Default)]
struct State {
    stopped: bool,
    received: Vec<Received>,
    connections: usize,
    open: HashMap<usize, TcpStream>,
    /// Targets that may go on.
    told: HashSet<String>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    script: Box<Script>,
}

/// A running origin; dropping it closes all its connections and joins its threads.
pub(crate) struct Origin {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

/// A 200 with a Content-Length.
pub(crate) fn ok(body: &str) -> Step {
    Step::Send(
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes(),
    )
}

/// Bytes as they are.
pub(crate) fn raw(bytes: impl AsRef<[u8]>) -> Step {
    Step::Send(bytes.as_ref().to_vec())
}

/// The SHA-256 of `bytes` in hexadecimal.
pub(crate) fn hex_digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Origin {
    /// Starts an origin on a port that the kernel chooses.
    pub(crate) fn start(script: impl Fn(&Asked) -> Vec<Step> + Send + Sync + 'static) -> Origin {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            script: Box::new(script),
        });
        let accepting = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Origin { address, shared, accepting: Some(accepting) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything received so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.lock().received.clone()
    }

    /// Connections accepted so far.
    pub(crate) fn connections(&self) -> usize {
        self.shared.lock().connections
    }

    /// Lets requests for `target` go on.
    pub(crate) fn tell(&self, target: &str) {
        self.shared.lock().told.insert(target.to_owned());
        self.shared.changed.notify_all();
    }

    /// Waits until `count` requests have come and the script is through with them.
    pub(crate) fn wait_finished(&self, count: usize) -> Vec<Received> {
        Deadline::generous().wait_for("requests at the origin", || {
            let state = self.shared.lock();
            let finished = state.received.iter().filter(|received| received.finished).count();
            (finished >= count).then(|| state.received.clone())
        })
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.stopped = true;
        for stream in state.open.values() {
            // A connection that is gone already cannot be closed again.
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(state);
        self.shared.changed.notify_all();
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take()
            && accepting.join().is_err()
            && !thread::panicking()
        {
            panic!("a thread of the origin panicked");
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pause(&self, duration: Duration) {
        let state = self.lock();
        let waited = self.changed.wait_timeout_while(state, duration, |state| !state.stopped);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits a moment; whether the request with this number still has to wait then.
    fn is_untold(&self, number: usize) -> bool {
        const PAUSE: Duration = Duration::from_millis(20);
        let state = self.lock();
        let waited = self.changed.wait_timeout_while(state, PAUSE, |state| state.is_untold(number));
        waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

impl State {
    /// Whether the request with this number has to wait on.
    fn is_untold(&self, number: usize) -> bool {
        !self.stopped && !self.told.contains(&self.received[number].asked.target)
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut serving = Vec::new();
    while let Ok((stream, _)) = listener.accept() {
        let mut state = shared.lock();
        if state.stopped {
            break;
        }
        let connection = state.connections;
        state.connections += 1;
        state.open.insert(connection, stream.try_clone().expect("descriptors are left"));
        drop(state);
        let shared = Arc::clone(shared);
        serving.push(thread::spawn(move || {
            // A proxy that goes away in the middle is what many tests are about.
            let _ = serve(Wire::new(stream), connection, &shared);
            let mut state = shared.lock();
            // Now it is closed, and the proxy's kernel knows.
            state.open.remove(&connection);
            let on_it = state
                .received
                .iter_mut()
                .filter(|received| received.asked.connection == connection);
            on_it.for_each(|received| received.finished = true);
        }));
    }
    for thread in serving {
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    }
}

fn serve(mut wire: Wire, connection: usize, shared: &Shared) -> io::Result<()> {
    let patience = || Deadline::after(Duration::from_secs(60));
    let mut mute = false;
    for on_connection in 0.. {
        let Some((line, fields)) = wire.head(patience())? else { return Ok(()) };
        let mut words = line.split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        assert_eq!(words.next(), Some("HTTP/1.1"), "{line:?} is no request line");
        let framing = Framing::of_request(&fields);
        let mut state = shared.lock();
        let number = state.received.len();
        let asked = Asked {
            number,
            connection,
            on_connection,
            method: method.to_owned(),
            target: target.to_owned(),
            fields,
        };
        let complete = matches!(framing, Framing::None | Framing::Length(0));
        state.received.push(Received {
            asked: asked.clone(),
            bytes: 0,
            digest: hex_digest(&[]),
            body_start: Vec::new(),
            trailers: Fields::default(),
            complete,
            finished: false,
        });
        drop(state);
        let mut body = Body { framing, digest: Sha256::new(), complete };
        let mut result = Ok(true);
        let script = if mute { vec![Step::ReadBody] } else { (shared.script)(&asked) };
        for step in script {
            mute |= matches!(step, Step::StopAnswering);
            result = perform(step, &mut wire, &mut body, number, shared, patience());
            if !matches!(result, Ok(true)) {
                break;
            }
        }
        if !result? || !body.complete {
            return Ok(());
        }
        shared.lock().received[number].finished = true;
    }
    Ok(())
}

struct Body {
    framing: Framing,
    digest: Sha256,
    complete: bool,
}

impl Body {
    /// Reads on, and writes down what came even when it breaks off.
    fn read(
        &mut self,
        wire: &mut Wire,
        enough: u64,
        number: usize,
        shared: &Shared,
        deadline: Deadline,
    ) -> io::Result<()> {
        if self.complete {
            return Ok(());
        }
        let mut bytes = 0;
        let mut start = Vec::new();
        let ended = wire.body(self.framing, enough, deadline, |data| {
            self.digest.update(data);
            bytes += data.len() as u64;
            start.extend_from_slice(&data[..data.len().min(KEPT.saturating_sub(start.len()))]);
        });
        if let Framing::Length(left) = &mut self.framing {
            *left -= bytes;
        }
        self.complete = matches!(ended, Ok(true));
        let received = &mut shared.lock().received[number];
        received.bytes += bytes;
        received.digest = hex(&self.digest.clone().finalize());
        start.truncate(KEPT.saturating_sub(received.body_start.len()));
        received.body_start.extend(start);
        received.complete = self.complete;
        received.trailers = wire.take_trailers();
        ended.map(drop)
    }

    /// A 200 with the digest of what was read, and something behind it.
    fn answer(&self, wire: &mut Wire, more: &str) -> io::Result<()> {
        let digest = hex(&self.digest.clone().finalize());
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", digest.len());
        wire.stream.write_all(format!("{head}{digest}{more}").as_bytes())
    }
}

/// Does one step; `false` when the connection is over.
fn perform(
    step: Step,
    wire: &mut Wire,
    body: &mut Body,
    number: usize,
    shared: &Shared,
    deadline: Deadline,
) -> io::Result<bool> {
    match step {
        Step::ReadBody => body.read(wire, u64::MAX, number, shared, deadline)?,
        Step::ReadBodyBytes(bytes) => body.read(wire, bytes, number, shared, deadline)?,
        Step::Delay(duration) => shared.pause(duration),
        Step::SendUntilTold(bytes) => {
            wire.stream.write_all(bytes.as_bytes())?;
            while shared.is_untold(number) {
                wire.stream.write_all(bytes.as_bytes())?;
            }
        }
        Step::Send(bytes) => wire.stream.write_all(&bytes)?,
        Step::SendOn => {
            let bytes = vec![b'x'; 256 << 10];
            loop {
                wire.stream.write_all(&bytes)?;
            }
        }
        Step::SendDigest => body.answer(wire, "")?,
        Step::SendDigestAnd(more) => body.answer(wire, more)?,
        Step::Close => return Ok(false),
        Step::CloseCleanly => {
            wire.stream.shutdown(Shutdown::Write)?;
            wire.rest(&mut Vec::new(), deadline)?;
            return Ok(false);
        }
        Step::StopAnswering => wire.stream.shutdown(Shutdown::Write)?,
        Step::Reset => {
            SockRef::from(&wire.stream).set_linger(Some(Duration::ZERO))?;
            return Ok(false);
        }
        Step::Hang => {
            wire.rest(&mut Vec::new(), deadline)?;
            return Ok(false);
        }
    }
    Ok(true)
}
