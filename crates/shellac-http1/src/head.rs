//! Request and response heads: their types, limits, and the functions that read them.

use crate::headers::Headers;
pub use crate::request::{parse_request, parse_request_into};
pub use crate::response::{parse_response, parse_response_into};

/// How much of a head is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole head with its empty line.
    pub head_bytes: usize,
    /// Header lines.
    pub headers: usize,
}

impl Default for Limits {
    /// 32 KB and 64 header lines.
    fn default() -> Limits {
        Limits { head_bytes: 32 * 1024, headers: 64 }
    }
}

/// What the bytes received so far contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parse<T> {
    /// Not yet a whole head, and nothing wrong so far.
    Partial,
    /// A whole head.
    Complete {
        /// The head.
        head: T,
        /// Bytes it took; what follows is the body, or the next message.
        len_bytes: usize,
    },
}

/// The two versions that are spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    #[default]
    Http11,
}

impl Version {
    /// As on the wire and in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Version::Http10 => "HTTP/1.0",
            Version::Http11 => "HTTP/1.1",
        }
    }

    pub(crate) fn from_minor(minor: u8) -> Option<Version> {
        match minor {
            0 => Some(Version::Http10),
            1 => Some(Version::Http11),
            _ => None,
        }
    }
}

/// The head of a request.
///
/// An absolute target has been taken apart: [`target`](RequestHead::target) is its path and the Host header
/// is its authority, which wins over a Host header that says something else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestHead {
    /// The method, case and all.
    pub method: String,
    /// `/path?query`, `*` for OPTIONS, or `host:port` for CONNECT.
    pub target: String,
    /// The version the client speaks.
    pub version: Version,
    /// The header fields.
    pub headers: Headers,
}

/// The head of a response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseHead {
    /// The version the server speaks.
    pub version: Version,
    /// 100 to 999.
    pub status: u16,
    /// The reason phrase; may be empty.
    pub reason: String,
    /// The header fields.
    pub headers: Headers,
}

impl ResponseHead {
    /// Whether another head follows this one: a status of 1xx other than 101.
    #[inline]
    pub fn is_interim(&self) -> bool {
        (100..200).contains(&self.status) && self.status != 101
    }
}

#[cfg(test)]
mod tests;
