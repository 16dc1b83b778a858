//! Whether a peer takes bytes while its connection has no room for more: whoever does is slow, and not silent.
//!
//! The kernel says that there is room again when a third of its buffer is free, which may be megabytes, and a peer that takes them
//! slowly would look as if it took nothing. So while a wait lasts that is for a peer to take something it is asked now and then what
//! the other side has acknowledged.

use std::time::Duration;

use crate::clock::Micros;

/// Looks in the time of a wait.
const LOOKS: u32 = 8;

/// What the peer was seen to take.
#[derive(Debug, Default)]
pub(crate) struct Taking {
    /// Bytes that it had acknowledged at the last look.
    acked: Option<u64>,
}

/// What a look has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// The peer has taken something: its wait begins anew.
    Moved,
    /// It has not, and it has time left.
    Still,
    /// The wait is over.
    Over,
}

impl Taking {
    /// When to look after `now` at a wait for `time` that ends at `end`.
    pub(crate) fn next(time: Duration, end: Micros, now: Micros) -> Micros {
        let next = now.after(time / LOOKS);
        if end > now { end.min(next) } else { next }
    }

    /// Looks at a wait that ends at `end`, when the moment for it has come; `acked` is what the kernel says, where it can.
    pub(crate) fn look(
        &mut self,
        end: Micros,
        acked: impl FnOnce() -> Option<u64>,
        now: Micros,
    ) -> Look {
        let Some(acked) = acked() else {
            return if now >= end { Look::Over } else { Look::Still };
        };
        match self.acked.replace(acked) {
            Some(before) if before != acked => Look::Moved,
            Some(_) if now >= end => Look::Over,
            // Nothing can be said yet after the first look, even if that was late.
            _ => Look::Still,
        }
    }
}

#[cfg(test)]
mod tests;
