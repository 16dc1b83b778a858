//! What happens when something was seen: captures are begun, merged, filled, finished; every failure is noted.
//!
//! A [`Recorder`] is told what the reader of the log saw ([`Recorder::group`]), what came from outside
//! ([`Recorder::outside`]) and how far reading is ([`Recorder::reached`]). It reads what came before, and what comes
//! after, by itself, a piece with each [`Recorder::work`].

use std::sync::Arc;
use std::time::Duration;

use shellac_format::Dialect;
use shellac_log::Group;

use crate::history::{Moment, Place};
use crate::index::{Entry, Outcome};
use crate::limit::Limits;
use crate::report::{Said, entry_of};
use crate::rules::{Keep, On, Rule, Severity};
use crate::stamp::Stamp;
use crate::store::disk::{Disk, SystemDisk};
use crate::store::manifest::{EventLine, Trigger};
use crate::store::{Begun, CaptureHead, CaptureId, Refusal, Store};
use crate::trigger::Seen;
use crate::window::{Scope, session_of};

mod firing;
mod job;

use firing::Firing;
use job::Job;

/// Windows that are open at the same time; what fires beyond that is kept without its surroundings.
const MAX_JOBS: usize = 16;
/// The class of what is kept though nothing failed.
const NO_ERROR: &str = "no_error";

/// A group that fails, or that rules want.
#[derive(Debug)]
pub struct Hit {
    /// The group.
    pub group: Group,
    /// What was seen in it.
    pub seen: Seen,
    /// Where the windows of the rules that fired begin, in their order; `None` where nothing can be returned to.
    pub starts: Vec<Option<Moment>>,
    /// When, on the reader's clock, which counts from 1970.
    pub time: Duration,
}

/// A rule that fires for another reason than a group.
#[derive(Debug)]
pub struct Outside {
    /// Which one.
    pub rule: usize,
    /// When, on the reader's clock.
    pub time: Duration,
    /// What was seen, for the manifest.
    pub text: Option<String>,
    /// The kind of trigger, in place of a class of errors.
    pub class: String,
    /// What is to be kept.
    pub scope: Scope,
    /// Where the window begins.
    pub start: Option<Moment>,
    /// The window is open for so long at least, whatever the rule says.
    pub patience: Duration,
    /// The window is closed when it is through, without waiting for triggers that overlap.
    pub is_urgent: bool,
}

/// The time that a trigger asks for.
#[derive(Clone, Copy)]
struct Span {
    begin: Duration,
    time: Duration,
    until: Duration,
    /// So long after the end a trigger may come that overlaps.
    linger: Duration,
    /// It has a capture of its own, which nobody makes longer.
    is_alone: bool,
}

/// How often a rule fired and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Times that it fired.
    pub fired: u64,
    /// Times that records were kept for it.
    pub captured: u64,
    /// Times that its own limit, or one of the store, kept it from that.
    pub suppressed: u64,
}

/// Decides and keeps.
#[derive(Debug)]
pub struct Recorder<D: Disk = SystemDisk> {
    store: Store<D>,
    rules: Arc<[Rule]>,
    dialect: Dialect,
    instance: Option<String>,
    limits: Limits,
    jobs: Vec<Job>,
    /// How far the reader is, and when that was.
    place: Option<Place>,
    now: Duration,
    /// The time by the clock, when the log is a file and has its own.
    clock: Option<Stamp>,
    counts: Vec<Counts>,
    firing: Vec<Firing>,
    said: Vec<Said>,
    /// Records on their way to the store.
    out: Vec<u8>,
}

impl<D: Disk> Recorder<D> {
    /// A recorder that keeps in `store` what `rules` want.
    pub fn new(store: Store<D>, rules: Arc<[Rule]>, dialect: Dialect) -> Recorder<D> {
        let (counts, firing) =
            (vec![Counts::default(); rules.len()], vec![Firing::default(); rules.len()]);
        Recorder {
            store,
            rules,
            dialect,
            instance: None,
            limits: Limits::default(),
            jobs: Vec::new(),
            place: None,
            now: Duration::ZERO,
            clock: None,
            counts,
            firing,
            said: Vec::new(),
            out: Vec::new(),
        }
    }

