//! What a proxy in front says about a connection before anything else: the PROXY protocol, versions 1 and 2.

mod error;
mod read;
mod text;
mod write;

use std::net::SocketAddr;

pub use error::PreambleError;
pub use read::parse_preamble;
pub use write::preamble;

/// Longest preamble that is accepted, in bytes: what goes beyond addresses are remarks that nobody reads.
pub const PREAMBLE_BYTES: usize = 4096;

/// The versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PreambleVersion {
    /// A line of text.
    V1,
    /// Binary.
    V2,
}

/// Who is at the ends of a connection that a proxy passes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// A client, and the address that it connected to.
    Known {
        /// The client.
        client: SocketAddr,
        /// Where it connected to.
        server: SocketAddr,
    },
    /// The proxy speaks for itself, to see whether anybody is there.
    Local,
    /// Somebody without such addresses: those of the connection itself count.
    Unknown,
}

/// A preamble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preamble {
    /// Its version.
    pub version: PreambleVersion,
    /// What it says.
    pub ends: Ends,
}

/// How far a preamble has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreambleProgress {
    /// Not complete: at least so many bytes are still to come, and they all belong to it.
    Partial {
        /// At least 1.
        missing: usize,
    },
    /// It is complete.
    Complete {
        /// What it says.
        preamble: Preamble,
        /// Its length; what follows is the client's.
        len_bytes: usize,
    },
}

#[cfg(test)]
mod tests;
