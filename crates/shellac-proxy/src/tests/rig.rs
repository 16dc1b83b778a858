//! An engine with its log, and a client.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use shellac_config::{Config, ParseOptions};
use shellac_counters::live::{Board, BoardOptions, LiveView, Snapshot};
use shellac_counters::vsc::table::Main;
use shellac_format::Dialect;
use shellac_sys::{CellViewMut, CreateOptions, MappedFile, MappedFileMut};
use tempfile::TempDir;

use super::log::{Journal, PATIENCE, Transaction};
use crate::Counting;
use crate::bodies::Bodies;
use crate::engine::{Engine, EngineLog, EngineOptions, Listener};

/// An engine with one serving thread.
pub(super) struct Rig {
    pub(super) engine: Engine,
    pub(super) journal: Journal,
    pub(super) address: SocketAddr,
    pub(super) dialect: Dialect,
    live: LiveView,
    pub(super) counting: Counting,
    _directory: TempDir,
}

/// Requests that a rig can show.
pub(super) const SLOTS: usize = 8;

impl Rig {
    /// Serves `backend` with `settings` added to the configuration.
    pub(super) fn start(dialect: Dialect, backend: SocketAddr, settings: &str) -> Rig {
        Rig::with_backends(dialect, &[backend], settings)
    }

    /// Serves several backends, `b0`, `b1` ..., as one pool.
    pub(super) fn with_backends(dialect: Dialect, backends: &[SocketAddr], settings: &str) -> Rig {
        Rig::with_bodies(Bodies::default(), dialect, backends, settings)
    }

    /// The same, with long request bodies on a disk of its own.
    pub(super) fn with_bodies(
        bodies: Bodies,
        dialect: Dialect,
        backends: &[SocketAddr],
        settings: &str,
    ) -> Rig {
        Rig::on(bodies, dialect, (local(), ""), backends, settings)
    }

    /// Serves several backends, with `more` added to what is said of the listener.
    pub(super) fn saying(
        dialect: Dialect,
        more: &str,
        backends: &[SocketAddr],
        settings: &str,
    ) -> Rig {
        Rig::listening(dialect, local(), more, backends, settings)
    }

    /// The same at another kind of address, of which the configuration says `more`.
    pub(super) fn listening(
        dialect: Dialect,
        listener: Listener,
        more: &str,
        backends: &[SocketAddr],
        settings: &str,
    ) -> Rig {
        Rig::on(Bodies::default(), dialect, (listener, more), backends, settings)
    }

    fn on(
        bodies: Bodies,
        dialect: Dialect,
        (listener, more): (Listener, &str),
        backends: &[SocketAddr],
        settings: &str,
    ) -> Rig {
        let address = listener.address.ip().unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0)));
        let entrance = format!("address = \"{}\"\n{more}\n", listener.address);
        let config = config(&entrance, &named(backends), settings);
        let journal = Journal::default();
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("live");
        let len = usize::try_from(Board::bytes(1, SLOTS)).unwrap();
        let file = MappedFileMut::create(&path, len, &CreateOptions::default()).unwrap();
        let board = BoardOptions { seats: 1, slots: SLOTS, pid: 1, now_unix: 0, now: 0 };
        let counting = Counting::default();
        let log = EngineLog {
            dialect,
            control: Box::new(journal.clone()),
            serving: vec![Box::new(journal.clone())],
            seats: Board::create(CellViewMut::create(file).unwrap(), &board).unwrap(),
            ring: None,
            counting: counting.clone(),
        };
        let options = EngineOptions {
            instance: "test".to_owned(),
            xid_base: 1000,
            inherited: crate::Inherited::default(),
        };
        let engine = Engine::start_with(bodies, config, vec![listener], log, options).unwrap();
        let live = LiveView::open(MappedFile::open(&path, 0, len).unwrap()).unwrap();
        Rig { engine, journal, address, dialect, live, counting, _directory: directory }
    }

    /// Another configuration, with backends of these names.
    pub(super) fn config(&self, backends: &[(String, SocketAddr)], settings: &str) -> Arc<Config> {
        config(&self.entrance(""), backends, settings)
    }

    /// The same, with `listen` added to what is said of the listener.
    pub(super) fn config_saying(
        &self,
        listen: &str,
        backends: &[SocketAddr],
        settings: &str,
    ) -> Arc<Config> {
        config(&self.entrance(listen), &named(backends), settings)
    }

    fn entrance(&self, listen: &str) -> String {
        format!("address = \"{}\"\n{listen}\n", self.address)
    }

    /// New requests and new connections get this configuration from here on.
    pub(super) fn activate(&self, name: &str) {
        let control = self.engine.control();
        control.activate(name).unwrap();
        let epoch = control.barrier();
        self.wait_until(|| control.reached(epoch));
    }

    /// Waits until so much was counted, and no more.
    pub(super) fn wait_for_count(&self, counter: Main, wanted: u64) {
        self.wait_until(|| self.counting.main().get(0, counter) == wanted);
    }

    #[allow(clippy::disallowed_methods, reason = "a test is a program: nobody hands it the time")]
    pub(super) fn wait_until(&self, is_so: impl Fn() -> bool) {
        let start = Instant::now();
        while !is_so() {
            assert!(start.elapsed() < PATIENCE, "it does not come about");
            std::thread::yield_now();
        }
    }

    /// A new connection.
    pub(super) fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// Sends `request` on a connection of its own, which it should close, and returns everything that came back.
    pub(super) fn exchange(&self, request: impl AsRef<[u8]>) -> String {
        let mut client = self.connect();
        client.send(request);
        client.rest()
    }

    /// What is in flight, once that is what `wanted` says.
    #[allow(clippy::disallowed_methods, reason = "a test is a program: nobody hands it the time")]
    pub(super) fn in_flight(&self, wanted: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let start = Instant::now();
        loop {
            let snapshot = self.live.snapshot();
            if snapshot.busy == 0 && wanted(&snapshot) {
                return snapshot;
            }
            assert!(start.elapsed() < PATIENCE, "{snapshot:#?}");
            std::thread::yield_now();
        }
    }

    /// Stops the engine in the middle of everything, then looks at the board once more.
    pub(super) fn stop_and_look(self, look: impl FnOnce(Snapshot)) {
        let Rig { engine, live, .. } = self;
        engine.join();
        look(live.snapshot());
    }

    /// The transactions when `count` sessions have ended.
    pub(super) fn sessions(&self, count: usize) -> Vec<Transaction> {
        self.journal.wait_sessions(self.dialect, count)
    }
}