    /// Goes on with other rules, and says what is still to be said by the places of those before. A rule of the same name
    /// keeps its numbers, what is left of its limit, and that it is firing; one that is gone is over. Windows that
    /// are open stay as they were asked for.
    #[must_use]
    pub fn set_rules(&mut self, rules: Arc<[Rule]>) -> Vec<Said> {
        let places: Vec<Option<usize>> = self
            .rules
            .iter()
            .map(|before| rules.iter().position(|rule| rule.name == before.name))
            .collect();
        for (rule, place) in places.iter().enumerate() {
            if place.is_none() && self.firing[rule].is_over(Duration::MAX, Duration::ZERO) {
                self.event(rule, self.now, false, None);
            }
        }
        let said = self.take_said();
        let (mut counts, mut firing) =
            (vec![Counts::default(); rules.len()], vec![Firing::default(); rules.len()]);
        for (rule, place) in places.iter().enumerate() {
            if let Some(place) = *place {
                (counts[place], firing[place]) = (self.counts[rule], self.firing[rule]);
            }
        }
        self.limits.replace(|rule| places.get(rule).copied().flatten());
        (self.rules, self.counts, self.firing) = (rules, counts, firing);
        said
    }

    /// A log was opened: records are of this dialect from here on, and come from this instance.
    pub fn opened(&mut self, dialect: Dialect, instance: Option<String>) {
        self.dialect = dialect;
        self.instance = instance;
    }

    /// Tells what time it is by the clock. What was written when is noted by it; without it, by the log.
    pub const fn clock(&mut self, now: Stamp) {
        self.clock = Some(now);
    }

    fn stamp(&self) -> Stamp {
        self.clock.unwrap_or(Stamp::from_unix(self.now))
    }

    /// The store.
    pub const fn store(&mut self) -> &mut Store<D> {
        &mut self.store
    }

    /// The numbers of each rule, in order.
    pub fn counts(&self) -> &[Counts] {
        &self.counts
    }

    /// What the owner should hear or do, since this was asked last.
    pub fn take_said(&mut self) -> Vec<Said> {
        self.said.extend(self.store.take_notices().into_iter().map(Said::Notice));
        std::mem::take(&mut self.said)
    }

    /// Takes a group that fails, or that rules want.
    pub fn group(&mut self, hit: Hit) {
        self.now = self.now.max(hit.time);
        let Hit { group, seen, starts, time } = hit;
        let now = self.stamp();
        let mut entry = entry_of(&group, seen.failures.as_ref(), Stamp::from_unix(time));
        if seen.failures.is_none() {
            NO_ERROR.clone_into(&mut entry.class);
        }
        entry.instance.clone_from(&self.instance);
        let mut wanted = Vec::new();
        let mut is_limited = false;
        for (&rule, start) in seen.fired.iter().zip(starts) {
            entry.rules.push(self.rules[rule].name.clone());
            self.fire(rule, time, entry.error.as_deref().or(entry.url.as_deref()));
            if !self.limits.pay(rule, self.rules[rule].limit, &entry.class, time) {
                self.counts[rule].suppressed += 1;
                is_limited = true;
                continue;
            }
            if let Some(exec) = &self.rules[rule].actions.exec {
                let input = crate::report::group_json(&self.rules[rule], &entry, &group);
                self.said.push(Said::Exec { rule, exec: exec.clone(), input });
            }
            if self.rules[rule].actions.file {
                wanted.push((rule, start));
            }
        }
        if wanted.is_empty() {
            entry.outcome = if is_limited { Outcome::Suppressed } else { Outcome::Index };
            entry.reason = is_limited.then(|| "limit".to_owned());
            self.store.note(entry, now);
            return;
        }
        let rules: Vec<usize> = wanted.iter().map(|(rule, _)| *rule).collect();
        let outcome = self.keep(&group, entry, wanted, time);
        for rule in rules {
            match outcome {
                Outcome::Full => self.counts[rule].captured += 1,
                _ => self.counts[rule].suppressed += 1,
            }
        }
    }

