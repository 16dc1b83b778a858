//! When connections to backends were opened and used last, which most versions do not log.

use std::collections::HashMap;

use crate::trace::{Attempt, Micros, Open};

/// Connections that are remembered, twice: those used since the last change and those used before it.
const GENERATION: usize = 16_384;

/// What is known of a connection.
#[derive(Clone, Copy, Debug)]
struct Known {
    opened: Option<Micros>,
    last: Micros,
}

/// Remembers connections by their two addresses.
#[derive(Clone, Debug, Default)]
pub(super) struct Connections {
    young: HashMap<String, Known>,
    old: HashMap<String, Known>,
}

/// How old a reused connection was, and for how long nothing had gone over it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ages {
    pub(super) age: Option<Micros>,
    pub(super) idle: Option<Micros>,
}

impl Connections {
    /// Takes an attempt in and says how old its connection was. Of an attempt with several connections in a row
    /// it is not known when each of them was taken up.
    pub(super) fn used(&mut self, attempt: &Attempt) -> Ages {
        let [exchange] = &attempt.exchanges[..] else { return Ages::default() };
        let Some(open) = &exchange.open else { return Ages::default() };
        let stamps = || attempt.steps.iter().map(|step| step.stamp.at);
        let (Some(key), Some(from), Some(to)) = (key(open), stamps().next(), stamps().next_back())
        else {
            return Ages { age: open.age, idle: None };
        };
        let known = if open.reused == Some(true) { self.known(&key) } else { None };
        let since = |earlier: Option<Micros>| {
            earlier.map(|earlier| from.since(earlier)).filter(|time| time.0 >= 0)
        };
        let opened = match open.reused {
            Some(false) => Some(from),
            _ => known.and_then(|known| known.opened),
        };
        self.remember(key, Known { opened, last: to });
        if open.reused != Some(true) {
            return Ages::default();
        }
        let age = open.age.or_else(|| since(known.and_then(|known| known.opened)));
        Ages { age, idle: since(known.map(|known| known.last)) }
    }

    fn known(&self, key: &str) -> Option<Known> {
        self.young.get(key).or_else(|| self.old.get(key)).copied()
    }

    fn remember(&mut self, key: String, known: Known) {
        if self.young.len() >= GENERATION && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, known);
    }
}

fn key(open: &Open) -> Option<String> {
    Some(format!("{} {}", open.local.as_deref()?, open.remote.as_deref()?))
}
