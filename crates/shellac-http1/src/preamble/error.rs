//! Why a preamble is refused.

use thiserror::Error;

/// Why a preamble is refused. The connection cannot be used: nobody knows whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PreambleError {
    /// What came does not begin like one.
    #[error("not a PROXY header")]
    None,
    /// Version 1: the line does not end where it has to.
    #[error("PROXY1: no end of line within 107 bytes")]
    Endless,
    /// Version 1: a line end that is none, or a byte that is not text.
    #[error("PROXY1: bytes that a line cannot have")]
    Bytes,
    /// Version 1: not six words with one blank between two.
    #[error("PROXY1: not six fields")]
    Fields,
    /// Version 1: another protocol than TCP4, TCP6 and UNKNOWN.
    #[error("PROXY1: unknown protocol")]
    Protocol,
    /// Version 1: an address is none, or is one of the other family.
    #[error("PROXY1: bad address")]
    Address,
    /// Version 1: a port is none.
    #[error("PROXY1: bad port")]
    Port,
    /// Version 2: another version.
    #[error("PROXY2: bad version")]
    Version,
    /// Version 2: neither LOCAL nor PROXY.
    #[error("PROXY2: bad command")]
    Command,
    /// Version 2: a family or transport that does not exist.
    #[error("PROXY2: bad address family")]
    Family,
    /// Version 2: the addresses do not fit into the length.
    #[error("PROXY2: too short for its addresses")]
    Short,
    /// Version 2: longer than [`PREAMBLE_BYTES`](super::PREAMBLE_BYTES).
    #[error("PROXY2: longer than 4096 bytes")]
    Long,
    /// Version 2: the remarks behind the addresses do not fill the length.
    #[error("PROXY2: bad extension")]
    Extension,
}

impl PreambleError {
    /// Whether what came is no preamble at all, rather than a broken one.
    pub fn is_none(self) -> bool {
        self == PreambleError::None
    }
}