    /// Keeps a group for some rules, in the widest window that one of them asks for and in all others.
    fn keep(
        &mut self,
        group: &Group,
        entry: Entry,
        wanted: Vec<(usize, Option<Moment>)>,
        time: Duration,
    ) -> Outcome {
        let now = self.stamp();
        let first = wanted.first().map_or(0, |(rule, _)| *rule);
        let mut jobs = Vec::new();
        let mut refusal = None;
        for (rule, start) in wanted {
            let scope = match self.rules[rule].keep {
                Keep::Group => continue,
                Keep::All => Scope::All,
                Keep::Session => match session_of(group) {
                    Some(session) => Scope::Session(session),
                    None => continue,
                },
                Keep::Backend => match &entry.backend {
                    Some(backend) => Scope::Backend(backend.clone()),
                    None => continue,
                },
            };
            let trigger = self.trigger(rule, &entry, time);
            let (before, after) = (self.rules[rule].before, self.rules[rule].after);
            let begin = time.saturating_sub(before);
            let until = time + after;
            let span = Span { begin, time, until, linger: before, is_alone: false };
            match self.window(scope, rule, trigger, start, span) {
                Ok(job) if !jobs.contains(&job) => jobs.push(job),
                Ok(_) => {}
                Err(why) => refusal = Some(why),
            }
        }
        // Into the first window with its line, into the others as what it is there: a part of the picture.
        let mut entry = Some(entry);
        let mut outcome = None;
        for at in jobs {
            self.out.clear();
            let offset = self.jobs[at].window.add(group, &mut self.out);
            if self.write(at).is_err() {
                continue;
            }
            if let Some(entry) = entry.take() {
                let job = &self.jobs[at];
                let offset = job.offset + offset;
                outcome = Some(self.store.note_kept(job.capture, offset, entry, now));
            }
        }
        match (outcome, entry) {
            (Some(outcome), _) => outcome,
            (None, Some(entry)) => self.keep_alone(group, first, entry, refusal, time),
            (None, None) => Outcome::Full,
        }
    }

    /// Keeps a group in a capture of its own.
    fn keep_alone(
        &mut self,
        group: &Group,
        rule: usize,
        mut entry: Entry,
        refusal: Option<Refusal>,
        time: Duration,
    ) -> Outcome {
        let now = self.stamp();
        self.out.clear();
        group.transactions.iter().for_each(|it| self.out.extend_from_slice(it.bytes()));
        let head = CaptureHead {
            time: Stamp::from_unix(time),
            rule: &self.rules[rule].name,
            class: &entry.class,
            xid: entry.xid,
            dialect: self.dialect,
            expect_bytes: self.out.len() as u64,
        };
        let capture = match self.store.begin(head, now) {
            Begun::Open(capture) => capture,
            Begun::Refused(refusal) => {
                entry.outcome = refusal.outcome();
                entry.reason = Some(refusal.word().to_owned());
                return self.store.note(entry, now);
            }
        };
        let trigger = self.trigger(rule, &entry, time);
        let mut facts = job::facts(&self.rules[rule], Keep::Group);
        facts.rules.clone_from(&entry.rules);
        facts.triggers.push(trigger);
        facts.instance.clone_from(&self.instance);
        if let Some(refusal) = refusal {
            facts.more.insert("window".to_owned(), refusal.word().into());
        }
        let outcome = self.store.keep(capture, &self.out, entry, now);
        self.store.finish(capture, facts, now);
        outcome
    }

    fn trigger(&self, rule: usize, entry: &Entry, time: Duration) -> Trigger {
        Trigger {
            time: Stamp::from_unix(time),
            rule: self.rules[rule].name.clone(),
            class: Some(entry.class.clone()),
            xid: Some(entry.xid),
            text: entry.error.clone(),
        }
    }

