//! Fires above one threshold, resolves below another one, each after a time.

use std::time::Duration;

use super::Order;

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It has been bad for long enough.
    Fire,
    /// It has been good for long enough.
    Resolve,
}

/// Whether a value is bad, with a memory, so that one that trembles around its threshold is one incident.
#[derive(Clone, Debug)]
pub struct Hysteresis {
    order: Order,
    fire: (f64, Duration),
    resolve: (f64, Duration),
    is_firing: bool,
    /// Since when it has been on the way to the other state.
    since: Option<Duration>,
}

impl Hysteresis {
    /// Fires beyond `fire` when that lasts, resolves on the other side of `resolve` when that lasts.
    pub const fn new(order: Order, fire: (f64, Duration), resolve: (f64, Duration)) -> Hysteresis {
        Hysteresis { order, fire, resolve, is_firing: false, since: None }
    }

    /// Takes the value of this moment. `may_fire` is false where it rests on too little.
    pub fn update(&mut self, now: Duration, value: f64, may_fire: bool) -> Option<Turn> {
        let (turns, hold) = if self.is_firing {
            (!self.order.is_bad(value, self.resolve.0), self.resolve.1)
        } else {
            (may_fire && self.order.is_bad(value, self.fire.0), self.fire.1)
        };
        if !turns {
            self.since = None;
            return None;
        }
        let since = *self.since.get_or_insert(now);
        if now.saturating_sub(since) < hold {
            return None;
        }
        self.since = None;
        self.is_firing = !self.is_firing;
        Some(if self.is_firing { Turn::Fire } else { Turn::Resolve })
    }

    /// Whether it has fired and not resolved.
    pub const fn is_firing(&self) -> bool {
        self.is_firing
    }
}
