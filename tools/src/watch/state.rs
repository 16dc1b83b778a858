//! Everything that is counted, fed with groups and with records that belong to none. It has no clock: moments come
//! from the log, and `now` from whoever reads it.

use std::collections::HashSet;
use std::time::Duration;

use shellac_format::{Dialect, Heads, Tag};
use shellac_log::{Cause, Group, Grouper};
use shellac_render::dimensions::Units;
use shellac_render::failures::Failures;
use shellac_render::redact::Redaction;

use super::backends::Backends;
use super::classes::{Classes, Kind};
use super::events::{EventKind, Events, command, text};
use super::failing::{Failing, Kept};
use super::glance::{Attempt, Glance, Glancer};
use super::seconds::{Count, Seconds};
use super::suspects::Suspects;
use super::traffic::{Lost, STATUSES, Sums, Traffic};
use super::urls::Urls;

/// Failing groups that are looked at closely in a second. What is beyond is counted by what the same error text meant.
const EXAMINED: u32 = 500;

/// Tags of records that belong to no transaction and that say something.
const OUTSIDE: [Tag; 3] = [Tag::BackendHealth, Tag::Cli, Tag::Notice];

/// The numbers.
#[derive(Debug)]
pub(super) struct State {
    redaction: Redaction,
    glancer: Option<Glancer>,
    outside: Option<(Dialect, Box<[Option<Tag>; 256]>)>,
    units: Units,
    total: Sums,
    seconds: Seconds,
    backends: Backends,
    classes: Classes,
    urls: Urls,
    suspects: Suspects,
    events: Events,
    kept: Kept,
    failing: u64,
    lost: Lost,
    /// The first moment, and the latest.
    first: Option<Duration>,
    latest: Duration,
    /// Groups that were looked at closely in the second that is under way.
    examined: (u64, u32),
}

impl State {
    pub(super) fn new(redaction: Redaction, kept: Kept, seed: u64) -> State {
        State {
            redaction,
            glancer: None,
            outside: None,
            units: Units::default(),
            total: Sums::default(),
            seconds: Seconds::default(),
            backends: Backends::default(),
            classes: Classes::default(),
            urls: Urls::default(),
            suspects: Suspects::new(seed),
            events: Events::default(),
            failing: kept.next_number(),
            kept,
            lost: Lost::default(),
            first: None,
            latest: Duration::ZERO,
            examined: (0, 0),
        }
    }

    /// A log was opened.
    pub(super) fn opened(&mut self, dialect: Dialect) {
        self.glancer = Some(Glancer::new(dialect));
        let mut wanted = Box::new([None; 256]);
        for (number, wanted) in (0..=u8::MAX).zip(wanted.iter_mut()) {
            *wanted = Tag::from_number(dialect, number).filter(|tag| OUTSIDE.contains(tag));
        }
        self.outside = Some((dialect, wanted));
        // Connections of another worker are other connections.
        self.units = Units::default();
    }

    /// Something happened that no record says.
    pub(super) fn event(&mut self, at: Duration, kind: EventKind, text: String) {
        self.events.add(at, kind, text);
    }

    /// Records were lost.
    pub(super) fn lose(&mut self, at: Duration, lost: &shellac_log::Lost) {
        self.lost.bytes = self.lost.bytes.saturating_add(lost.loss.bytes);
        self.lost.inexact |= !lost.loss.exact;
        self.lost.times += 1;
        let why = match lost.cause {
            Cause::Overrun => "this reader was too slow",
            Cause::Output => "what was read could not be passed on",
            Cause::Hole => "their writer died",
        };
        let about = if lost.loss.exact { "" } else { "about " };
        self.event(at, EventKind::Loss, format!("{about}{} bytes lost: {why}", lost.loss.bytes));
    }

    /// Looks for records without a transaction among whole records. Moments are not in them, so `now` is theirs.
    pub(super) fn outside(&mut self, records: &[u8], now: Duration) {
        let Some((dialect, wanted)) = &self.outside else { return };
        let mut heads = Heads::new(dialect.layout(), records);
        while let Some(place) = heads.next_wanted(|number| wanted[usize::from(number)].is_some()) {
            if place.vxid.0 != 0 {
                continue;
            }
            let payload = place.record(records).payload;
            let said = payload.strip_suffix(b"\0").unwrap_or(payload);
            match wanted[usize::from(place.number)] {
                Some(Tag::BackendHealth) => {
                    if let Some((name, sick, rest)) = self.backends.health(now, said) {
                        let kind = if sick { EventKind::Sick } else { EventKind::Healthy };
                        self.events.add(now, kind, format!("{name} {rest}"));
                    }
                }
                Some(Tag::Cli) => {
                    if let Some((kind, said)) = command(said) {
                        self.events.add(now, kind, said);
                    }
                }
                _ => self.events.add(now, EventKind::Notice, text(said)),
            }
        }
    }

    /// Whether a unit of the log may hold such records: it begins with one.
    pub(super) fn is_outside(&self, unit: &[u8]) -> bool {
        let Some((dialect, _)) = &self.outside else { return false };
        Heads::new(dialect.layout(), unit).next().is_some_and(|first| first.vxid.0 == 0)
    }

