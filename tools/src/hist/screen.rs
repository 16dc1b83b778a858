//! The screen: the newest samples as bars, drawn again and again.

use std::io::{IsTerminal, stdout};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use chrono::DateTime;
use ratatui::layout::Rect;
use shellac_format::Dialect;
use shellac_log::{Group, LogRecord};
use shellac_render::visible;

use super::bend::Bend;
use super::samples::Samples;
use super::settings::{LONGEST_DELAY, SHORTEST_DELAY, Settings};
use super::view::{self, Picture};
use crate::reading::behind::{Behind, Seen, Started};
use crate::reading::identity::Whose;
use crate::reading::pass::Sink;
use crate::reading::settings::From;
use crate::reading::target::Written;
use crate::terminal::{self, Key, Owner, Signals, Taken};

/// A file is read as far as it goes in this time before there is a picture of it.
const FIRST: Duration = Duration::from_millis(250);

/// Shows the screen until told to end.
pub(super) fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    let Settings { reading, profile, sides, delay, bend, .. } = settings;
    let is_file = matches!(&reading.from, From::File(path) if path.is_file());
    let whose = Whose::of(&reading);
    let started = Behind::start(reading, move |dialect| {
        let mut samples = Samples::new(profile, sides, dialect);
        samples.watches_time = bend.is_some();
        Bent { samples, bend: bend.map(Bend::new) }
    })?;
    let behind = match started {
        Started::Reading(behind) => behind,
        Started::Over(code) => return Ok(code),
    };
    let identity = visible(whose.identity().as_bytes());
    // What is wrong with the log was told first.
    if !stdout().is_terminal() {
        bail!(
            "standard output is no terminal, which the screen needs; shellac hist --batch writes text"
        );
    }
    let signals = Signals::register()?;
    let mut terminal = Owner::take()?;
    let mut screen = Screen { behind: &behind, view: View { delay, identity } };
    let first = if is_file { FIRST } else { Duration::ZERO };
    let shown = terminal::show(&mut screen, &signals, &mut terminal, first);
    drop(terminal);
    let ended = behind.end();
    shown?;
    ended
}

/// Samples of a log that is read at the speed of its time.
struct Bent {
    samples: Samples,
    bend: Option<Bend>,
}

impl Seen for Bent {
    fn ahead(&mut self) -> Duration {
        match (&mut self.bend, self.samples.newest_time) {
            (Some(bend), Some(time)) => bend.ahead(now(), time),
            _ => Duration::ZERO,
        }
    }
}

impl Sink for Bent {
    fn set_dialect(&mut self, dialect: Dialect) -> anyhow::Result<()> {
        self.samples.set_dialect(dialect)
    }

    fn group(&mut self, group: &Group) -> anyhow::Result<Written> {
        self.samples.group(group)
    }

    fn record(&mut self, record: &LogRecord<'_>, bytes: &[u8]) -> anyhow::Result<Written> {
        self.samples.record(record, bytes)
    }

    fn flush(&mut self) -> anyhow::Result<Written> {
        self.samples.flush()
    }

    fn reopen(&mut self) -> anyhow::Result<Written> {
        self.samples.reopen()
    }

    fn gap(&mut self) {
        if let Some(bend) = &mut self.bend {
            bend.restart();
        }
    }
}

impl Bent {
    /// The time of the log goes at another factor: this, or the one that it had times this.
    fn change(&mut self, times: f64) {
        let factor = self.bend.map_or(1.0, |bend| bend.factor * times);
        if factor.is_normal() {
            self.bend = Some(Bend::new(factor));
            self.samples.watches_time = true;
        }
    }
}

/// Somebody who reads, and what is drawn of that.
struct Screen<'a> {
    behind: &'a Behind<Bent>,
    view: View,
}

/// What is drawn, and how often.
struct View {
    /// Seconds between two pictures.
    delay: f64,
    identity: String,
}

impl terminal::Picture for Screen<'_> {
    fn is_over(&self) -> bool {
        self.behind.is_over()
    }

    fn lines(&mut self, over: bool, area: Rect) -> Vec<String> {
        self.behind.look(|bent| self.view.lines(bent, over, area)).unwrap_or_default()
    }

    fn period(&self) -> Duration {
        Duration::from_secs_f64(self.view.delay)
    }

    fn key(&mut self, key: Key) -> Taken {
        match key {
            Key::Char('<') => drop(self.behind.look(|bent| bent.change(0.5))),
            Key::Char('>') => drop(self.behind.look(|bent| bent.change(2.0))),
            key if self.view.key(key) => {}
            _ => return Taken::Nothing,
        }
        Taken::Something
    }
}

impl View {
    /// Takes a key that changes the delay.
    fn key(&mut self, key: Key) -> bool {
        let delay = match key {
            Key::Char(digit @ '0'..='9') => f64::from(1_u32 << (u32::from(digit) - u32::from('0'))),
            Key::Char('+') => self.delay / 2.0,
            Key::Char('-') => self.delay * 2.0,
            _ => return false,
        };
        self.delay = delay.clamp(SHORTEST_DELAY, LONGEST_DELAY);
        true
    }

    fn lines(&self, bent: &Bent, over: bool, area: Rect) -> Vec<String> {
        let samples = &bent.samples;
        let bend = bent.bend.zip(samples.newest_time).and_then(|(bend, time)| {
            let time = DateTime::from_timestamp(i64::try_from(time.as_secs()).ok()?, 0)?;
            Some((time.format("%a, %d %b %Y %H:%M:%S GMT").to_string(), bend.factor))
        });
        let picture = Picture {
            low: samples.profile.low,
            decades: samples.profile.decades(),
            buckets: samples.shown(),
            samples: samples.count(),
            delay: self.delay,
            bend,
            right: if over { "EOF" } else { &self.identity },
        };
        view::lines(&picture, area.width.into(), area.height.into())
    }
}

fn now() -> Duration {
    Duration::from_micros(shellac_sys::monotonic_micros())
}

#[cfg(test)]
mod tests;
