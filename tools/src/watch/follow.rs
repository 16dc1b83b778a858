//! The thread: reads, groups, counts, and once in a while lets others see it.

use std::thread;
use std::time::{Duration, Instant};

use shellac_log::{GivenUp, Grouper, Grouping, Input, Limits};
use shellac_render::visible;

use super::events::EventKind;
use super::source::{Next, Row, describe, name, now, seed};
use super::state::State;
use super::traffic::{Reading, Traffic};
use super::{From, Options, Shared};
use crate::reading::Opened;

/// Between two looks at a log that rests.
const SHORTEST_REST: Duration = Duration::from_millis(1);
const LONGEST_REST: Duration = Duration::from_millis(20);
/// Between two attempts at a log that is not there.
const RETRY_PAUSE: Duration = Duration::from_millis(100);
/// Records are held back for this long at most, until it is clear which table of tags they use.
const LONGEST_HOLD: Duration = Duration::from_secs(1);
/// Inputs between two looks at the clock.
const INPUTS_PER_LOOK: u32 = 128;
/// Requests may take their time, and many of them at once.
const LIMITS: Limits =
    Limits { timeout: Duration::from_secs(600), open_max: 50_000, open_max_bytes: 64 << 20 };

/// Reads until it is told to stop.
pub(super) fn run(from: &From, options: &Options, shared: &Shared) {
    let mut follower = Follower::new(from, options, shared);
    follower.follow();
    follower.publish();
}

struct Follower<'a> {
    options: &'a Options,
    shared: &'a Shared,
    row: Row,
    is_live: bool,
    state: State,
    opened: Option<Opened>,
    grouper: Option<Grouper>,
    /// What is known of the reader.
    about: Traffic,
    /// Bytes of the sources before this one.
    read_before: u64,
    has_waited: bool,
    /// What was in the ring before watching began is being read.
    is_behind: bool,
    now: Duration,
    published: Instant,
}

/// What to do after an input.
enum Then {
    GoOn,
    Rest,
    Wait,
    /// This source is read.
    NextSource,
}

