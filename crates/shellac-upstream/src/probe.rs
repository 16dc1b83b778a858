//! Probes: what the last 64 said, whether that is healthy, and when the next one is due.
//!
//! The caller makes the connection and tells what happened ([`Shot`]). A [`Probe`] belongs to whoever probes; what others
//! may see of it is a [`ProbeView`] in the endpoint's [`Health`](crate::Health).

use std::time::Duration;

use shellac_measure::Dice;

use crate::jitter::jittered;

/// Probes that the average response time is taken over, about.
const AVERAGED: u32 = 4;

/// When and how a backend is probed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeSettings {
    /// From one probe to the next.
    pub interval: Duration,
    /// The same after a failed probe.
    pub retry_interval: Duration,
    /// By how much an interval is shorter or longer at random, in percent, so that many backends are not asked at once; 100 at most.
    pub jitter_percent: u32,
    /// So many of the last probes count, from 1 to 64.
    pub window: u32,
    /// So many of them have to be good.
    pub threshold: u32,
    /// So many good ones are assumed at the begin.
    pub initial: u32,
}

impl Default for ProbeSettings {
    fn default() -> Self {
        let second = Duration::from_secs(1);
        Self {
            interval: 5 * second,
            retry_interval: 5 * second,
            jitter_percent: 10,
            window: 8,
            threshold: 3,
            initial: 2,
        }
    }
}

/// How a probe was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Over IPv4.
    V4,
    /// Over IPv6.
    V6,
    /// Over a unix socket.
    Unix,
}

/// What came of one step of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Step {
    /// It was not reached.
    #[default]
    None,
    /// It went well.
    Good,
    /// It failed.
    Failed,
}

/// What came of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shot {
    /// Set when there was a connection.
    pub connected: Option<Family>,
    /// Sending the request.
    pub sent: Step,
    /// Receiving the response.
    pub received: Step,
    /// The response has the expected status.
    pub happy: bool,
    /// From the begin to the end of the response.
    pub took: Duration,
}

/// The last 64 probes of one kind; the newest is bit 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct History {
    /// `4`: a connection over IPv4.
    pub good_v4: u64,
    /// `6`: a connection over IPv6.
    pub good_v6: u64,
    /// `U`: a connection over a unix socket.
    pub good_unix: u64,
    /// `x`: sending failed.
    pub err_xmit: u64,
    /// `X`: the request was sent.
    pub good_xmit: u64,
    /// `r`: receiving failed.
    pub err_recv: u64,
    /// `R`: a response came.
    pub good_recv: u64,
    /// `H`: it was the expected one.
    pub happy: u64,
}

impl History {
    /// Every kind with its letter, the words that lists give it, and its bits.
    #[must_use]
    pub const fn kinds(&self) -> [(char, &'static str, u64); 8] {
        [
            ('4', "Good IPv4", self.good_v4),
            ('6', "Good IPv6", self.good_v6),
            ('U', "Good UNIX", self.good_unix),
            ('x', "Error Xmit", self.err_xmit),
            ('X', "Good Xmit", self.good_xmit),
            ('r', "Error Recv", self.err_recv),
            ('R', "Good Recv", self.good_recv),
            ('H', "Happy", self.happy),
        ]
    }

    /// The last probe: a letter for each kind that it was, `-` for the others.
    #[must_use]
    pub fn letters(&self) -> String {
        self.kinds()
            .iter()
            .map(|&(letter, _, bits)| if bits & 1 == 1 { letter } else { '-' })
            .collect()
    }

    fn add(&mut self, shot: &Shot) {
        let push = |bits: &mut u64, set: bool| *bits = *bits << 1 | u64::from(set);
        push(&mut self.good_v4, shot.connected == Some(Family::V4));
        push(&mut self.good_v6, shot.connected == Some(Family::V6));
        push(&mut self.good_unix, shot.connected == Some(Family::Unix));
        push(&mut self.err_xmit, shot.sent == Step::Failed);
        push(&mut self.good_xmit, shot.sent == Step::Good);
        push(&mut self.err_recv, shot.received == Step::Failed);
        push(&mut self.good_recv, shot.received == Step::Good);
        push(&mut self.happy, shot.happy);
    }
}

/// What is known from probes.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeView {
    /// Good ones among those that count.
    pub good: u32,
    /// How many count.
    pub window: u32,
    /// How many have to be good.
    pub threshold: u32,
    /// Whether they are.
    pub healthy: bool,
    /// Seconds since 1970 when that last changed; at first the begin of probing.
    pub changed_unix: u64,
    /// The last 64.
    pub history: History,
    /// What the last one took in seconds, if it was good; 0 otherwise.
    pub last_seconds: f64,
    /// What good ones take in seconds, about.
    pub average_seconds: f64,
}

