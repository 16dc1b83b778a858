//! What went through a tunnel, and how it ended.

use std::sync::Arc;
use std::time::Duration;

use shellac_upstream::{Fault, Outcome};

use crate::clock::micros;
use crate::log::Txn;

/// How a tunnel ended: whoever was the first to do so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The client sent its last byte.
    Client,
    /// The backend did.
    Backend,
    /// The client's connection was reset.
    ClientReset,
    /// The backend's was.
    BackendReset,
    /// Nothing went either way for this long.
    Idle(Duration),
    /// It was there for this long.
    Total(Duration),
    /// Somebody has ended it, for this reason.
    Killed(Arc<str>),
}

/// What went through a tunnel.
#[derive(Debug)]
pub(crate) struct Passed {
    /// The number of the backend's descriptor, for the log.
    pub(crate) fd: i32,
    /// Bytes that the client sent.
    pub(crate) from_client: u64,
    /// Bytes that it was sent.
    pub(crate) to_client: u64,
    /// Bytes that the backend sent.
    pub(super) from_backend: u64,
    pub(super) end: End,
    /// The client may still be sending, and has to get the chance to read what it was sent.
    pub(crate) linger: bool,
}

impl Passed {
    /// The client was gone before there was a tunnel.
    pub(crate) fn nothing(fd: i32) -> Passed {
        Passed {
            fd,
            from_client: 0,
            to_client: 0,
            from_backend: 0,
            end: End::ClientReset,
            linger: false,
        }
    }

    /// What it says about the backend: one that has said something is there. `status` is that of its answer.
    pub(crate) fn outcome(&self, status: u16) -> Outcome {
        if self.from_backend > 0 || status == 101 {
            return Outcome::Answered { status, retried: false };
        }
        match self.end {
            End::Backend => Outcome::Failed(Fault::Eof),
            End::BackendReset => Outcome::Failed(Fault::Reset),
            _ => Outcome::Client,
        }
    }

    /// Logs how it ended.
    pub(crate) fn log(&self, txn: &Txn) {
        let word = match &self.end {
            End::Client => "client",
            End::Backend => "backend",
            End::ClientReset => "client_reset",
            End::BackendReset => "backend_reset",
            End::Idle(_) => "idle",
            End::Total(_) => "total",
            End::Killed(_) => "admin",
        };
        txn.note("pipe.end", word);
        match &self.end {
            End::Idle(limit) | End::Total(limit) => txn.note_seconds("pipe.limit", micros(*limit)),
            End::Killed(reason) => txn.note("pipe.reason", reason.as_bytes()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
