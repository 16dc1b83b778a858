//! `--until` and `--fail-if`: looking at counters until something is true of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use super::condition::{Condition, Number, Of, nearest};

/// Names that are shown of many.
const SHOWN: usize = 3;

/// What the counters are at a moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Sample {
    /// Since the first look.
    pub(super) at: Duration,
    pub(super) values: BTreeMap<String, Reading>,
}

/// A counter at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) value: i128,
    /// It only grows, so one that is smaller than before has begun anew.
    pub(super) grows: bool,
}

/// How it ends. The numbers are exit statuses, which `--help` lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Every `--until` holds for all counters that it is about; or there is none and no `--fail-if` holds.
    Holds(String),
    /// A pattern matches no counter.
    NoMatch(String),
    /// A counter that was there is gone.
    Vanished(String),
    /// A `--fail-if` holds.
    Failed(String),
}

impl End {
    /// The exit status and what to say.
    pub(super) fn status(&self) -> (u8, &str) {
        match self {
            End::Holds(text) => (0, text),
            End::NoMatch(text) => (2, text),
            End::Vanished(text) => (3, text),
            End::Failed(text) => (5, text),
        }
    }
}

/// The exit status when `--timeout` has passed first.
const TIMED_OUT: u8 = 4;

/// All conditions, and what they have seen.
#[derive(Debug, Default)]
pub(super) struct Watch {
    until: Vec<Watched>,
    fail_if: Vec<Watched>,
    first: Option<Sample>,
    before: Sample,
}

#[derive(Debug)]
struct Watched {
    condition: Condition,
    /// Counters that it was about so far.
    seen: BTreeSet<String>,
}

/// One counter that a condition is about.
struct Look<'a> {
    name: &'a str,
    number: Number,
    holds: bool,
}

impl Watch {
    /// Conditions that have to hold for all their counters, and such that must not for any.
    pub(super) fn new(until: Vec<Condition>, fail_if: Vec<Condition>) -> Watch {
        let watched = |list: Vec<Condition>| {
            let watched = |condition| Watched { condition, seen: BTreeSet::new() };
            list.into_iter().map(watched).collect()
        };
        Watch { until: watched(until), fail_if: watched(fail_if), ..Watch::default() }
    }

    /// Whether one look cannot tell: changes and rates need two.
    fn needs_two(&self) -> bool {
        let mut all = self.until.iter().chain(&self.fail_if);
        all.any(|watched| watched.condition.of != Of::Value)
    }

    /// Takes a look. `Err` is the end of it, `Ok` what is not as it shall be yet, for people.
    pub(super) fn look(&mut self, now: Sample) -> Result<String, End> {
        for watched in self.until.iter_mut().chain(&mut self.fail_if) {
            watched.check_names(&now)?;
        }
        let is_too_early = self.first.is_none() && self.needs_two();
        let first = self.first.get_or_insert_with(|| now.clone());
        let before = std::mem::replace(&mut self.before, now);
        let now = &self.before;
        if is_too_early {
            return Ok("waiting for a second look: a change needs two".to_owned());
        }
        for Watched { condition, seen } in &self.fail_if {
            let looks = looks(condition, seen, first, &before, now);
            if let Some(look) = looks.iter().find(|look| look.holds) {
                let text = format!("{condition}: {} is {}", look.name, look.number);
                return Err(End::Failed(text));
            }
        }
        let mut holds = Vec::new();
        let mut open = Vec::new();
        for Watched { condition, seen } in &self.until {
            let looks = looks(condition, seen, first, &before, now);
            let left: Vec<&Look<'_>> = looks.iter().filter(|look| !look.holds).collect();
            if left.is_empty() {
                holds.push(format!("{condition}: holds for {}", counters(looks.len())));
            } else {
                open.push(describe(condition, &left, looks.len()));
            }
        }
        if !open.is_empty() {
            return Ok(open.join("; "));
        }
        for Watched { condition, seen } in &self.fail_if {
            holds.push(format!("{condition}: does not hold for any of {}", counters(seen.len())));
        }
        Err(End::Holds(holds.join("\n")))
    }

    /// Whether something is waited for, and not only watched out for.
    fn is_waiting(&self) -> bool {
        !self.until.is_empty()
    }
}

impl Watched {
    /// Remembers which counters it is about; there has to be one, and those that were there have to stay.
    fn check_names(&mut self, now: &Sample) -> Result<(), End> {
        let Watched { condition, seen } = self;
        if let Some(gone) = seen.iter().find(|name| !now.values.contains_key(*name)) {
            return Err(End::Vanished(format!(
                "{condition}: {gone} is gone, so nobody can say what it is; its configuration was discarded or made \
                 cold, or the worker ended"
            )));
        }
        seen.extend(now.values.keys().filter(|name| condition.is_about(name)).cloned());
        if !seen.is_empty() {
            return Ok(());
        }
        let names = nearest(&condition.pattern, now.values.keys().map(String::as_str), SHOWN);
        let mut text = format!("{condition}: no counter is called {}", condition.pattern);
        if names.is_empty() {
            text.push_str("; there are none at all");
        } else {
            let _ = write!(text, "; nearest: {}", names.join(", "));
        }
        Err(End::NoMatch(text))
    }
}

/// The counters that a condition is about, with the number that it asks for.
fn looks<'a>(
    condition: &Condition,
    seen: &'a BTreeSet<String>,
    first: &Sample,
    before: &Sample,
    now: &Sample,
) -> Vec<Look<'a>> {
    let look = |name: &'a String| {
        let reading = *now.values.get(name)?;
        let change = |since: &Sample| match since.values.get(name) {
            Some(then) if !reading.grows || then.value <= reading.value => {
                reading.value - then.value
            }
            // Who begins anew begins at nothing; who was not there had nothing.
            _ => reading.value,
        };
        let number = match condition.of {
            Of::Value => Number::Whole(reading.value),
            Of::Delta => Number::Whole(change(first)),
            Of::Rate => {
                let seconds = now.at.saturating_sub(before.at).as_secs_f64();
                Number::Broken(per_second(change(before), seconds))
            }
        };
        Some(Look { name, number, holds: condition.holds(number) })
    };
    seen.iter().filter_map(look).collect()
}

#[allow(clippy::cast_precision_loss, reason = "a rate is no exact number")]
fn per_second(change: i128, seconds: f64) -> f64 {
    if seconds > 0.0 { change as f64 / seconds } else { 0.0 }
}

fn describe(condition: &Condition, left: &[&Look<'_>], all: usize) -> String {
    let mut text = format!("{condition}: not yet for {} of {}: ", left.len(), counters(all));
    let names: Vec<String> =
        left.iter().take(SHOWN).map(|look| format!("{} is {}", look.name, look.number)).collect();
    text.push_str(&names.join(", "));
    if left.len() > SHOWN {
        text.push_str(", ...");
    }
    text
}

fn counters(count: usize) -> String {
    if count == 1 { "1 counter".to_owned() } else { format!("{count} counters") }
}

mod run;
#[cfg(test)]
mod tests;

pub(super) use run::{Options, run};
