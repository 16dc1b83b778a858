//! The configuration as the rest of the program sees it, with its defaults.

mod action;
mod limits;
mod listen;
mod upstream;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use shellac_upstream::next::NextUpstream;

use crate::admin::AdminConfig;
use crate::nodes::NodeMap;
use crate::resolver::ResolverConfig;
use crate::tls::{BackendTls, ListenTls};
pub use action::Action;
pub use limits::{BodyConfig, BodyOver, Limits, RouteTimeouts, Timeouts};
pub use listen::{ListenAddress, SocketRights};
pub use upstream::{PoolConfig, ProbeConfig, ProbeRequest};

/// Everything that the file says, names resolved and defaults filled in.
///
/// What is `None` has a default that only the caller knows: the host's name, the directory of this user, the number
/// of cores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Identity of this proxy in the log and on error pages; default: the name of the host.
    pub instance: Option<String>,
    /// The shared-memory directory.
    pub workdir: Option<PathBuf>,
    /// Name of the user that it becomes once everything is open that needs another one.
    pub user: Option<String>,
    /// Name of the group that may read the log, and that it becomes.
    pub group: Option<String>,
    /// Serving threads; default: the available cores.
    pub threads: Option<usize>,
    /// The log.
    pub log: LogConfig,
    /// The command line.
    pub admin: AdminConfig,
    /// How names of backends are looked up.
    pub resolver: ResolverConfig,
    /// Addresses to serve; at least one.
    pub listen: Vec<ListenConfig>,
    /// How backends are probed.
    pub probes: Vec<ProbeConfig>,
    /// Backends; at least one.
    pub backends: Vec<BackendConfig>,
    /// The machines of backends that do not name theirs, by address.
    pub nodes: NodeMap,
    /// Pools; at least one. Without any in the file: `default`, of all backends.
    pub pools: Vec<PoolConfig>,
    /// Times that are not a backend's own.
    pub timeouts: Timeouts,
    /// Sizes and numbers.
    pub limits: Limits,
    /// What is kept of requests' bodies.
    pub body: BodyConfig,
    /// What the error page shows.
    pub error_page: ErrorPage,
    /// Routes; at least one. Match the exact host first, then the longest path prefix.
    pub routes: Vec<Route>,
}

/// What a caller allows beyond the rules for production.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ParseOptions {
    /// A log below 16 MiB, for tests and the demo.
    pub allow_small: bool,
}

/// The log in shared memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// Size of the segment in bytes.
    pub size_bytes: u64,
    /// Layout, tag numbers and texts.
    pub dialect: LogDialect,
    /// Longest payload of a record in bytes, its terminating NUL included.
    pub reclen: usize,
    /// A phase that stalls this long publishes what is buffered.
    pub stall: Duration,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            size_bytes: 80 << 20,
            dialect: LogDialect::V7_3,
            reclen: 1024,
            stall: Duration::from_secs(1),
        }
    }
}

/// Which family of readers the log is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogDialect {
    /// `6.0-7.2`: 32-bit records, the tools of Debian 12.
    V6_0,
    /// `7.3-8.0`: 64-bit records; the default.
    V7_3,
    /// `9.0-vs`: 64-bit records with the tag numbers of Varnish Software's 9.0.
    Vs9_0,
}

impl LogDialect {
    /// All of them, oldest first.
    pub const ALL: [LogDialect; 3] = [LogDialect::V6_0, LogDialect::V7_3, LogDialect::Vs9_0];

    /// The name in the configuration file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            LogDialect::V6_0 => "6.0-7.2",
            LogDialect::V7_3 => "7.3-8.0",
            LogDialect::Vs9_0 => "9.0-vs",
        }
    }
}

/// One address to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenConfig {
    /// Name in the log; default `a0`, `a1` ... by position.
    pub name: String,
    /// Where to listen.
    pub address: ListenAddress,
    /// Each connection begins with what a proxy in front says about it.
    pub proxy_protocol: bool,
    /// Who may connect, for a socket in the file system.
    pub rights: SocketRights,
    /// Clients speak TLS.
    pub tls: Option<ListenTls>,
}

/// Where a backend listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackendAddress {
    /// There.
    Ip(SocketAddr),
    /// At what a name stands for.
    Name {
        /// The name, in small letters.
        host: String,
        /// The port.
        port: u16,
    },
    /// At a path of this machine.
    Path(PathBuf),
}

/// A version of the PROXY protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyVersion {
    /// A line of text.
    V1,
    /// Binary.
    V2,
}

