//! What may have to do with a failure: the properties of requests by which failing and good ones are compared.
//!
//! The unit is a request with its first attempt at a backend: retries depend on what happened before. A property
//! is something that was there before the outcome. What the log has only for failures is not one, for it would
//! explain everything.
//!
//! [`DIMENSIONS`] is the table of them; headers are besides, each one there or not. Values of headers are not
//! taken, and neither are query strings.

mod classes;
mod connections;
mod units;

pub use units::{Account, Outcome, Units};

/// Number of [`DIMENSIONS`].
pub const COUNT: usize = 16;

/// A dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// For programs; does not change.
    pub key: &'static str,
    /// For people.
    pub label: &'static str,
    /// What stands before a value: `backend=`.
    pub prefix: &'static str,
}

/// Which dimension a value belongs to: its place in [`DIMENSIONS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Is {
    Connection,
    Body,
    ConnectionBody,
    Age,
    Idle,
    BodySize,
    Method,
    Backend,
    Address,
    Handling,
    Url,
    Path,
    Protocol,
    Client,
    Listener,
    Instance,
}

const fn row(key: &'static str, label: &'static str, prefix: &'static str) -> Dimension {
    Dimension { key, label, prefix }
}

/// All dimensions. Of two that explain the same the first is named.
pub const DIMENSIONS: [Dimension; COUNT] = [
    row("connection", "connection new or reused", ""),
    row("body", "body or none", ""),
    row("connection_body", "connection with body", ""),
    row("connection_age", "connection age", "a connection aged "),
    row("connection_idle", "idle time", "a connection idle for "),
    row("body_size", "body size", "a body of "),
    row("method", "method", "method="),
    row("backend", "backend", "backend="),
    row("address", "address", "address="),
    row("handling", "handling", "handling="),
    row("url", "URL", "url="),
    row("path", "first path segment", "path="),
    row("protocol", "protocol", "protocol="),
    row("client_net", "client net", "client="),
    row("listener", "listener", "listener="),
    row("instance", "instance", "instance="),
];

/// The properties of one unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// How it ended.
    pub outcome: Outcome,
    /// Whether a backend was asked.
    pub has_attempt: bool,
    /// A value by dimension, safe on a terminal; `None` where it is not recorded.
    pub values: [Option<String>; COUNT],
    /// Names of the headers of the request, in lower case, safe on a terminal.
    pub headers: Vec<String>,
}

impl Unit {
    fn set(&mut self, dimension: Is, value: Option<String>) {
        self.values[dimension as usize] = value;
    }

    #[cfg(test)]
    fn get(&self, dimension: Is) -> Option<&str> {
        self.values[dimension as usize].as_deref()
    }
}

#[cfg(test)]
mod tests;
