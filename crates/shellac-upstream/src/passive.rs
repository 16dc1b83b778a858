//! Health from what requests meet: when an endpoint is taken out, how it is tested, how it comes back.
//!
//! An endpoint is *open* until enough of its recent attempts have failed, by number and by share. Then it is *ejected* for a time
//! that doubles with each ejection. After that one single request tests it, and if that is answered the endpoint is on a
//! *ramp*: one attempt at a time, then two, then four, until it is open again.

mod recent;
mod suspicion;

use std::fmt;
use std::time::Duration;

pub(crate) use recent::Recent;
pub(crate) use suspicion::{Suspicion, Watched};

use crate::health::{Health, lock};
use crate::jitter::jittered;
use crate::outcome::{Fault, Outcome};

/// Attempts at a time with which a ramp ends: who carries them carries everything.
const RAMP_END: u32 = 128;

/// What is told to a failing backend when there is no other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Panic {
    /// Nothing is sent to backends whose probes fail: requests are answered with an error.
    #[default]
    None,
    /// Everything is spread over all of them, for the probes may be wrong.
    All,
}

/// When requests' failures take an endpoint out of its pool, and how it comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassiveSettings {
    /// Failures and attempts are those of this time.
    pub window: Duration,
    /// It needs so many failures; 0 never takes one out.
    pub failures: u32,
    /// And such a share of the attempts, in percent.
    pub percent: u32,
    /// Of so many attempts.
    pub volume: u32,
    /// Responses with these statuses are failures.
    pub statuses: Vec<u16>,
    /// Length of the first ejection.
    pub eject: Duration,
    /// Longest ejection. After so long without one the next one is a first one.
    pub eject_max: Duration,
    /// By how much an ejection is shorter or longer at random, in percent; 100 at most.
    pub jitter_percent: u32,
    /// So many healthy endpoints a pool keeps at least.
    pub min_healthy: usize,
    /// Such a share of a pool is ejected at most, in percent, but one always may be.
    pub max_ejected_percent: u32,
    /// Whether others are preferred as long as connections to an endpoint hang.
    pub suspect: bool,
    /// Longest time for the connection of the request that tests an ejected endpoint. Whoever connects looks at it.
    pub test_connect_timeout: Duration,
}

impl Default for PassiveSettings {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(10),
            failures: 5,
            percent: 50,
            volume: 5,
            statuses: Vec::new(),
            eject: Duration::from_secs(10),
            eject_max: Duration::from_secs(300),
            jitter_percent: 10,
            min_healthy: 1,
            max_ejected_percent: 100,
            suspect: true,
            test_connect_timeout: Duration::from_secs(1),
        }
    }
}

/// Why an endpoint was taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// Failures within the window.
    pub failures: u32,
    /// Attempts within the window; 0 where nobody counts them.
    pub attempts: u32,
    /// The window.
    pub window: Duration,
    /// The last failure.
    pub last: Fault,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reason { failures, attempts, window, last } = self;
        match attempts {
            0 => write!(f, "{failures} failures, each within {window:?} of the one before")?,
            _ => write!(f, "{failures} of {attempts} attempts failed within {window:?}")?,
        }
        write!(f, ", the last one: {last}")
    }
}

/// What is worth a line in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The endpoint was taken out.
    Ejected {
        /// Why.
        reason: Reason,
        /// Which ejection in a row it is, from 1.
        times: u32,
        /// When it will be tested.
        until: Duration,
    },
    /// It would have been, but its pool cannot do without it.
    Spared {
        /// Why it would have been.
        reason: Reason,
    },
    /// It was tested, and its traffic returns.
    Back {
        /// How long it was out.
        out: Duration,
    },
}

/// Where an endpoint is between open and ejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassiveState {
    /// Nothing is wrong.
    Open,
    /// It takes nothing.
    Ejected,
    /// One request tests it.
    Probing,
    /// It takes this many attempts at a time.
    Ramp(u32),
}

impl PassiveState {
    /// One word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            PassiveState::Open => "open",
            PassiveState::Ejected => "ejected",
            PassiveState::Probing => "probing",
            PassiveState::Ramp(_) => "ramp",
        }
    }
}

/// What requests have met at an endpoint, to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassiveView {
    /// Where it is.
    pub state: PassiveState,
    /// Why it was last taken out, unless it is open.
    pub reason: Option<Reason>,
    /// When it will be tested, while it is ejected.
    pub until: Option<Duration>,
    /// Since when it has been where it is; zero if it never was anywhere else.
    pub since: Duration,
    /// How often it was taken out.
    pub ejections: u64,
}

