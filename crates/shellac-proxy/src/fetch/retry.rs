//! Whether a failed attempt is followed by another one.

use std::time::Duration;

use shellac_config::{RetryConnection, RetryPolicy};
use shellac_upstream::Outcome;
use shellac_upstream::next::{self, NextUpstream, Stop, Trouble};

use super::backoff;
use super::failure::Cause;

/// Why no other attempt follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No policy could allow it.
    Final,
    /// The policy does not name such a failure.
    Cause,
    /// It does not name the method.
    Method,
    /// The body cannot be sent again.
    Body,
    /// As many were made as it allows.
    Max,
    /// The time for all attempts is over.
    Time,
}

impl Refusal {
    /// What the log says, where the failure alone does not tell.
    pub(super) const fn word(self) -> Option<&'static str> {
        match self {
            Refusal::Final => None,
            Refusal::Cause => Some("no cause"),
            Refusal::Method => Some("no method"),
            Refusal::Body => Some("no body"),
            Refusal::Max => Some("no max"),
            Refusal::Time => Some("no time"),
        }
    }
}

/// What is known when an attempt has failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended<'a> {
    pub(super) cause: Cause,
    /// What it says about the backend.
    pub(super) outcome: Outcome,
    /// Its connection had been used before.
    pub(super) reused: bool,
    pub(super) method: &'a str,
    /// The time for all attempts was over.
    pub(super) is_cut: bool,
    /// Something of the request was sent.
    pub(super) sent: bool,
    /// Every byte that was promised can be sent again.
    pub(super) replayable: bool,
    /// Attempts so far, and as many as the pool has backends.
    pub(super) attempts: u32,
    pub(super) most: usize,
    /// When the first attempt began, and when this one ended.
    pub(super) begun: Duration,
    pub(super) now: Duration,
}

/// How far a request has got with its route's policy.
#[derive(Debug)]
pub(super) struct Budget<'r> {
    rules: Rules<'r>,
    /// Retries that were made and count.
    made: u32,
    /// Attempts whose kept connection had been closed.
    stale: u32,
    /// The last retry that was allowed is one that does not count.
    is_free: bool,
}

/// Whose words the policy is in.
#[derive(Debug)]
enum Rules<'r> {
    /// Ours; and whether the method qualifies.
    Retry(&'r RetryPolicy, bool),
    /// Those of nginx.
    Next(&'r NextUpstream),
}

impl<'r> Budget<'r> {
    /// A request of `method` that has not been tried.
    pub(super) fn new(
        policy: &'r RetryPolicy,
        next: Option<&'r NextUpstream>,
        method: &str,
    ) -> Budget<'r> {
        let rules = match next {
            Some(next) => Rules::Next(next),
            None => {
                let named = policy.methods.iter().any(|allowed| allowed == method);
                Rules::Retry(policy, named)
            }
        };
        Budget { rules, made: 0, stale: 0, is_free: false }
    }

    /// Whether the request has met no kept connection yet that had been closed.
    pub(super) fn is_first_stale(&self) -> bool {
        self.stale == 0
    }

    /// Whether another attempt follows a failure.
    ///
    /// A connection that did not come about has carried nothing, so that any method may be tried again. The first kept connection that
    /// had been closed is no attempt that counts: nobody was there.
    pub(super) fn allows(&mut self, ended: &Ended<'_>) -> Result<(), Refusal> {
        if ended.outcome == Outcome::Stale {
            self.stale += 1;
        }
        let (policy, method) = match self.rules {
            Rules::Retry(policy, method) => (policy, method),
            Rules::Next(next) => {
                let trouble = match ended.outcome {
                    Outcome::Failed(fault) => Trouble::Fault(fault),
                    Outcome::Stale => Trouble::Stale,
                    Outcome::Local { .. } => Trouble::Local,
                    Outcome::Answered { .. } | Outcome::Client => return Err(Refusal::Final),
                };
                return self.goes_on(next, trouble, ended);
            }
        };
        if ended.is_cut {
            return Err(Refusal::Time);
        }
        let on = &policy.on;
        let wanted = match ended.cause {
            Cause::Connect => on.connect,
            // A backend that closes without having read everything sends a reset instead of an orderly end.
            Cause::Eof => on.eof_before_byte || (ended.reused && on.reused),
            Cause::Reset => {
                on.reset_before_byte || on.eof_before_byte || (ended.reused && on.reused)
            }
            Cause::FirstByteTimeout => on.first_byte_timeout,
            Cause::Final => return Err(Refusal::Final),
        };
        if !wanted {
            return Err(Refusal::Cause);
        }
        if !method && ended.cause != Cause::Connect {
            return Err(Refusal::Method);
        }
        if !ended.replayable {
            return Err(Refusal::Body);
        }
        self.is_free = ended.outcome == Outcome::Stale && self.stale == 1 && policy.max > 0;
        if self.is_free || self.spend() { Ok(()) } else { Err(Refusal::Max) }
    }

    /// Whether another attempt could follow a response of `status`, whatever else is known.
    pub(super) fn minds(&self, status: u16) -> bool {
        match self.rules {
            Rules::Retry(policy, _) => policy.on.status && policy.statuses.contains(&status),
            Rules::Next(_) => true,
        }
    }

    /// Whether another attempt follows a response of `status`.
    pub(super) fn allows_status(&mut self, status: u16, ended: &Ended<'_>) -> bool {
        self.is_free = false;
        match self.rules {
            Rules::Retry(_, method) => {
                self.minds(status) && method && ended.replayable && self.spend()
            }
            Rules::Next(next) => self.goes_on(next, Trouble::Status(status), ended).is_ok(),
        }
    }

    /// How long is waited before the retry that was just allowed; `chance` is from 0 to 1.
    pub(super) fn pause(&self, chance: f64) -> Duration {
        match self.rules {
            // Nobody was there: whoever is asked next has not seen the request.
            Rules::Retry(policy, _) if !self.is_free => backoff::pause(policy, self.made, chance),
            _ => Duration::ZERO,
        }
    }

    /// Whether the next attempt may use a kept connection.
    pub(super) fn may_reuse(&self) -> bool {
        match self.rules {
            Rules::Retry(policy, _) => {
                // One that was closed has nothing to say about others, but the policy has.
                (self.made == 0 && self.stale == 0) || policy.connection == RetryConnection::Any
            }
            Rules::Next(_) => true,
        }
    }

    fn goes_on(
        &self,
        next: &NextUpstream,
        trouble: Trouble,
        ended: &Ended<'_>,
    ) -> Result<(), Refusal> {
        let ended = next::Ended {
            trouble,
            method: ended.method,
            sent: ended.sent,
            replayable: ended.replayable,
            attempts: ended.attempts,
            stale: self.stale,
            most: ended.most,
            begun: ended.begun,
            now: ended.now,
        };
        next.goes_on(&ended).map_err(|stop| match stop {
            Stop::Condition => Refusal::Cause,
            Stop::Time => Refusal::Time,
            Stop::Method => Refusal::Method,
            Stop::Body => Refusal::Body,
            Stop::Tries => Refusal::Max,
        })
    }

    fn spend(&mut self) -> bool {
        let Rules::Retry(policy, _) = self.rules else { return false };
        let left = self.made < policy.max;
        if left {
            self.made += 1;
        }
        left
    }
}

#[cfg(test)]
mod tests;
