//! Whether a peer takes bytes while its connection has no room for more: whoever does is slow, and not silent.
//!
//! The kernel says that there is room again when a third of its buffer is free, which may be megabytes, and a peer that takes them
//! slowly would look as if it took nothing. So while a wait to send lasts it is asked now and then what the other side has
//! acknowledged.

use super::limit::{Limit, Wait};
use crate::clock::Micros;

/// Looks in the time of a wait.
const LOOKS: u32 = 8;

/// What the peer was seen to take.
#[derive(Debug, Default)]
pub(super) struct Taking {
    /// Bytes that it had acknowledged at the last look.
    acked: Option<u64>,
}

/// What a look has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// The peer has taken something: its wait begins anew.
    Moved,
    /// It has not, and it has time left.
    Still,
    /// The wait is over.
    Over,
}

impl Taking {
    /// When to look at `wait` after `now`.
    pub(super) fn next(wait: &Wait, now: Micros) -> Micros {
        match wait.time.filter(|_| wait.limit == Limit::Send) {
            Some(time) if wait.at > now => wait.at.min(now.after(time / LOOKS)),
            Some(time) => now.after(time / LOOKS),
            None => wait.at,
        }
    }

    /// Looks at a `wait` whose timer has gone off; `acked` is what the kernel says, where it can.
    pub(super) fn look(
        &mut self,
        wait: &Wait,
        acked: impl FnOnce() -> Option<u64>,
        now: Micros,
    ) -> Look {
        if wait.limit != Limit::Send {
            return Look::Over;
        }
        let Some(acked) = acked() else {
            return if now >= wait.at { Look::Over } else { Look::Still };
        };
        match self.acked.replace(acked) {
            Some(before) if before != acked => Look::Moved,
            Some(_) if now >= wait.at => Look::Over,
            // Nothing can be said yet after the first look, even if that was late.
            _ => Look::Still,
        }
    }
}

#[cfg(test)]
mod tests;
