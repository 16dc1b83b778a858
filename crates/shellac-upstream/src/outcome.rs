//! What became of an attempt, as far as it says something about the backend.

use std::fmt;

/// What a backend did wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// It refused the connection, or could not be reached.
    Connect,
    /// It did not answer to the connection in time.
    ConnectTimeout,
    /// It reset the connection before the response head was complete.
    Reset,
    /// It closed the connection before the response head was complete.
    Eof,
    /// The response head did not come in time.
    HeadTimeout,
    /// What came was no response.
    Garbage,
    /// The response body ended early.
    Truncated,
    /// The response body did not go on in time.
    Stalled,
    /// The response has a status that counts as a failure.
    Status(u16),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::Connect => "no connection",
            Fault::ConnectTimeout => "connect timeout",
            Fault::Reset => "reset before the head",
            Fault::Eof => "closed before the head",
            Fault::HeadTimeout => "head timeout",
            Fault::Garbage => "no HTTP",
            Fault::Truncated => "truncated body",
            Fault::Stalled => "body timeout",
            Fault::Status(status) => return write!(f, "status {status}"),
        })
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The whole response came, with this status.
    Answered {
        /// The response's status.
        status: u16,
        /// The response is not passed on, because another attempt follows: this is what nginx makes a failure of.
        retried: bool,
    },
    /// The backend is to blame.
    Failed(Fault),
    /// A kept connection had been closed before the request could reach anybody. Says nothing about the backend.
    Stale,
    /// This machine is to blame: no ports, no buffers, no permission. Says nothing about the backend.
    Local {
        /// It was `connect` that failed, for which nginx blames the backend nevertheless.
        connecting: bool,
    },
    /// The client is gone or at fault. Says nothing about the backend.
    Client,
}
