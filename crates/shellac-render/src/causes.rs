//! The causes of failed attempts: one table, and what it takes to be sure of a row.
//!
//! A row holds for certain only when everything that it asks for is in the log. Where something is not
//! recorded, every row that remains possible is a candidate, and the answer names the facts that would
//! decide. Nothing here guesses.

mod answer;
mod client;
mod connect;
mod own;

use crate::error_text::{Class, Classes, Phases, Reading};

/// One row: a cause, how it is recognised and what to do about it.
#[derive(Debug)]
pub struct Cause {
    /// A short name that does not change.
    pub id: &'static str,
    /// What it is, in plain words.
    pub title: &'static str,
    /// Phases in which it shows.
    phases: Phases,
    /// Ways in which it shows.
    classes: Classes,
    /// What the connection must have been like.
    when: When,
    /// How it comes about.
    pub means: &'static str,
    /// What to do, the most likely remedy first.
    pub todo: &'static [&'static str],
    /// The number that proves it, and where it stands.
    pub proof: &'static str,
    /// What is seen elsewhere when it is this one: tells candidates apart.
    pub sign: &'static str,
}

/// What a cause asks of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// Nothing.
    Always,
    /// Not one from the pool that took nothing of the request: such a one was dead before.
    NotUntaken,
    /// One from the pool that took nothing of the request, or reset before the request was read: what a
    /// backend's kernel took, its application need not have seen.
    ReusedUntaken,
}

impl PartialEq for Cause {
    fn eq(&self, other: &Cause) -> bool {
        self.id == other.id
    }
}

/// All causes that are known by name, in the order in which candidates are shown.
pub fn all() -> impl Iterator<Item = &'static Cause> {
    answer::ANSWER.iter().chain(connect::CONNECT).chain(client::CLIENT).chain(own::OWN)
}

impl Cause {
    /// The facts that have to be recorded before this cause can be the only one.
    pub fn needs(&self) -> Vec<Missing> {
        let mut needs = Vec::new();
        if self.phases != Phases::ANY {
            needs.push(Missing::Phase);
        }
        needs.push(Missing::Class);
        if self.when != When::Always {
            needs.extend([Missing::Reuse, Missing::Taken]);
        }
        needs
    }

    /// What to do. Where such a failure `is_retried` already, the advice to do so says that instead.
    pub(crate) fn steps(&self, is_retried: bool) -> impl Iterator<Item = &'static str> {
        const RETRIED: &str =
            "Such a failure is retried already; `max` (varnish: max_retries) limits how often.";
        let replaced = move |step: &str| is_retried && answer::RETRIES.contains(&step);
        self.todo.iter().map(move |&step| if replaced(step) { RETRIED } else { step })
    }

    /// Whether it is possible when nothing but a text is known.
    pub fn fits(&self, reading: Reading) -> bool {
        let Reading { phases, classes } = reading;
        !self.is_excluded_by(&Evidence { phases, classes, reused: None, taken: None })
    }

    fn is_excluded_by(&self, evidence: &Evidence) -> bool {
        let Evidence { phases, classes, reused, taken } = *evidence;
        let by_connection = match self.when {
            When::Always => false,
            When::NotUntaken => reused == Some(true) && taken == Some(false),
            When::ReusedUntaken => {
                let never_reset = !classes.contains(Class::Reset);
                reused == Some(false) || (taken == Some(true) && never_reset)
            }
        };
        by_connection || phases.disjoint(self.phases) || classes.disjoint(self.classes)
    }
}

/// What is known about a failed exchange, as far as the log records it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Phases that are possible.
    pub phases: Phases,
    /// Classes that are possible.
    pub classes: Classes,
    /// Whether the connection came from the pool.
    pub reused: Option<bool>,
    /// Whether the backend's side of the connection acknowledged any of the request.
    pub taken: Option<bool>,
}

