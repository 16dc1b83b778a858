//! What waits to be sent, within bounds, and the account of what became of it.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes of spans that wait at most.
const QUEUE_BYTES: usize = 16 << 20;

/// The spans of one group.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// As JSON, with commas between them.
    pub(super) json: String,
    pub(super) spans: u64,
}

/// What became of groups so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Total {
    /// Groups that the collector took, and their spans.
    pub(super) sent: u64,
    pub(super) sent_spans: u64,
    /// Spans of them that it said it did not take.
    pub(super) rejected_spans: u64,
    /// Failing groups that were too many in their second.
    pub(super) over_rate: u64,
    /// Groups for which there was no room.
    pub(super) no_room: u64,
    /// Groups that the collector refused.
    pub(super) refused: u64,
    /// Groups that were given up, as the collector was not there or busy.
    pub(super) given_up: u64,
}

impl Total {
    /// Groups that should have gone out and did not, and spans that the collector dropped.
    pub(super) const fn lost(&self) -> u64 {
        self.no_room + self.refused + self.given_up + self.rejected_spans
    }

    /// For people.
    pub(super) fn words(&self) -> String {
        let mut text = format!("{} groups sent, {} spans", self.sent, self.sent_spans);
        for (count, what) in [
            (self.over_rate, "failing groups left out, more than --max-failing in a second"),
            (self.no_room, "groups lost, as there was no room for more to wait"),
            (self.refused, "groups lost, as the collector refused them"),
            (self.given_up, "groups lost, as the collector did not answer"),
            (self.rejected_spans, "spans lost, as the collector dropped them"),
        ] {
            if count > 0 {
                text += &format!("; {count} {what}");
            }
        }
        text
    }
}

/// A [`Total`] that several look at.
#[derive(Clone, Debug, Default)]
pub(super) struct Account(Arc<Mutex<Total>>);

impl Account {
    pub(super) fn total(&self) -> Total {
        *locked(&self.0)
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Total)) {
        change(&mut locked(&self.0));
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that is half done is ever left in it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The queue between the reader and the sender.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    items: VecDeque<Item>,
    bytes: usize,
    /// Nothing more comes.
    is_closed: bool,
    /// Nobody takes anything any more.
    is_left: bool,
    /// From then on nothing is tried again.
    deadline: Option<Instant>,
}

/// What the sender got.
#[derive(Debug)]
pub(super) enum Taken {
    Items(Vec<Item>),
    Nothing,
    /// There is nothing, and nothing comes.
    Closed,
}

impl Queue {
    /// Adds spans; `false`: there is no room. With `waits` there is always, after a while.
    pub(super) fn push(&self, item: Item, waits: bool) -> bool {
        let mut state = locked(&self.0.state);
        while state.bytes + item.json.len() > QUEUE_BYTES && !state.items.is_empty() {
            if !waits || state.is_left {
                return false;
            }
            state = self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.is_left {
            return false;
        }
        state.bytes += item.json.len();
        state.items.push_back(item);
        self.0.changed.notify_all();
        true
    }

    /// Takes what is there, up to so many bytes but at least one; waits for it for so long at most.
    pub(super) fn take(&self, most_bytes: usize, patience: Duration) -> Taken {
        let is_empty = |state: &mut State| state.items.is_empty() && !state.is_closed;
        let state = locked(&self.0.state);
        let waited = self.0.changed.wait_timeout_while(state, patience, is_empty);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let mut items = Vec::new();
        let mut bytes = 0;
        while let Some(item) = state.items.front()
            && (items.is_empty() || bytes + item.json.len() <= most_bytes)
        {
            bytes += item.json.len();
            items.extend(state.items.pop_front());
        }
        state.bytes -= bytes;
        self.0.changed.notify_all();
        match (items.is_empty(), state.is_closed) {
            (false, _) => Taken::Items(items),
            (true, true) => Taken::Closed,
            (true, false) => Taken::Nothing,
        }
    }

    /// Nothing more comes; what cannot be sent by then is lost.
    pub(super) fn close(&self, deadline: Option<Instant>) {
        let mut state = locked(&self.0.state);
        (state.is_closed, state.deadline) = (true, deadline);
        self.0.changed.notify_all();
    }

    /// Whether nothing more comes, and until when it may be tried to send.
    pub(super) fn closing(&self) -> Option<Option<Instant>> {
        let state = locked(&self.0.state);
        state.is_closed.then_some(state.deadline)
    }

    /// Sleeps until then, or until the queue is closed if it is not.
    pub(super) fn rest(&self, pause: Duration) {
        let state = locked(&self.0.state);
        let was_closed = state.is_closed;
        let is_same = |state: &mut State| state.is_closed == was_closed;
        drop(self.0.changed.wait_timeout_while(state, pause, is_same));
    }

    /// Nobody takes anything any more; how many groups were left.
    pub(super) fn leave(&self) -> u64 {
        let mut state = locked(&self.0.state);
        state.is_left = true;
        state.bytes = 0;
        let left = state.items.len() as u64;
        state.items.clear();
        self.0.changed.notify_all();
        left
    }
}

#[cfg(test)]
mod tests;
