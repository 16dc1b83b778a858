//! Whether a failed attempt is followed by another one.

use shellac_config::{RetryConnection, RetryPolicy};

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
        }
    }
}

/// How far a request has got with its route's policy.
#[derive(Debug)]
pub(super) struct Budget<'r> {
    policy: &'r RetryPolicy,
    /// The method qualifies.
    method: bool,
    /// Retries that were made.
    made: u32,
}

impl<'r> Budget<'r> {
    /// A request of `method` that has not been tried.
    pub(super) fn new(policy: &'r RetryPolicy, method: &str) -> Budget<'r> {
        let method = policy.methods.iter().any(|allowed| allowed == method);
        Budget { policy, method, made: 0 }
    }

    /// Whether another attempt follows a failure. `complete` says that every byte that was promised can be sent again.
    ///
    /// A connection that did not come about has carried nothing, so that any method may be tried again.
    pub(super) fn allows(
        &mut self,
        cause: Cause,
        reused: bool,
        replayable: bool,
    ) -> Result<(), Refusal> {
        let on = &self.policy.on;
        let wanted = match cause {
            Cause::Connect => on.connect,
            // A backend that closes without having read everything sends a reset instead of an orderly end.
            Cause::Eof => on.eof_before_byte || (reused && on.reused),
            Cause::Reset => on.reset_before_byte || on.eof_before_byte || (reused && on.reused),
            Cause::FirstByteTimeout => on.first_byte_timeout,
            Cause::Final => return Err(Refusal::Final),
        };
        if !wanted {
            return Err(Refusal::Cause);
        }
        if !self.method && cause != Cause::Connect {
            return Err(Refusal::Method);
        }
        if !replayable {
            return Err(Refusal::Body);
        }
        if self.spend() { Ok(()) } else { Err(Refusal::Max) }
    }

    /// Whether another attempt follows a response of `status`.
    pub(super) fn allows_status(&mut self, status: u16, replayable: bool) -> bool {
        self.policy.on.status
            && self.policy.statuses.contains(&status)
            && self.method
            && replayable
            && self.spend()
    }

    /// Whether the next attempt may use a kept connection.
    pub(super) fn may_reuse(&self) -> bool {
        self.made == 0 || self.policy.connection == RetryConnection::Any
    }

    fn spend(&mut self) -> bool {
        let left = self.made < self.policy.max;
        if left {
            self.made += 1;
        }
        left
    }
}

#[cfg(test)]
mod tests;
