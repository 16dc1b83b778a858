//! Takes groups from a source until it ends or somebody says so.

use std::time::{Duration, Instant};

use shellac_log::{GivenUp, Grouper, Grouping, Input, Limits, Loss, Lost};

use super::compare::{Comparison, Pass};
use super::screen::Screen;
use crate::reading::Opened;
use crate::reading::signals::Signals;

/// Between two looks at a log that has nothing new.
const PAUSE: Duration = Duration::from_millis(10);
/// Records are held back for this long at most, until it is clear which table of tags they use.
const LONGEST_HOLD: Duration = Duration::from_secs(1);
/// Groups take their time: more of them may be open than a log that is only shown allows.
const LIMITS: Limits =
    Limits { timeout: Duration::from_secs(120), open_max: 20_000, open_max_bytes: 64 << 20 };
/// Notes that are kept.
const MAX_NOTES: usize = 50;
/// Inputs between two looks at the clock.
const INPUTS_PER_LOOK: u32 = 256;

/// How long to read, and who looks on.
pub(super) struct Watch<'a> {
    pub(super) signals: &'a Signals,
    pub(super) until: Option<Instant>,
    pub(super) screen: Option<&'a mut Screen>,
    pub(super) notes: Notes,
}

/// What was wrong, for standard error.
#[derive(Debug, Default)]
pub(super) struct Notes {
    lines: Vec<String>,
    /// Notes that were not kept.
    more: u64,
    lost_bytes: u64,
    lost_exactly: bool,
    losses: u64,
}

impl Notes {
    fn add(&mut self, note: String) {
        if self.lines.len() < MAX_NOTES { self.lines.push(note) } else { self.more += 1 }
    }

    fn lose(&mut self, loss: Loss) {
        self.lost_exactly = loss.exact && (self.losses == 0 || self.lost_exactly);
        self.lost_bytes = self.lost_bytes.saturating_add(loss.bytes);
        self.losses += 1;
    }

    /// All of them.
    pub(super) fn into_lines(mut self) -> Vec<String> {
        if self.more > 0 {
            self.lines.push(format!("{} more notes", self.more));
        }
        if self.losses > 0 {
            let about = if self.lost_exactly { "" } else { "about " };
            let bytes = self.lost_bytes;
            let times =
                if self.losses == 1 { "once".to_owned() } else { format!("{} times", self.losses) };
            self.lines.push(format!(
                "{about}{bytes} bytes of the log could not be read ({times}): overwritten, or never finished"
            ));
        }
        self.lines
    }
}

/// Why reading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// There is no more.
    Whole,
    /// A signal came, or the time is over.
    Stopped,
}

/// Reads all groups of a source. What was read before an error is compared as well.
#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
pub(super) fn read(
    opened: &mut Opened,
    instance: Option<&str>,
    comparison: &mut Comparison,
    watch: &mut Watch<'_>,
) -> anyhow::Result<Ended> {
    let mut pass = None;
    let result = follow(opened, instance, comparison, watch, &mut pass);
    if let Some(Reading { mut grouper, mut pass }) = pass {
        // What is open has no outcome; that it was there is counted.
        grouper.flush();
        take(&mut grouper, &mut pass, comparison);
        comparison.end(&pass);
        let orphans = grouper.account().orphans;
        if orphans > 0 {
            let what = if orphans == 1 { "transaction belongs" } else { "transactions belong" };
            watch.notes.add(format!("{orphans} {what} to nothing that is there, left out"));
        }
    }
    opened.problems().into_iter().for_each(|problem| watch.notes.add(problem));
    result
}

/// A source that was opened.
struct Reading {
    grouper: Grouper,
    pass: Pass,
}

#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
fn follow(
    opened: &mut Opened,
    instance: Option<&str>,
    comparison: &mut Comparison,
    watch: &mut Watch<'_>,
    reading: &mut Option<Reading>,
) -> anyhow::Result<Ended> {
    let start = Instant::now();
    let mut inputs: u32 = 0;
    loop {
        inputs = inputs.wrapping_add(1);
        if watch.signals.stop() {
            return Ok(Ended::Stopped);
        }
        let mut rests = false;
        let source = opened.source();
        match (source.next()?, reading.as_mut()) {
            (Input::Row(records), Some(it)) => {
                it.grouper.row(records, start.elapsed());
            }
            (Input::Unit(records), Some(it)) => it.grouper.unit(records, start.elapsed()),
            (Input::End, _) => return Ok(Ended::Whole),
            (Input::Nothing, _) => {
                rests = true;
                if source.is_holding() && start.elapsed() >= LONGEST_HOLD {
                    source.hurry();
                }
            }
            (Input::Lost(Lost { loss, .. }), it) => {
                if let Some(it) = it {
                    it.grouper.give_up_all(GivenUp::Gap);
                }
                watch.notes.lose(loss);
            }
            (Input::Abandoned(gone), it) => {
                if let Some(it) = it {
                    it.grouper.give_up_all(GivenUp::Flush);
                }
                watch.notes.add(format!("{gone}"));
            }
            (Input::Unavailable(reason), None) => anyhow::bail!(reason),
            (Input::Unavailable(_), Some(_)) => rests = true,
            (Input::Opened | Input::Reacquired, _) => {
                let dialect = source.dialect();
                if let Some(before) = reading.take() {
                    comparison.end(&before.pass);
                }
                let grouper = Grouper::new(Grouping::Request, dialect, LIMITS);
                let pass = comparison.pass(instance, dialect)?;
                *reading = Some(Reading { grouper: grouper.with_orphans(true), pass });
                if let Some(dialect) = opened.doubtful() {
                    watch.notes.add(format!(
                        "the records do not tell which table of tags they were written with; {dialect} is \
                         taken, --dialect names another"
                    ));
                }
            }
            // Records come after `Opened` only.
            (Input::Row(_) | Input::Unit(_), None) => {}
        }
        if let Some(Reading { grouper, pass }) = reading {
            take(grouper, pass, comparison);
        }
        if rests || inputs.is_multiple_of(INPUTS_PER_LOOK) {
            if watch.until.is_some_and(|until| Instant::now() >= until) {
                return Ok(Ended::Stopped);
            }
            opened.problems().into_iter().for_each(|problem| watch.notes.add(problem));
            if let Some(screen) = &mut watch.screen {
                let pass = reading.as_ref().map(|reading| &reading.pass);
                screen.show(|| comparison.verdict_with(pass))?;
            }
        }
        if rests {
            std::thread::sleep(PAUSE);
        }
    }
}

fn take(grouper: &mut Grouper, pass: &mut Pass, comparison: &mut Comparison) {
    while let Some(group) = grouper.pop() {
        comparison.group(pass, &group.transactions);
        grouper.recycle(group);
    }
}
