//! Whether a request goes on to another backend, in the words of nginx.

use std::fmt;
use std::time::Duration;

use crate::outcome::Fault;

/// When a request goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextUpstream {
    /// No connection, or it broke before the head of a response was complete.
    pub error: bool,
    /// A connection, or the head of a response, took too long.
    pub timeout: bool,
    /// What came was no response.
    pub invalid_header: bool,
    /// POST, LOCK and PATCH go on too when something of them was sent.
    pub non_idempotent: bool,
    /// Responses with these statuses are not passed on as long as there is another backend.
    pub statuses: Vec<u16>,
    /// Most attempts of a request; 0 is one for each backend that is not `down`.
    pub tries: u32,
    /// Longest time for all attempts up to the head of a response, from the begin of the first one.
    pub limit: Option<Duration>,
    /// Whether `limit` cuts an attempt that runs. With nginx it only keeps the next one from beginning.
    pub cuts: bool,
}

impl Default for NextUpstream {
    fn default() -> Self {
        Self {
            error: true,
            timeout: true,
            invalid_header: false,
            non_idempotent: false,
            statuses: Vec::new(),
            tries: 0,
            limit: None,
            cuts: true,
        }
    }
}

/// What came of an attempt, of which nothing has been passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The backend is to blame.
    Fault(Fault),
    /// A kept connection had been closed.
    Stale,
    /// This machine is to blame.
    Local,
    /// A whole head of a response came, with this status.
    Status(u16),
}

/// An attempt that ended, and the request that it was made for.
#[derive(Debug, Clone, Copy)]
pub struct Ended<'a> {
    /// What came of it.
    pub trouble: Trouble,
    /// The request's method.
    pub method: &'a str,
    /// Something of the request was sent.
    pub sent: bool,
    /// Every byte of the request can be sent again.
    pub replayable: bool,
    /// Attempts of the request, this one included.
    pub attempts: u32,
    /// How many of them ended with [`Trouble::Stale`], this one included.
    pub stale: u32,
    /// As many attempts as the pool has backends ([`Pool::most_attempts`](crate::Pool::most_attempts)).
    pub most: usize,
    /// When the first attempt began.
    pub begun: Duration,
    /// When this one ended.
    pub now: Duration,
}

/// Why a request does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// No condition names what has happened.
    Condition,
    /// The time for all attempts is over.
    Time,
    /// Something was sent, and the method may do harm when it is repeated.
    Method,
    /// The body cannot be sent again.
    Body,
    /// As many attempts were made as there may be.
    Tries,
}

impl Stop {
    /// Words for the log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Stop::Condition => "no cause",
            Stop::Time => "no time",
            Stop::Method => "no method",
            Stop::Body => "no body",
            Stop::Tries => "no max",
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl NextUpstream {
    /// When an attempt that runs is cut, for a request whose first attempt began at `begun`.
    #[must_use]
    pub fn deadline(&self, begun: Duration) -> Option<Duration> {
        self.limit.filter(|_| self.cuts).map(|limit| begun.saturating_add(limit))
    }

    /// Whether another attempt follows.
    ///
    /// The first [`Trouble::Stale`] does not count among the attempts: there was nobody to take the request.
    ///
    /// # Errors
    ///
    /// Why none follows.
    pub fn goes_on(&self, ended: &Ended<'_>) -> Result<(), Stop> {
        if !self.names(ended.trouble) {
            return Err(Stop::Condition);
        }
        if self.limit.is_some_and(|limit| ended.now.saturating_sub(ended.begun) >= limit) {
            return Err(Stop::Time);
        }
        let harmful = matches!(ended.method, "POST" | "LOCK" | "PATCH");
        if ended.sent && harmful && !self.non_idempotent {
            return Err(Stop::Method);
        }
        if !ended.replayable {
            return Err(Stop::Body);
        }
        let most = match self.tries {
            0 => ended.most,
            tries => (tries as usize).min(ended.most),
        };
        let counted = ended.attempts.saturating_sub(ended.stale.min(1)) as usize;
        if counted >= most { Err(Stop::Tries) } else { Ok(()) }
    }

    fn names(&self, trouble: Trouble) -> bool {
        match trouble {
            Trouble::Fault(Fault::ConnectTimeout | Fault::HeadTimeout) => self.timeout,
            Trouble::Fault(Fault::Garbage) => self.invalid_header,
            Trouble::Fault(Fault::Connect | Fault::Reset | Fault::Eof) => self.error,
            Trouble::Stale | Trouble::Local => self.error,
            // The response has begun, and a part of it may have been passed on.
            Trouble::Fault(Fault::Truncated | Fault::Stalled) => false,
            Trouble::Fault(Fault::Status(status)) | Trouble::Status(status) => {
                self.statuses.contains(&status)
            }
        }
    }
}

#[cfg(test)]
mod tests;