/// [`PassiveState`] with what is needed to decide, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Open,
    /// Until this moment in milliseconds.
    Ejected {
        until_ms: u64,
    },
    /// The ejection is over, one attempt tests.
    Probing {
        until_ms: u64,
    },
    /// At most `limit` attempts at a time; `good` of them went well.
    Ramp {
        limit: u32,
        good: u32,
    },
}

impl Phase {
    const KIND: u32 = 62;
    const REST: u64 = (1 << Self::KIND) - 1;

    pub(crate) const fn pack(self) -> u64 {
        match self {
            Phase::Open => 0,
            Phase::Ejected { until_ms } => 1 << Self::KIND | (until_ms & Self::REST),
            Phase::Probing { until_ms } => 2 << Self::KIND | (until_ms & Self::REST),
            Phase::Ramp { limit, good } => {
                3 << Self::KIND | (limit as u64 & 0xffff) << 32 | good as u64
            }
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "the halves were packed from 32 bits")]
    pub(crate) fn unpack(word: u64) -> Phase {
        let rest = word & Self::REST;
        match word >> Self::KIND {
            0 => Phase::Open,
            1 => Phase::Ejected { until_ms: rest },
            2 => Phase::Probing { until_ms: rest },
            _ => Phase::Ramp { limit: (rest >> 32) as u32, good: rest as u32 },
        }
    }

    /// Whether it is taken out, be it that it is being tested.
    pub(crate) fn is_out(self) -> bool {
        matches!(self, Phase::Ejected { .. } | Phase::Probing { .. })
    }

    pub(crate) fn ejected(until: Duration) -> Phase {
        Phase::Ejected { until_ms: u64::try_from(until.as_millis()).unwrap_or(Self::REST) }
    }
}

/// What changes with an ejection only.
#[derive(Debug, Default)]
pub(crate) struct Details {
    reason: Option<Reason>,
    until: Duration,
    since: Duration,
    /// Begin of the last ejection.
    ejected: Duration,
    /// Ejections in a row.
    times: u32,
    /// The last one is by these rules, not shown for others.
    is_ours: bool,
    /// When it last came back.
    back: Option<Duration>,
    /// When it was last spared.
    spared: Option<Duration>,
}

impl Details {
    pub(crate) fn view(&self, phase: Phase, ejections: u64) -> PassiveView {
        let state = match phase {
            Phase::Open => PassiveState::Open,
            Phase::Ejected { .. } => PassiveState::Ejected,
            Phase::Probing { .. } => PassiveState::Probing,
            Phase::Ramp { limit, .. } => PassiveState::Ramp(limit),
        };
        PassiveView {
            state,
            reason: self.reason.filter(|_| state != PassiveState::Open),
            until: matches!(state, PassiveState::Ejected).then_some(self.until),
            since: self.since,
            ejections,
        }
    }
}

/// What an outcome says about the backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    Good,
    Bad(Fault),
    Nothing,
}

impl PassiveSettings {
    pub(crate) fn blame(&self, outcome: Outcome) -> Blame {
        match outcome {
            Outcome::Answered { status, .. } if self.statuses.contains(&status) => {
                Blame::Bad(Fault::Status(status))
            }
            Outcome::Answered { .. } => Blame::Good,
            Outcome::Failed(fault) => Blame::Bad(fault),
            Outcome::Stale | Outcome::Local { .. } | Outcome::Client => Blame::Nothing,
        }
    }

    /// How long the ejection number `times` lasts; `chance` is from 0 to 1.
    fn duration(&self, times: u32, chance: f64) -> Duration {
        let doubled = self.eject.saturating_mul(1u32.checked_shl(times - 1).unwrap_or(u32::MAX));
        jittered(doubled.min(self.eject_max), self.jitter_percent, chance)
    }
}

impl Health {
    /// The response of the attempt that tests the endpoint has begun: the test is passed, however long the body takes.
    pub(crate) fn passed(&self, now: Duration) -> Option<Event> {
        let from @ Phase::Probing { .. } = self.phase() else { return None };
        // What was counted before the ejection is not held against it any more.
        self.recent.clear();
        if !self.turn(from, Phase::Ramp { limit: 1, good: 0 }) {
            return None;
        }
        let mut details = lock(&self.details);
        details.since = now;
        details.back = Some(now);
        Some(Event::Back { out: now.saturating_sub(details.ejected) })
    }

    /// An attempt went well.
    pub(crate) fn succeeded(&self, settings: &PassiveSettings, now: Duration) {
        self.recent.add(settings.window, now, false);
        while let from @ Phase::Ramp { limit, good } = self.phase() {
            let to = match good + 1 {
                good if good < limit => Phase::Ramp { limit, good },
                _ if limit * 2 < RAMP_END => Phase::Ramp { limit: limit * 2, good: 0 },
                _ => Phase::Open,
            };
            if self.turn(from, to) {
                if to == Phase::Open {
                    lock(&self.details).since = now;
                }
                return;
            }
        }
    }