/// What a probe has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is healthy again.
    Back,
    /// It is sick now.
    Went,
    /// It is what it was.
    Still,
}

impl Change {
    /// The word of `Backend_health` records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Change::Back => "Back",
            Change::Went => "Went",
            Change::Still => "Still",
        }
    }
}

/// The probing of one endpoint.
#[derive(Debug, Clone)]
pub struct Probe {
    settings: ProbeSettings,
    view: ProbeView,
    /// Good probes that the average is made of, up to [`AVERAGED`].
    averaged: u32,
    due: Duration,
    running: bool,
    dice: Dice,
}

impl Probe {
    /// Begins at `now`. The first probe is due within an interval, and the `seed` decides when, so that
    /// not all begin at once.
    #[must_use]
    pub fn new(settings: ProbeSettings, now: Duration, seed: u64) -> Probe {
        let window = settings.window.clamp(1, 64);
        let initial = settings.initial.min(settings.threshold).min(window);
        let happy = if initial == 0 { 0 } else { u64::MAX >> (64 - initial) };
        let mut dice = Dice::new(seed);
        let spread = settings.interval.min(Duration::from_secs(1)).mul_f64(dice.share());
        let view = ProbeView {
            good: initial,
            window,
            threshold: settings.threshold,
            healthy: initial >= settings.threshold,
            changed_unix: now.as_secs(),
            history: History { happy, ..History::default() },
            last_seconds: 0.0,
            average_seconds: 0.0,
        };
        Probe { settings, view, averaged: 0, due: now + spread, running: false, dice }
    }

    /// Goes on with other settings, as after a reload, with what is known.
    pub fn reconfigure(&mut self, settings: ProbeSettings, now: Duration) {
        self.view.window = settings.window.clamp(1, 64);
        self.view.threshold = settings.threshold;
        self.due = self.due.min(now + settings.interval);
        self.settings = settings;
        self.judge(now);
    }

    /// When the next probe is due; `None` while one runs.
    #[must_use]
    pub fn due(&self) -> Option<Duration> {
        (!self.running).then_some(self.due)
    }

    /// Whether a probe is to be sent at `now`. If so it counts as running until [`Probe::done`].
    pub fn begin(&mut self, now: Duration) -> bool {
        let begins = !self.running && now >= self.due;
        self.running |= begins;
        begins
    }

    /// A probe is over; the next one is due an interval after this one began, but not at once.
    pub fn done(&mut self, shot: &Shot, now: Duration) -> Change {
        self.running = false;
        self.view.history.add(shot);
        self.view.last_seconds = 0.0;
        if shot.happy {
            let took = shot.took.as_secs_f64();
            self.averaged = (self.averaged + 1).min(AVERAGED);
            self.view.last_seconds = took;
            self.view.average_seconds +=
                (took - self.view.average_seconds) / f64::from(self.averaged);
        }
        let interval =
            if shot.happy { self.settings.interval } else { self.settings.retry_interval };
        self.due = now + jittered(interval, self.settings.jitter_percent, self.dice.share());
        self.judge(now)
    }

    /// The next probe is due at once, unless one runs: something has happened that it can tell more about.
    pub fn hurry(&mut self, now: Duration) {
        self.due = self.due.min(now);
    }

    /// What is known.
    #[must_use]
    pub fn view(&self) -> &ProbeView {
        &self.view
    }

    fn judge(&mut self, now: Duration) -> Change {
        let counted = u64::MAX >> (64 - self.view.window);
        self.view.good = (self.view.history.happy & counted).count_ones();
        let healthy = self.view.good >= self.view.threshold;
        if healthy == self.view.healthy {
            return Change::Still;
        }
        self.view.healthy = healthy;
        self.view.changed_unix = now.as_secs();
        if healthy { Change::Back } else { Change::Went }
    }
}

#[cfg(test)]
mod tests;