/// One backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendConfig {
    /// Name in the log, unique.
    pub name: String,
    /// Where it listens.
    pub address: BackendAddress,
    /// The address as the file spells it: what a consistent hash is made of.
    pub spelled: String,
    /// Each connection begins with who the client is.
    pub send_proxy: Option<ProxyVersion>,
    /// Longest time to connect.
    pub connect_timeout: Duration,
    /// Longest time from the request sent to the first byte of the response.
    pub first_byte_timeout: Duration,
    /// Longest time between two reads of a response.
    pub between_bytes_timeout: Duration,
    /// Longest time between two writes of a request that make progress.
    pub send_timeout: Duration,
    /// Longest time that an unused connection is kept.
    pub idle_timeout: Duration,
    /// Its share of the requests, from 1 to 1000.
    pub weight: u32,
    /// Most attempts at a time, over all threads; 0 is no limit.
    pub max_conns: u32,
    /// Only used when none of the others can be.
    pub backup: bool,
    /// Never used.
    pub down: bool,
    /// Its own `max_fails`, for pools with the rules of nginx.
    pub max_fails: Option<u32>,
    /// Its own `fail_timeout`, for the same.
    pub fail_timeout: Option<Duration>,
    /// The machine that it runs on.
    pub node: Option<String>,
    /// The part of the network that it is in.
    pub zone: Option<String>,
    /// Index into [`Config::probes`].
    pub probe: Option<usize>,
    /// It speaks TLS.
    pub tls: Option<BackendTls>,
}

/// What the error page shows beside the XID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorPage {
    /// The name of the instance.
    pub instance: bool,
    /// The time.
    pub time: bool,
}

impl Default for ErrorPage {
    fn default() -> Self {
        Self { instance: false, time: true }
    }
}

/// Which requests go to which pool, and what happens when an attempt fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Exact host without port, in lower case; `None` matches every host.
    pub host: Option<String>,
    /// Prefix of the path; starts with `/`.
    pub path: String,
    /// The methods that it takes, as they stand in the request line; none: all but CONNECT.
    pub methods: Vec<String>,
    /// What becomes of its requests.
    pub action: Action,
    /// The protocols, in lower case, to which a request may turn its connection: then it becomes a tunnel.
    pub upgrade: Vec<String>,
    /// Index into [`Config::pools`].
    pub pool: usize,
    /// Times of its own, which go before those of backends and of everybody.
    pub timeouts: RouteTimeouts,
    /// When to try again, unless `next` is set.
    pub retry: RetryPolicy,
    /// When to go on to the next backend, in the words of nginx. It takes the place of `retry`.
    pub next: Option<NextUpstream>,
}

impl Default for Route {
    /// Everything is passed on to the first pool.
    fn default() -> Self {
        Self {
            host: None,
            path: "/".to_owned(),
            methods: Vec::new(),
            action: Action::default(),
            upgrade: Vec::new(),
            pool: 0,
            timeouts: RouteTimeouts::default(),
            retry: RetryPolicy::default(),
            next: None,
        }
    }
}

/// When a failed attempt is followed by another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The failures that qualify.
    pub on: RetryOn,
    /// The methods that qualify, as they stand in the request line.
    pub methods: Vec<String>,
    /// The response statuses that qualify, with [`RetryOn::status`].
    pub statuses: Vec<u16>,
    /// Which connection the next attempt may use.
    pub connection: RetryConnection,
    /// Most attempts after the first.
    pub max: u32,
    /// How long is waited before the first retry, each further one twice as long; zero is not at all.
    pub backoff: Duration,
    /// No longer than this.
    pub backoff_max: Duration,
}

impl Default for RetryPolicy {
    /// One retry of an idempotent request on a fresh connection.
    fn default() -> Self {
        Self {
            on: RetryOn::default(),
            methods: ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]
                .map(str::to_owned)
                .to_vec(),
            statuses: Vec::new(),
            connection: RetryConnection::Fresh,
            max: 1,
            backoff: Duration::ZERO,
            backoff_max: Duration::from_secs(1),
        }
    }
}

/// The failures after which a retry makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "a set of independent switches, each with its own key"
)]
pub struct RetryOn {
    /// No connection came about.
    pub connect: bool,
    /// The backend closed before the first byte of a response.
    pub eof_before_byte: bool,
    /// The backend reset the connection before the first byte of a response.
    pub reset_before_byte: bool,
    /// End or reset on a reused connection, without a byte of a response.
    pub reused: bool,
    /// The first byte did not come in time.
    pub first_byte_timeout: bool,
    /// The response has one of [`RetryPolicy::statuses`].
    pub status: bool,
}

impl Default for RetryOn {
    fn default() -> Self {
        Self {
            connect: true,
            eof_before_byte: true,
            reset_before_byte: false,
            reused: true,
            first_byte_timeout: false,
            status: false,
        }
    }
}

/// Which connection a retry may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryConnection {
    /// A new one.
    Fresh,
    /// Any, a kept one too.
    Any,
}
