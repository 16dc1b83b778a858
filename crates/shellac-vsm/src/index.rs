//! The grammar of `_.index`, and the rules by which its writer changes it.
//!
//! ```text
//! # PID STARTED
//! + FILE OFFSET LENGTH CLASS IDENT
//! - FILE OFFSET LENGTH CLASS IDENT
//! ```
//!
//! One record per line; a line without class is a *cluster*, a file of which later lines are slices. The header says which
//! process writes and the Unix time at which it started.

mod fields;
mod parse;
mod write;

pub use parse::{BadLine, IndexParser, LINE_BYTES_MOST, Line};
pub use write::{Change, IndexWriter};

use std::fmt;

/// First line of an index: who writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Header {
    /// The writing process.
    pub pid: u32,
    /// When it started, in seconds since 1970.
    pub started_unix: u64,
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "# {} {}", self.pid, self.started_unix)
    }
}

/// One segment as an index describes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    /// Name of the file inside the directory of the set; never a path.
    pub file: String,
    /// Where the payload begins in the file, in bytes; not 0 in a slice of a cluster.
    pub offset: u64,
    /// Length of the payload in bytes.
    pub len_bytes: u64,
    /// Class, such as `Log` or `Stat`; empty in a cluster.
    pub class: String,
    /// Which one of its class; may be empty.
    pub ident: String,
}

impl Entry {
    /// Whether this is a file that holds slices, and no segment itself.
    #[must_use]
    pub fn is_cluster(&self) -> bool {
        self.class.is_empty()
    }

    /// Whether this is a part of a cluster.
    #[must_use]
    pub fn is_slice(&self) -> bool {
        self.offset != 0
    }
}

/// The fields as they follow the sign in a line, both blanks always written.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Entry { file, offset, len_bytes, class, ident } = self;
        write!(f, "{file} {offset} {len_bytes} {} {}", fields::quoted(class), fields::quoted(ident))
    }
}

#[cfg(test)]
mod tests;