    /// The first moment that a group had.
    pub(super) const fn first(&self) -> Option<Duration> {
        self.first
    }

    /// The latest moment that a group had.
    pub(super) const fn latest(&self) -> Duration {
        self.latest
    }

    /// Takes a group in. `now` is the clock's time; without one that of the log counts.
    pub(super) fn group(&mut self, group: Group, grouper: &mut Grouper, now: Option<Duration>) {
        let Some(glancer) = &self.glancer else { return };
        let glance = glancer.look(&group.transactions);
        let at = glance.at.or(now).unwrap_or(self.latest);
        // A clock that was set back must not make a log of the future.
        let at = now.map_or(at, |now| at.min(now));
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        if at > self.latest {
            self.latest = at;
            self.advance(at);
        }
        for notice in &glance.notices {
            self.events.add(at, EventKind::Notice, text(notice));
        }
        let failures = if glance.may_have_failed && self.may_examine(at) {
            Failures::read(&group.transactions)
        } else {
            None
        };
        let mut sums = Sums::default();
        self.attempts(at, &glance, failures.as_ref(), &mut sums);
        self.requests(at, &glance, &mut sums);
        self.total.add(&sums);
        if !glance.attempts.is_empty() && self.suspects.wants(at, glance.may_have_failed) {
            for unit in self.units.read(&group.transactions, None, None) {
                self.suspects.add(at, &unit);
            }
        }
        match failures {
            Some(failures) => self.fail(at, &failures, group),
            None => grouper.recycle(group),
        }
    }

    fn fail(&mut self, at: Duration, failures: &Failures, group: Group) {
        if let Some(failing) = Failing::of(failures, self.failing, at, &self.redaction) {
            self.failing += 1;
            self.kept.add(failing, group.transactions);
        }
    }

    fn may_examine(&mut self, at: Duration) -> bool {
        let second = at.as_secs();
        if self.examined.0 != second {
            self.examined = (second, 0);
        }
        self.examined.1 = self.examined.1.saturating_add(1);
        self.examined.1 <= EXAMINED
    }

    fn attempts(
        &mut self,
        at: Duration,
        glance: &Glance<'_>,
        failures: Option<&Failures>,
        sums: &mut Sums,
    ) {
        let mut failed: HashSet<u64> = HashSet::new();
        for attempt in &glance.attempts {
            sums.attempts += 1;
            sums.retries += u64::from(attempt.is_retry);
            let kind = self.kind(attempt, failures, &mut failed);
            if let Some(kind) = &kind {
                self.classes.count(kind);
                sums.failures += u64::from(!kind.is_clients);
            }
            self.backends.add(at, attempt, kind.as_ref());
        }
    }

    /// What went wrong with an attempt.
    fn kind(
        &mut self,
        attempt: &Attempt<'_>,
        failures: Option<&Failures>,
        seen: &mut HashSet<u64>,
    ) -> Option<Kind> {
        let error = attempt.error.filter(|_| !attempt.went_on)?;
        let examined = failures.and_then(|failures| {
            let mine = |one: &&shellac_render::failures::FailedAttempt| {
                one.xid == attempt.vxid.0 && !one.recovered
            };
            failures.attempts.iter().rev().find(mine)
        });
        match examined {
            Some(one) if seen.insert(attempt.vxid.0) => {
                let is_clients = one.classes.word() == Some("client");
                Some(self.classes.examined(Some(error), &one.class, is_clients))
            }
            // Looked at, and found to be none.
            _ if failures.is_some_and(|it| it.attempts_total <= it.attempts.len()) => None,
            _ => Some(self.classes.unexamined(error)),
        }
    }

    fn requests(&mut self, at: Duration, glance: &Glance<'_>, sums: &mut Sums) {
        let mut wait = None;
        for request in &glance.requests {
            let status = request.status.map_or(0, |status| usize::from(status / 100));
            let status = if status < STATUSES { status } else { 0 };
            sums.requests += 1;
            sums.errors += u64::from(status == 5);
            sums.statuses[status] += 1;
            wait = request.wait;
            self.urls.add(at, request.url, status == 5);
        }
        self.seconds.add(at, &Count { sums: *sums, wait });
    }

    /// Time has come as far as this.
    fn advance(&mut self, now: Duration) {
        self.seconds.advance(now);
        self.urls.advance(now);
        self.suspects.advance(now);
        self.backends.advance(now);
    }

    /// What was seen up to `now`; what is known of the reader is left as it is in `about`.
    pub(super) fn traffic(&mut self, now: Duration, about: Traffic) -> Traffic {
        self.latest = self.latest.max(now);
        self.advance(now);
        let since = match self.first {
            Some(first) => first.min(about.since),
            None => about.since,
        };
        Traffic {
            at: now,
            since,
            lost: self.lost,
            total: self.total,
            seconds: self.seconds.finished(),
            minute: self.seconds.minute(now, since),
            backends: self.backends.list(),
            attempts_left_out: self.backends.left_out(),
            classes: self.classes.list(),
            urls: self.urls.top().into(),
            failing: self.kept.list(),
            suspicion: self.suspects.verdict(now),
            events: self.events.list(),
            ..about
        }
    }
}