    /// An attempt failed. `may_go` is asked whether the pool can do without the endpoint; `chance` is from 0 to 1.
    pub(crate) fn failed(
        &self,
        settings: &PassiveSettings,
        fault: Fault,
        was_test: bool,
        now: Duration,
        chance: f64,
        may_go: impl FnOnce() -> bool,
    ) -> Option<Event> {
        self.recent.add(settings.window, now, true);
        if settings.failures == 0 {
            return None;
        }
        let (failures, attempts) = self.recent.sums(settings.window, now);
        let from = self.phase();
        let enough = |least: u32, volume: u32| {
            failures >= least
                && attempts >= volume
                && u64::from(failures) * 100 >= u64::from(settings.percent) * u64::from(attempts)
        };
        let due = match from {
            Phase::Open => enough(settings.failures, settings.volume),
            // It has just come back: two are enough, but one may be anybody's.
            Phase::Ramp { .. } => enough(settings.failures.min(2), settings.volume.min(2)),
            Phase::Probing { .. } => was_test,
            Phase::Ejected { .. } => false,
        };
        if !due {
            return None;
        }
        let reason = Reason { failures, attempts, window: settings.window, last: fault };
        if !was_test && !may_go() {
            let mut details = lock(&self.details);
            let again = details.spared.is_some_and(|at| now.saturating_sub(at) < settings.window);
            if again {
                return None;
            }
            details.spared = Some(now);
            return Some(Event::Spared { reason });
        }
        let mut details = lock(&self.details);
        let fresh = from == Phase::Open
            && details.back.is_none_or(|at| now.saturating_sub(at) >= settings.eject_max);
        let times = if fresh { 1 } else { details.times.saturating_add(1) };
        let until = now.saturating_add(settings.duration(times, chance));
        if !self.turn(from, Phase::ejected(until)) {
            return None;
        }
        self.recent.clear();
        self.count_ejection();
        let ejected = if was_test { details.ejected } else { now };
        *details = Details {
            reason: Some(reason),
            until,
            since: now,
            ejected,
            times,
            is_ours: true,
            ..*details
        };
        Some(Event::Ejected { reason, times, until })
    }

    /// A probe that began at `begun` has found the endpoint well: then the request that tests it need not wait. Says whether that changes
    /// anything.
    ///
    /// Only once in a row: when that request fails nevertheless, probes see something else than requests do, and it is time that counts.
    pub fn hasten(&self, begun: Duration, now: Duration) -> bool {
        let mut details = lock(&self.details);
        let from @ Phase::Ejected { until_ms } = self.phase() else { return false };
        let waits = u128::from(until_ms) > now.as_millis();
        if !details.is_ours || details.times != 1 || begun < details.ejected || !waits {
            return false;
        }
        self.end_ejection(&mut details, from, now)
    }

    /// Nobody is better than this endpoint: if requests' failures took it out it is tested as soon as possible, however long it is out.
    pub(crate) fn test_soon(&self, now: Duration) {
        let mut details = lock(&self.details);
        if let from @ Phase::Ejected { until_ms } = self.phase()
            && details.is_ours
            && u128::from(until_ms) > now.as_millis()
        {
            self.end_ejection(&mut details, from, now);
        }
    }

    fn end_ejection(&self, details: &mut Details, from: Phase, now: Duration) -> bool {
        let done = self.turn(from, Phase::ejected(now));
        if done {
            details.until = now;
        }
        done
    }

    /// Whether another rule has shown it as out, for a time that is over.
    pub(crate) fn was_out(&self, now: Duration) -> bool {
        match self.phase() {
            Phase::Open => false,
            Phase::Ejected { until_ms } | Phase::Probing { until_ms } => {
                u128::from(until_ms) <= now.as_millis()
            }
            Phase::Ramp { .. } => true,
        }
    }

    /// Shows what another rule has decided: out until `until`, and whether that is a new ejection.
    pub(crate) fn show_out(&self, reason: Reason, until: Duration, now: Duration, is_new: bool) {
        let mut details = lock(&self.details);
        if self.force(Phase::ejected(until)) == Phase::Open {
            details.ejected = now;
        }
        if is_new {
            details.since = now;
            self.count_ejection();
        }
        details.reason = Some(reason);
        details.until = until;
        details.is_ours = false;
    }

    /// Shows that another rule has let it back; says how long it was out, if it was.
    pub(crate) fn show_back(&self, now: Duration) -> Option<Duration> {
        let mut details = lock(&self.details);
        (self.force(Phase::Open) != Phase::Open).then(|| {
            details.since = now;
            details.back = Some(now);
            now.saturating_sub(details.ejected)
        })
    }
}

#[cfg(test)]
mod tests;
