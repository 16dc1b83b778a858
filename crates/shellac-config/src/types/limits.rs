//! Times, sizes and numbers that bound what a peer can make the proxy wait for or keep.

use std::path::PathBuf;
use std::time::Duration;

/// The times that are the same for everybody. Some are defaults of backends, and routes may have their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeouts {
    /// Default of [`BackendConfig::connect_timeout`](crate::BackendConfig::connect_timeout).
    pub connect: Duration,
    /// Default of [`BackendConfig::first_byte_timeout`](crate::BackendConfig::first_byte_timeout).
    pub first_byte: Duration,
    /// Default of [`BackendConfig::between_bytes_timeout`](crate::BackendConfig::between_bytes_timeout).
    pub between_bytes: Duration,
    /// A client's request head, absolute from its first byte.
    pub client_head: Duration,
    /// A client's connection without a request.
    pub client_idle: Duration,
    /// Between two reads of a client's body.
    pub client_body: Duration,
    /// Between two writes that make progress, towards clients; and the default of
    /// [`BackendConfig::send_timeout`](crate::BackendConfig::send_timeout).
    pub send: Duration,
    /// Default of [`BackendConfig::idle_timeout`](crate::BackendConfig::idle_timeout).
    pub backend_idle: Duration,
    /// A whole request, from its first byte to the last byte of its answer; `None`: no limit.
    pub total: Option<Duration>,
    /// What a client that is refused may still send, so that it gets to read the answer.
    pub linger: Duration,
    /// A tunnel through which nothing goes either way.
    pub pipe_idle: Duration,
    /// A tunnel as a whole; `None`: as long as it likes.
    pub pipe_total: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_millis(3500),
            first_byte: Duration::from_secs(60),
            between_bytes: Duration::from_secs(60),
            client_head: Duration::from_secs(5),
            client_idle: Duration::from_secs(5),
            client_body: Duration::from_secs(60),
            send: Duration::from_secs(60),
            backend_idle: Duration::from_secs(60),
            total: None,
            linger: Duration::from_secs(2),
            pipe_idle: Duration::from_secs(60),
            pipe_total: None,
        }
    }
}

/// The times that one route has for itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RouteTimeouts {
    /// Before [`BackendConfig::first_byte_timeout`](crate::BackendConfig::first_byte_timeout).
    pub first_byte: Option<Duration>,
    /// Before [`BackendConfig::between_bytes_timeout`](crate::BackendConfig::between_bytes_timeout).
    pub between_bytes: Option<Duration>,
    /// Before [`BackendConfig::send_timeout`](crate::BackendConfig::send_timeout) and [`Timeouts::send`].
    pub send: Option<Duration>,
    /// Before [`Timeouts::client_body`].
    pub client_body: Option<Duration>,
    /// Before [`Timeouts::total`]; `Some(None)`: no limit, whatever that one says.
    pub total: Option<Option<Duration>>,
    /// Before [`Timeouts::pipe_idle`].
    pub pipe_idle: Option<Duration>,
    /// Before [`Timeouts::pipe_total`]; `Some(None)`: no limit, whatever that one says.
    pub pipe_total: Option<Option<Duration>>,
}

/// Sizes, numbers and rates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Longest head of a request or response in bytes.
    pub head_bytes: usize,
    /// Most header fields in a head.
    pub headers: usize,
    /// Most unused connections kept per backend and thread: a worker keeps `threads` times as many.
    pub idle_per_backend: usize,
    /// Most tunnels at a time, over all threads, with requests that ask for one; 0 is no limit.
    pub pipe_max: usize,
    /// Bytes per second at which a client's body has to come at least until the response begins, on the average of the time that it
    /// is waited for; 0: any.
    pub client_body_rate: u64,
    /// The same for the body of a response.
    pub response_rate: u64,
    /// The same for a client that takes its answer.
    pub delivery_rate: u64,
    /// How long somebody may be waited for before these rates count.
    pub rate_grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes: 32 << 10,
            headers: 64,
            idle_per_backend: 64,
            pipe_max: 0,
            client_body_rate: 100,
            response_rate: 0,
            delivery_rate: 100,
            rate_grace: Duration::from_secs(30),
        }
    }
}

/// What is kept of a request's body, so that it can be sent a second time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyConfig {
    /// Bytes that are kept in memory. What comes after them goes into a file.
    pub memory_bytes: u64,
    /// Longest body that is kept at all, in bytes.
    pub limit_bytes: u64,
    /// Most bytes in all files together.
    pub total_bytes: u64,
    /// The directory of the files. They have no name there.
    pub dir: PathBuf,
    /// What happens to a body that is longer than `limit_bytes`.
    pub over: BodyOver,
}

impl Default for BodyConfig {
    fn default() -> Self {
        Self {
            memory_bytes: 64 << 10,
            limit_bytes: 1 << 20,
            total_bytes: 256 << 20,
            dir: PathBuf::from("/var/tmp"),
            over: BodyOver::Stream,
        }
    }
}

/// What happens to a request body that is too long to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyOver {
    /// It is passed on and cannot be sent a second time; the log says so.
    Stream,
    /// The request is answered with 413.
    Refuse,
}
