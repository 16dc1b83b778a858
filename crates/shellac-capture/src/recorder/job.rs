//! A window on its way to its capture: how long it lasts, who wanted it, what it could have.

use std::time::Duration;

use shellac_format::Dialect;

use crate::history::{Moment, Place};
use crate::rules::{Keep, Rule};
use crate::store::manifest::{Facts, Trigger};
use crate::store::{CaptureId, Refusal};
use crate::window::{Progress, Scope, Window};

/// Triggers and rules that are kept of one capture; more triggers are counted.
const MAX_TRIGGERS: usize = 256;
/// Bytes that are read for one window before the next one has its turn.
const STEP_BYTES: usize = 256 << 10;

#[derive(Debug)]
pub(super) struct Job {
    pub(super) window: Window,
    pub(super) capture: CaptureId,
    pub(super) facts: Facts,
    /// Where its first record is in the file.
    pub(super) offset: u64,
    pub(super) has_written: bool,
    /// Why nothing more is written.
    pub(super) refused: Option<Refusal>,
    /// Other triggers have other captures.
    pub(super) is_alone: bool,
    /// When the first trigger was, and the last.
    first: Duration,
    last: Duration,
    /// When what it has begins.
    begin: Option<Duration>,
    /// It ends at this time.
    until: Duration,
    /// Another trigger may come for so long after that.
    linger: Duration,
    /// Where and when reading was when that time had come.
    end: Option<(Option<Place>, Duration)>,
    /// The log that it reads gets no more records.
    is_gone: bool,
    /// Everything was read that is there.
    is_waiting: bool,
    /// Why there is no history, for the manifest.
    problem: Option<String>,
}

/// What is left of a job at its end.
pub(super) struct Done {
    pub(super) capture: CaptureId,
    pub(super) facts: Facts,
    pub(super) triggers_total: u64,
}

/// The facts of a capture for `rule` before anything happened.
pub(super) fn facts(rule: &Rule, keep: Keep) -> Facts {
    let mut facts = Facts { keep: Some(keep.word().to_owned()), ..Facts::default() };
    facts.rules.push(rule.name.clone());
    facts.more.insert("severity".to_owned(), rule.severity.word().into());
    for (key, value) in [("owner", &rule.owner), ("runbook", &rule.runbook)] {
        if let Some(value) = value {
            facts.more.insert(key.to_owned(), value.as_str().into());
        }
    }
    facts
}

impl Job {
    pub(super) fn new(
        scope: Scope,
        dialect: Dialect,
        capture: CaptureId,
        rule: &Rule,
        start: Option<Moment>,
        until: Duration,
    ) -> Job {
        let keep = match scope {
            Scope::All => Keep::All,
            Scope::Session(_) => Keep::Session,
            Scope::Backend(_) => Keep::Backend,
            Scope::Xid(_) => Keep::Group,
        };
        let mut facts = facts(rule, keep);
        let mut problem = None;
        let mut begin = None;
        let history = start.and_then(|start| match start.place.open() {
            Ok((history, lost)) => {
                if lost > 0 {
                    lose(&mut facts, lost, "overrun");
                }
                begin = Some(start.time);
                Some(history)
            }
            Err(error) => {
                problem = Some(error);
                None
            }
        });
        Job {
            window: Window::new(scope, dialect, history),
            capture,
            facts,
            offset: 0,
            has_written: false,
            refused: None,
            is_alone: false,
            first: Duration::MAX,
            last: Duration::ZERO,
            begin,
            until,
            linger: Duration::ZERO,
            end: None,
            is_gone: false,
            is_waiting: false,
            problem,
        }
    }

    /// Whether a window with this scope that begins here overlaps with this one.
    pub(super) fn takes(&self, scope: &Scope, begin: Duration) -> bool {
        let is_open = self.refused.is_none() && !self.is_gone && !self.is_alone;
        is_open && self.window.scope() == scope && begin <= self.until
    }