    /// Takes something from outside that fires a rule.
    pub fn outside(&mut self, outside: Outside) {
        self.now = self.now.max(outside.time);
        let Outside { rule, time, text, class, scope, start, patience, is_urgent } = outside;
        // What numbers say has had its event.
        if !matches!(self.rules[rule].on, On::Rate { .. }) {
            self.fire(rule, time, text.as_deref());
        }
        if !self.limits.pay(rule, self.rules[rule].limit, &class, time) {
            self.counts[rule].suppressed += 1;
            return;
        }
        let xid = match scope {
            Scope::Xid(xid) => Some(xid),
            _ => None,
        };
        let stamp = Stamp::from_unix(time);
        let name = self.rules[rule].name.clone();
        if let Some(exec) = self.rules[rule].actions.exec.clone() {
            let input =
                crate::report::event_json(&self.rules[rule], stamp, &class, text.as_deref());
            self.said.push(Said::Exec { rule, exec, input });
        }
        if !self.rules[rule].actions.file {
            return;
        }
        let trigger = Trigger { time: stamp, rule: name, class: Some(class), xid, text };
        let before = self.rules[rule].before;
        let span = Span {
            begin: time.saturating_sub(before),
            time,
            until: time + self.rules[rule].after.max(patience),
            linger: if is_urgent { Duration::ZERO } else { before },
            // Somebody waits for it. Lines about one transaction belong together nevertheless.
            is_alone: is_urgent && scope == Scope::All,
        };
        match self.window(scope, rule, trigger, start, span) {
            Ok(_) => self.counts[rule].captured += 1,
            Err(refusal) => {
                self.counts[rule].suppressed += 1;
                self.said.push(Said::Refused { rule, refusal });
            }
        }
    }

    /// The window for a trigger: one that overlaps, or a new one.
    fn window(
        &mut self,
        scope: Scope,
        rule: usize,
        trigger: Trigger,
        start: Option<Moment>,
        span: Span,
    ) -> Result<usize, Refusal> {
        let Span { begin, time, until, linger, is_alone } = span;
        let overlaps = |job: &Job| !is_alone && job.takes(&scope, begin);
        if let Some(at) = self.jobs.iter().position(overlaps) {
            self.jobs[at].merge(&self.rules[rule], trigger, time, until, linger);
            return Ok(at);
        }
        if self.jobs.len() >= MAX_JOBS {
            return Err(Refusal::TooManyOpen);
        }
        let now = self.stamp();
        let head = CaptureHead {
            time: trigger.time,
            rule: &trigger.rule,
            class: trigger.class.as_deref().unwrap_or(NO_ERROR),
            xid: trigger.xid.unwrap_or(0),
            dialect: self.dialect,
            expect_bytes: 0,
        };
        let capture = match self.store.begin(head, now) {
            Begun::Open(capture) => capture,
            Begun::Refused(refusal) => return Err(refusal),
        };
        let mut job = Job::new(scope, self.dialect, capture, &self.rules[rule], start, until);
        job.facts.instance.clone_from(&self.instance);
        job.is_alone = is_alone;
        job.merge(&self.rules[rule], trigger, time, until, linger);
        self.jobs.push(job);
        Ok(self.jobs.len() - 1)
    }

    /// Writes what is in `out` to the capture of a job.
    fn write(&mut self, at: usize) -> Result<(), Refusal> {
        if self.out.is_empty() {
            return Ok(());
        }
        let now = self.stamp();
        let job = &mut self.jobs[at];
        let is_first = !job.has_written;
        let result = self.store.append(job.capture, &self.out, now);
        match result {
            Ok(offset) => {
                if is_first {
                    job.offset = offset;
                }
                job.has_written = true;
                Ok(())
            }
            Err(refusal) => {
                job.refused = Some(refusal);
                Err(refusal)
            }
        }
    }

    fn fire(&mut self, rule: usize, time: Duration, text: Option<&str>) {
        self.counts[rule].fired += 1;
        if self.firing[rule].fire(time) {
            self.event(rule, time, true, text);
        }
    }

    /// Takes that a rule on numbers fires, or is over.
    pub fn rate(&mut self, rule: usize, time: Duration, is_over: bool, text: &str) {
        self.now = self.now.max(time);
        self.counts[rule].fired += u64::from(!is_over);
        self.event(rule, time, !is_over, Some(text));
    }

