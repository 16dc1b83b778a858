//! The addresses that a name has now, as requests see them.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;

/// Why a name could not be looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// There is no such name (NXDOMAIN).
    NoSuchName,
    /// There is such a name, without an address.
    NoAddress,
    /// The server could not find out (SERVFAIL), or said another code.
    ServerFailed(u8),
    /// What came was no answer that could be read.
    Garbage,
    /// No answer in time.
    Timeout,
    /// No server could be reached: the error number, such as that of a port at which nobody listens.
    Unreachable(i32),
    /// This machine could not ask: the error number.
    Local(i32),
    /// There is no server to ask.
    NoServer,
}

impl Trouble {
    /// Whether it is the fault of this machine and not of a name or a server.
    #[must_use]
    pub fn is_local(self) -> bool {
        matches!(self, Trouble::Local(_))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::NoSuchName => f.write_str("NXDOMAIN"),
            Trouble::NoAddress => f.write_str("the name has no address"),
            Trouble::ServerFailed(2) => f.write_str("SERVFAIL"),
            Trouble::ServerFailed(5) => f.write_str("REFUSED"),
            Trouble::ServerFailed(code) => write!(f, "code {code} from the server"),
            Trouble::Garbage => f.write_str("an answer that cannot be read"),
            Trouble::Timeout => f.write_str("no answer from a name server"),
            Trouble::Unreachable(errno) => write!(f, "no name server reached, errno {errno}"),
            Trouble::Local(errno) => write!(f, "this machine could not ask, errno {errno}"),
            Trouble::NoServer => f.write_str("no name server is configured"),
        }
    }
}

/// What is known about a name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Its addresses. They stay while it cannot be looked up again.
    pub addresses: Vec<SocketAddr>,
    /// Why the last look-up did not succeed.
    pub trouble: Option<Trouble>,
}

/// A host and a port, and the addresses that stand behind them now. Shared by all backends that have them, in all configurations.
#[derive(Debug)]
pub struct Name {
    host: String,
    port: u16,
    found: ArcSwap<Found>,
    turn: AtomicUsize,
}

impl Name {
    /// A name that was not looked up yet.
    #[must_use]
    pub fn new(host: &str, port: u16) -> Name {
        let found = ArcSwap::default();
        Name { host: host.to_owned(), port, found, turn: AtomicUsize::new(0) }
    }

    /// The name itself.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port of all its addresses.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What is known about it.
    #[must_use]
    pub fn found(&self) -> Arc<Found> {
        self.found.load_full()
    }

    /// Makes this known from now on.
    pub fn set(&self, found: Found) {
        self.found.store(Arc::new(found));
    }

    /// The address for the next connection: all of them in turn. `Ok(None)` as long as the first look-up runs.
    ///
    /// # Errors
    ///
    /// It has no address, and why.
    pub fn next(&self) -> Result<Option<SocketAddr>, Trouble> {
        let found = self.found.load();
        match (found.addresses.len(), found.trouble) {
            (0, None) => Ok(None),
            (0, Some(trouble)) => Err(trouble),
            (1, _) => Ok(found.addresses.first().copied()),
            (count, _) => {
                let turn = self.turn.fetch_add(1, Ordering::Relaxed);
                Ok(found.addresses.get(turn % count).copied())
            }
        }
    }

    /// Whether this is one of its addresses.
    #[must_use]
    pub fn has(&self, address: SocketAddr) -> bool {
        self.found.load().addresses.contains(&address)
    }
}