/// A listener at any port.
fn local() -> Listener {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let sockets = vec![listener.into()];
    Listener { name: "main".to_owned(), address: address.into(), sockets }
}

fn named(backends: &[SocketAddr]) -> Vec<(String, SocketAddr)> {
    backends.iter().enumerate().map(|(at, backend)| (format!("b{at}"), *backend)).collect()
}

fn config(entrance: &str, backends: &[(String, SocketAddr)], settings: &str) -> Arc<Config> {
    let mut text = format!("[[listen]]\nname = \"main\"\n{entrance}");
    for (name, address) in backends {
        text.push_str(&format!("[[backend]]\nname = \"{name}\"\naddress = \"{address}\"\n"));
    }
    text.push_str(settings);
    let options = ParseOptions { allow_small: true };
    Arc::new(Config::parse_with(&text, "test", options).unwrap_or_else(|e| panic!("{e}")))
}

/// A client.
pub(super) struct Client {
    pub(super) stream: TcpStream,
}

impl Client {
    /// A new connection.
    pub(super) fn connect(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Client { stream }
    }

    /// Sends bytes; a proxy that has closed does not take them.
    pub(super) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref());
    }

    /// Says that nothing more comes.
    pub(super) fn half_close(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Everything until the end. A reset is shown as `<reset>`.
    pub(super) fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        let result = self.stream.read_to_end(&mut bytes);
        let mut text = String::from_utf8_lossy(&bytes).into_owned();
        match result {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {
                text.push_str("<reset>");
            }
            Err(error) => panic!("{error} after {text:?}"),
        }
        text
    }

    /// Reads until `end` has come.
    pub(super) fn until(&mut self, end: &str) -> String {
        let mut bytes = Vec::new();
        let mut byte = [0];
        while !bytes.ends_with(end.as_bytes()) {
            match self.stream.read(&mut byte) {
                Ok(1) => bytes.push(byte[0]),
                result => panic!("{result:?} after {:?}", String::from_utf8_lossy(&bytes)),
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// A GET after which the connection is closed.
pub(super) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n")
}

/// A POST after which the connection is closed.
pub(super) fn post(path: &str, body: &str) -> String {
    let len = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: example.org\r\nContent-Length: {len}\r\nConnection: close\r\n\r\n{body}"
    )
}

/// The body of a response.
pub(super) fn body(response: &str) -> &str {
    response.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

/// The number in a response's `X-Varnish`.
pub(super) fn xid(response: &str) -> u64 {
    let start = response.find("X-Varnish: ").expect("a response with its number") + 11;
    response[start..].split("\r\n").next().unwrap().parse().unwrap()
}
