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

pub use classes::pattern as url_pattern;
pub use units::{Account, Outcome, Units};

use shellac_format::Tag;

use crate::trace::Micros;

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
    /// The records that tell it. A query that asks for one of them has divided by it already.
    pub tags: &'static [Tag],
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

const fn row(
    key: &'static str,
    label: &'static str,
    prefix: &'static str,
    tags: &'static [Tag],
) -> Dimension {
    Dimension { key, label, prefix, tags }
}

/// The records that tell of headers.
pub const HEADER_TAGS: &[Tag] = &[Tag::ReqHeader, Tag::BereqHeader];
const LENGTH: &[Tag] = HEADER_TAGS;
const OPEN: &[Tag] = &[Tag::BackendOpen];
const URL: &[Tag] = &[Tag::ReqUrl, Tag::BereqUrl];

/// All dimensions. Of two that explain the same the first is named.
pub const DIMENSIONS: [Dimension; COUNT] = [
    row("connection", "connection new or reused", "", OPEN),
    row("body", "body or none", "", LENGTH),
    row(
        "connection_body",
        "connection with body",
        "",
        &[Tag::BackendOpen, Tag::ReqHeader, Tag::BereqHeader],
    ),
    row("connection_age", "connection age", "a connection aged ", OPEN),
    row("connection_idle", "idle time", "a connection idle for ", OPEN),
    row("body_size", "body size", "a body of ", LENGTH),
    row("method", "method", "method=", &[Tag::ReqMethod, Tag::BereqMethod]),
    row("backend", "backend", "backend=", OPEN),
    row("address", "address", "address=", OPEN),
    row("handling", "handling", "handling=", &[Tag::VclCall, Tag::VclReturn]),
    row("url", "URL", "url=", URL),
    row("path", "first path segment", "path=", URL),
    row("protocol", "protocol", "protocol=", &[Tag::ReqProtocol, Tag::BereqProtocol]),
    row("client_net", "client net", "client=", &[Tag::ReqStart]),
    row("listener", "listener", "listener=", &[Tag::ReqStart]),
    row("instance", "instance", "instance=", &[]),
];

/// The properties of one unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// How it ended.
    pub outcome: Outcome,
    /// When it began, since the epoch.
    pub at: Option<Micros>,
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