impl<'a> Follower<'a> {
    #[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
    fn new(from: &From, options: &'a Options, shared: &'a Shared) -> Follower<'a> {
        let is_live = matches!(from, From::Live(_));
        let begin = now();
        let mut about = Traffic::nothing_yet(name(from));
        about.since = begin;
        Follower {
            options,
            shared,
            row: Row::new(from),
            is_live,
            state: State::new(options.redaction.clone(), options.kept.clone(), seed()),
            opened: None,
            grouper: None,
            about,
            read_before: 0,
            has_waited: false,
            is_behind: is_live && options.from_head,
            now: if is_live { begin } else { Duration::ZERO },
            published: Instant::now(),
        }
    }

    fn follow(&mut self) {
        let mut rest = SHORTEST_REST;
        let mut inputs: u32 = 0;
        let mut held_since: Option<Duration> = None;
        while !self.shared.stops() {
            if self.opened.is_none() {
                match self.row.next(self.options, self.has_waited) {
                    Ok(Next::Opened(opened)) => self.opened = Some(opened),
                    Ok(Next::End) => {
                        self.about.reading = Reading::Ended;
                        return;
                    }
                    Ok(Next::NotYet(why)) => {
                        self.has_waited = true;
                        self.about.reading = Reading::Waiting(visible(why.as_bytes()));
                        self.look();
                        thread::sleep(RETRY_PAUSE);
                        continue;
                    }
                    Err(error) => {
                        self.about.reading = Reading::Failed(describe(&error));
                        return;
                    }
                }
            }
            match self.input() {
                Ok(Then::GoOn) => {
                    rest = SHORTEST_REST;
                    inputs = inputs.wrapping_add(1);
                    if inputs.is_multiple_of(INPUTS_PER_LOOK) || !self.is_live {
                        self.look();
                    }
                }
                Ok(Then::Rest) => {
                    self.look();
                    self.hurry(&mut held_since);
                    thread::sleep(rest);
                    rest = (rest * 2).min(LONGEST_REST);
                }
                Ok(Then::Wait) => {
                    self.look();
                    thread::sleep(RETRY_PAUSE);
                }
                Ok(Then::NextSource) => {
                    self.end_of_file();
                    self.opened = None;
                }
                Err(error) => {
                    self.end_of_file();
                    self.about.reading = Reading::Failed(describe(&error));
                    return;
                }
            }
        }
    }

    /// Decides on a table of tags when records were held back long enough.
    fn hurry(&mut self, since: &mut Option<Duration>) {
        let Some(opened) = &mut self.opened else { return };
        if !opened.source().is_holding() {
            *since = None;
            return;
        }
        let now = now();
        if now.saturating_sub(*since.get_or_insert(now)) >= LONGEST_HOLD {
            opened.source().hurry();
        }
    }

    fn input(&mut self) -> anyhow::Result<Then> {
        let Some(opened) = &mut self.opened else { return Ok(Then::Rest) };
        let moment = self.is_live.then_some(self.now);
        let at = match moment {
            // What was in the ring already happened at a time that it does not say.
            Some(_) if self.is_behind => Duration::ZERO,
            Some(now) => now,
            None => self.state.latest(),
        };
        match (opened.source().next()?, &mut self.grouper) {
            (Input::Unit(records), Some(grouper)) => {
                if self.state.is_outside(records) {
                    self.state.outside(records, at);
                }
                grouper.unit(records, self.now);
            }
            (Input::Row(records), Some(grouper)) => {
                self.state.outside(records, at);
                grouper.row(records, at);
            }
            // Records come after `Opened` only.
            (Input::Unit(_) | Input::Row(_), None) => {}
            (Input::Nothing, _) => {
                self.is_behind = false;
                return Ok(Then::Rest);
            }
            (Input::End, _) => return Ok(Then::NextSource),
            (Input::Unavailable(why), _) => {
                if !matches!(self.about.reading, Reading::Gone(_)) {
                    self.about.reading = Reading::Waiting(visible(why.as_bytes()));
                }
                return Ok(Then::Wait);
            }
            (Input::Opened, _) => self.open(),
            (Input::Reacquired, _) => {
                self.about.restarts += 1;
                self.state.event(at, EventKind::Worker, "a worker runs again".to_owned());
                self.open();
            }
            (Input::Lost(lost), grouper) => {
                if let Some(grouper) = grouper {
                    grouper.give_up_all(GivenUp::Gap);
                }
                self.state.lose(at, &lost);
            }
            (Input::Abandoned(gone), grouper) => {
                if let Some(grouper) = grouper {
                    // What the dead one left open comes to nothing more.
                    grouper.give_up_all(GivenUp::Flush);
                }
                self.about.reading = Reading::Gone(gone.to_string());
                self.state.event(at, EventKind::Worker, gone.to_string());
            }
        }
        self.groups();
        Ok(Then::GoOn)
    }

    fn open(&mut self) {
        let Some(opened) = &mut self.opened else { return };
        let dialect = opened.source().dialect();
        self.about.dialect = Some(dialect);
        self.about.reading = Reading::On;
        let grouper = Grouper::new(Grouping::Request, dialect, LIMITS);
        self.grouper = Some(grouper.with_orphans(true));
        self.state.opened(dialect);
    }

    fn groups(&mut self) {
        let Some(mut grouper) = self.grouper.take() else { return };
        let moment = self.is_live.then_some(self.now);
        while let Some(group) = grouper.pop() {
            self.state.group(group, &mut grouper, moment);
        }
        self.grouper = Some(grouper);
    }

    /// What is open at the end of a file is all that there is of it.
    fn end_of_file(&mut self) {
        if let Some(grouper) = &mut self.grouper {
            grouper.flush();
        }
        self.groups();
        self.grouper = None;
        if let Some(Opened::File(file)) = &self.opened {
            self.read_before += file.position();
        }
    }

    /// Looks at the clock, and lets others see when that is due.
    #[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
    fn look(&mut self) {
        if self.is_live {
            self.now = now();
        }
        if self.published.elapsed() >= self.options.period {
            self.publish();
        }
    }

    #[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
    fn publish(&mut self) {
        self.published = Instant::now();
        let mut about = self.about.clone();
        about.read_bytes = self.read_before;
        match &mut self.opened {
            Some(Opened::Live(source)) => {
                about.lag = source.lag();
                about.read_bytes += source.walked_bytes();
                for problem in source.problems() {
                    let text = visible(problem.as_bytes());
                    self.state.event(self.now, EventKind::Notice, text);
                }
            }
            Some(Opened::File(file)) => about.read_bytes += file.position(),
            None => {}
        }
        let now = if self.is_live {
            self.now
        } else {
            about.since = self.state.first().unwrap_or_default();
            self.state.latest()
        };
        self.shared.publish(self.state.traffic(now, about));
    }
}