    /// One more trigger, which says how long after the end others may come that overlap.
    pub(super) fn merge(
        &mut self,
        rule: &Rule,
        trigger: Trigger,
        time: Duration,
        until: Duration,
        linger: Duration,
    ) {
        self.first = self.first.min(time);
        self.last = self.last.max(time);
        if until > self.until {
            self.until = until;
            self.end = None;
            self.window.end_at(None);
            self.is_waiting = false;
        }
        self.linger = self.linger.max(linger);
        let asked = &mut self.facts.asked;
        let longest =
            |asked: Option<f64>, time: Duration| Some(asked.unwrap_or_default().max(seconds(time)));
        asked.before = longest(asked.before, rule.before);
        asked.after = longest(asked.after, rule.after);
        if !self.facts.rules.contains(&rule.name) && self.facts.rules.len() < MAX_TRIGGERS {
            self.facts.rules.push(rule.name.clone());
        }
        self.facts.triggers_total += 1;
        if self.facts.triggers.len() < MAX_TRIGGERS {
            self.facts.triggers.push(trigger);
        }
    }

    /// Reading has come this far.
    pub(super) fn reached(&mut self, now: Duration, place: Option<&Place>) {
        if self.end.is_none() && now >= self.until {
            self.end_now(now, place);
        }
    }

    /// It ends here, whatever was asked for.
    pub(super) fn end_now(&mut self, now: Duration, place: Option<&Place>) {
        self.until = self.until.min(now);
        self.end = Some((place.cloned(), now));
        self.window.end_at(place.cloned());
        // What was read so far may not reach to here.
        self.is_waiting = false;
    }

    pub(super) fn interrupted(&mut self, bytes: u64, reason: &str, is_gone: bool) {
        lose(&mut self.facts, bytes, reason);
        self.is_gone |= is_gone;
        self.is_waiting = false;
    }

    /// Reads on. `true`: there is more to do right now.
    pub(super) fn read(&mut self, place: Option<&Place>, now: Duration, out: &mut Vec<u8>) -> bool {
        if self.refused.is_some() {
            return false;
        }
        // Of a log that is gone everything is read that is left.
        let limit = if self.is_gone { None } else { place };
        let progress = self.window.read(limit, STEP_BYTES, now, out);
        let lost = self.window.take_lost();
        if lost > 0 {
            lose(&mut self.facts, lost, "overrun");
        }
        self.is_waiting = progress == Progress::Waiting;
        !self.is_waiting
    }

    /// Whether all that belongs to it was read.
    pub(super) const fn is_through(&self) -> bool {
        self.refused.is_some() || (self.is_waiting && (self.end.is_some() || self.is_gone))
    }

    /// Whether it can be finished: nothing more is to be read, and no trigger can overlap any more.
    pub(super) fn is_over(&self, now: Duration) -> bool {
        let is_late = self.is_gone || now > self.until + self.linger;
        self.is_through() && (is_late || self.refused.is_some())
    }

    pub(super) fn into_facts(mut self, now: Duration) -> Done {
        let ended = self.end.map_or(now, |(_, time)| time);
        let since = |from: Duration, to: Duration| Some(seconds(to.saturating_sub(from)));
        self.facts.had.before = self.begin.map_or(Some(0.0), |begin| since(begin, self.first));
        self.facts.had.after = since(self.last, ended);
        if let Some(problem) = self.problem {
            self.facts.more.insert("history".to_owned(), problem.into());
        }
        let triggers_total = self.facts.triggers_total;
        Done { capture: self.capture, facts: self.facts, triggers_total }
    }
}

/// Seconds as they are written: in whole microseconds, which is how the log tells the time.
#[allow(
    clippy::cast_precision_loss,
    reason = "2^53 microseconds are 285 years, longer than any window"
)]
fn seconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e6
}

fn lose(facts: &mut Facts, bytes: u64, reason: &str) {
    facts.loss.times += 1;
    facts.loss.bytes += bytes;
    if !facts.loss.reasons.iter().any(|other| other == reason) {
        facts.loss.reasons.push(reason.to_owned());
    }
}