/// Whether `bytes`, the acknowledged ones of a request, tell that the backend's side took any of it.
///
/// What was acknowledged was taken. That nothing was proves the contrary only when the end was orderly: a FIN
/// acknowledges all that came before it, and the kernel says EPIPE instead of ECONNRESET for a reset that
/// comes behind one. An application that resets may have read what was not acknowledged yet.
pub fn was_taken(bytes: u64, classes: Classes, errno: Option<i32>) -> Option<bool> {
    const EPIPE: i32 = 32;
    let orderly = classes.within(Classes::of(&[Class::Eof])) || errno == Some(EPIPE);
    match bytes {
        0 => orderly.then_some(false),
        _ => Some(true),
    }
}

/// A fact that the log does not contain and that would decide between candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Whether the connection was new or reused.
    Reuse,
    /// In which phase it failed.
    Phase,
    /// How it failed.
    Class,
    /// Whether the backend's kernel had taken any of the request.
    Taken,
    /// Whether its application had read it.
    Read,
    /// Whether the text stands in a client's transaction or in a backend's.
    Side,
}

impl Missing {
    /// A word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Missing::Reuse => "reused",
            Missing::Phase => "phase",
            Missing::Class => "class",
            Missing::Taken => "taken",
            Missing::Read => "read",
            Missing::Side => "side",
        }
    }

    /// What it is, why it is not there, and how to get it.
    pub const fn would_decide(self) -> &'static str {
        match self {
            Missing::Reuse => {
                "Whether the connection was new or reused would decide, and is not recorded by this \
                 version. From 6.0 on, BackendOpen ends in \"connect\" or \"reuse\"."
            }
            Missing::Phase => {
                "Whether a byte of the answer had come would decide, and is not recorded for each \
                 attempt: BereqAcct is the sum of all. shellacd logs it as fetch.phase."
            }
            Missing::Class => {
                "How it ended (closed, reset, time-out) would decide, and the text leaves it open. \
                 shellacd logs it as fetch.class."
            }
            Missing::Taken => {
                "Whether the backend's kernel had acknowledged any of the request would decide, and \
                 is not recorded. shellacd logs it as fetch.taken; a packet capture shows it."
            }
            Missing::Read => {
                "Whether the application had read the request would decide. After a reset no proxy \
                 can see that: look for the X-Varnish number in the backend's own log."
            }
            Missing::Side => {
                "Whether the text stands in a request or in a backend request would decide: the same \
                 words are used for what a client sends and for what a backend answers."
            }
        }
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnosis {
    /// The causes that fit, in the order of the table. One means: this is it. None: not in the table.
    pub candidates: Vec<&'static Cause>,
    /// The facts that would decide between several.
    pub missing: Vec<Missing>,
}

/// The causes that fit `evidence`.
pub fn diagnose(evidence: &Evidence) -> Diagnosis {
    let candidates: Vec<&'static Cause> =
        all().filter(|cause| !cause.is_excluded_by(evidence)).collect();
    let mut missing = Vec::new();
    if candidates.len() > 1 {
        let mut need = |fact, decides: bool| {
            if decides {
                missing.push(fact);
            }
        };
        let by_connection = candidates.iter().any(|cause| cause.when != When::Always);
        let Evidence { phases, classes, reused, taken } = *evidence;
        need(Missing::Reuse, by_connection && reused.is_none());
        let only_reset = classes.within(Classes::of(&[Class::Reset]));
        let was_reused = by_connection && reused == Some(true);
        need(Missing::Read, was_reused && only_reset);
        need(Missing::Taken, was_reused && !only_reset && taken.is_none());
        need(Missing::Phase, candidates.iter().any(|cause| !phases.within(cause.phases)));
        let open = |cause: &&Cause| !classes.within(cause.classes);
        need(Missing::Class, {
            candidates.iter().any(open) || (was_reused && !only_reset && taken == Some(true))
        });
    }
    Diagnosis { candidates, missing }
}

#[cfg(test)]
mod tests;