    fn event(&mut self, rule: usize, time: Duration, is_fire: bool, text: Option<&str>) {
        let time = Stamp::from_unix(time);
        let about = &self.rules[rule];
        let text = text.filter(|text| !text.is_empty()).map(str::to_owned);
        let event = EventLine {
            event: if is_fire { "fire" } else { "resolve" }.to_owned(),
            time,
            rule: about.name.clone(),
            severity: about.severity.word().to_owned(),
            owner: about.owner.clone(),
            runbook: about.runbook.clone(),
            text: text.clone(),
        };
        self.store.event(event, self.stamp());
        self.said.push(Said::Event { rule, time, is_fire, text });
    }

    /// Tells how far reading is, and what time it is. `None`: there is no log.
    pub fn reached(&mut self, now: Duration, place: Option<Place>) {
        self.now = self.now.max(now);
        self.place = place;
        let (now, place) = (self.now, &self.place);
        self.jobs.iter_mut().for_each(|job| job.reached(now, place.as_ref()));
        for rule in 0..self.firing.len() {
            if self.firing[rule].is_over(now, self.rules[rule].resolve) {
                self.event(rule, now, false, None);
            }
        }
        self.store.tick(self.stamp());
    }

    /// The log that was read is gone, or a part of it was lost by its reader. The manifest says so, and
    /// each window that it concerns.
    pub fn interrupted(&mut self, bytes: u64, reason: &str, is_gone: bool) {
        for job in &mut self.jobs {
            job.interrupted(bytes, reason, is_gone);
        }
        let time = Stamp::from_unix(self.now);
        let event = EventLine {
            event: if is_gone { "gone" } else { "lost" }.to_owned(),
            time,
            rule: String::new(),
            severity: Severity::Warning.word().to_owned(),
            owner: None,
            runbook: None,
            text: Some(format!("{bytes} bytes of the log: {reason}")),
        };
        self.store.event(event, self.stamp());
    }

    /// Reads on for every window. `true`: there is more to do right now.
    pub fn work(&mut self) -> bool {
        let mut is_busy = false;
        // What is near its end is copied before anything is filtered or written.
        for job in &mut self.jobs {
            job.window.save(self.place.as_ref());
        }
        for at in 0..self.jobs.len() {
            is_busy |= self.step(at);
        }
        let mut at = 0;
        while at < self.jobs.len() {
            if self.jobs[at].is_over(self.now) {
                let job = self.jobs.remove(at);
                self.finish_job(job);
            } else {
                at += 1;
            }
        }
        is_busy
    }

    fn step(&mut self, at: usize) -> bool {
        self.out.clear();
        let is_busy = self.jobs[at].read(self.place.as_ref(), self.now, &mut self.out);
        // A refusal is in the job.
        let _ = self.write(at);
        is_busy
    }

    fn finish_job(&mut self, mut job: Job) {
        let now = self.stamp();
        self.out.clear();
        job.window.finish(&mut self.out);
        if !self.out.is_empty() && job.refused.is_none() {
            // A refusal stands in the manifest as what cut the capture.
            let _ = self.store.append(job.capture, &self.out, now);
        }
        let done = job.into_facts(self.now);
        let finished = self.store.finish(done.capture, done.facts, now);
        self.said.push(Said::Finished { finished, triggers: done.triggers_total });
    }

    /// Ends all windows where reading is now, and writes what is left of them.
    pub fn end(&mut self) {
        let (now, place) = (self.now, self.place.clone());
        for job in &mut self.jobs {
            job.end_now(now, place.as_ref());
        }
        // Each turn reads a piece of each, and what ends here has an end.
        while self.jobs.iter().any(|job| !job.is_through()) {
            self.work();
        }
        for job in std::mem::take(&mut self.jobs) {
            self.finish_job(job);
        }
    }

    /// Gives the store back, to be closed.
    pub fn into_store(self) -> Store<D> {
        self.store
    }

    /// Captures that are under way, by what they are written to.
    pub fn captures(&self) -> impl Iterator<Item = CaptureId> {
        self.jobs.iter().map(|job| job.capture)
    }
}

#[cfg(test)]
mod tests;
