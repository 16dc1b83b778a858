//! Reads a log until what was asked for is there, or cannot be any more.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use shellac_format::heads::Heads;
use shellac_format::{Dialect, Tag, Vxid};
use shellac_log::{Input, Lost, Source};
use shellac_render::trace::{Micros, Trace};

use super::captures::Summary;
use super::collect::{Bounds, Collector, Span};
use super::input::From;
use super::relatives::Relatives;
use super::select::{Finder, Matches, Selection};
use crate::reading::Opened;

/// Passes over one log at most. Each adds what an earlier one had to forget.
const MAX_PASSES: usize = 5;
/// How long a transaction that is there may take to end, without `--wait`: the answer to a client goes out
/// a moment before the log says so.
const GRACE: Duration = Duration::from_millis(300);
/// Pause between two looks at a ring that has nothing new.
const PAUSE: Duration = Duration::from_millis(10);

/// What is searched for, and where.
#[derive(Debug)]
pub(super) struct Search<'a> {
    pub(super) target: Vxid,
    pub(super) from: &'a From,
    pub(super) dialect: Option<Dialect>,
    pub(super) wait: Option<Duration>,
    pub(super) bounds: Bounds,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Newest first.
    pub(super) traces: Vec<Trace>,
    /// What an index says about groups whose records are not there.
    pub(super) summaries: Vec<Summary>,
    /// What was searched through.
    pub(super) span: Span,
    /// Transactions that name the target.
    pub(super) named_by: Vec<Vxid>,
    /// What could not be read, for standard error.
    pub(super) notes: Vec<String>,
    /// Why reading ended early.
    pub(super) error: Option<anyhow::Error>,
}

impl Search<'_> {
    /// Searches.
    pub(super) fn run(&self) -> anyhow::Result<Found> {
        if self.from.is_file() { self.by_heads() } else { self.by_window() }
    }

    /// Two passes over a file: which numbers belong to the target, then their records. Of everything else
    /// no more is read than heads.
    fn by_heads(&self) -> anyhow::Result<Found> {
        let mut relatives = Relatives::new(self.target);
        for _ in 0..MAX_PASSES {
            // What ends this pass early ends the next one too, and is reported then.
            let mut opened = self.from.open(self.dialect)?;
            let _ = each_row(opened.source(), |dialect, row| relatives.input(dialect, row));
            if !relatives.again() {
                break;
            }
        }
        let wanted = relatives.into_wanted();
        let mut collector = Collector::of_these(self.target, wanted, self.bounds);
        let mut opened = self.from.open(self.dialect)?;
        let mut found = self.pass(opened.source(), &mut collector);
        found.notes.extend(doubt(&mut opened));
        if found.traces.is_empty() {
            let mut opened = self.from.open(self.dialect)?;
            let mut span = Span::default();
            let _ = each_row(opened.source(), |dialect, row| look(&mut span, dialect, row));
            found.span = span;
        }
        Ok(found)
    }

    /// Keeps what it reads until it is known what belongs together: for what cannot be read twice.
    fn by_window(&self) -> anyhow::Result<Found> {
        let mut wanted = HashSet::new();
        let mut best: Option<Found> = None;
        for _ in 0..MAX_PASSES {
            let known = wanted.len();
            let mut opened = self.from.open(self.dialect)?;
            let mut collector = Collector::new(self.target, wanted, self.bounds);
            let mut found = self.pass(opened.source(), &mut collector);
            found.notes.extend(doubt(&mut opened));
            let nodes =
                |found: &Found| found.traces.iter().map(|it| it.nodes().len()).sum::<usize>();
            // A ring may have lost its oldest part since the pass before.
            if best.as_ref().is_none_or(|best| nodes(&found) >= nodes(best)) {
                best = Some(found);
            }
            match collector.another_pass() {
                Some(more) if more.len() > known && self.from.can_reopen() => wanted = more,
                _ => break,
            }
        }
        best.ok_or_else(|| anyhow::anyhow!("nothing was read"))
    }

    #[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
    fn pass(&self, source: &mut dyn Source, collector: &mut Collector) -> Found {
        let mut found = Found::default();
        let mut deadline = self.wait.and_then(|wait| Instant::now().checked_add(wait));
        let mut complete = false;
        loop {
            let dialect = source.dialect();
            match source.next() {
                Err(reason) => {
                    found.error = Some(reason.into());
                    break;
                }
                Ok(Input::Row(bytes) | Input::Unit(bytes)) => {
                    if collector.input(dialect, bytes) {
                        complete = false;
                        // The index says where the group begins: behind its end there is nothing of it.
                        if matches!(self.from, From::Capture(_, Some(_))) && collector.is_complete()
                        {
                            break;
                        }
                    }
                }
                Ok(Input::End) => break,
                Ok(Input::Nothing) => {
                    if source.is_holding() {
                        source.hurry();
                        continue;
                    }
                    complete = complete || collector.is_complete();
                    if complete {
                        break;
                    }
                    if self.wait.is_none() && deadline.is_none() {
                        if !collector.has_begun() {
                            break;
                        }
                        deadline = Instant::now().checked_add(GRACE);
                    }
                    if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                        break;
                    }
                    std::thread::sleep(PAUSE);
                }
                Ok(Input::Lost(lost)) => found.notes.push(loss(&lost)),
                Ok(Input::Abandoned(_)) => {
                    collector.give_up_open(dialect);
                    if self.wait.is_none() {
                        found.notes.push("the log's writer has ended".to_owned());
                        break;
                    }
                }
                Ok(Input::Unavailable(reason)) => {
                    if deadline.is_some_and(|deadline| Instant::now() >= deadline)
                        || self.wait.is_none()
                    {
                        found.error = Some(anyhow::Error::msg(reason));
                        break;
                    }
                    std::thread::sleep(PAUSE);
                }
                Ok(Input::Opened | Input::Reacquired) => {}
            }
        }
        collector.give_up_open(source.dialect());
        found.traces = collector.traces();
        found.span = collector.span();
        found.named_by = collector.named_by().to_vec();
        found
    }
}

/// The groups of `from` that fit, and what was wrong.
pub(super) fn select(
    from: &From,
    dialect: Option<Dialect>,
    selection: &Selection,
) -> anyhow::Result<(Matches, Vec<String>, Option<anyhow::Error>)> {
    let mut finder = Finder::new(selection);
    let mut opened = from.open(dialect)?;
    let mut notes = Vec::new();
    let error = match each_row(opened.source(), |dialect, row| finder.input(dialect, row)) {
        Ok(lost) => {
            notes.extend(lost);
            None
        }
        Err(error) => Some(error),
    };
    notes.extend(doubt(&mut opened));
    Ok((finder.finish(), notes, error))
}

/// Reads what is there and waits for nothing. The answer is what was lost.
fn each_row(
    source: &mut dyn Source,
    mut take: impl FnMut(Dialect, &[u8]),
) -> anyhow::Result<Vec<String>> {
    let mut notes = Vec::new();
    loop {
        let dialect = source.dialect();
        match source.next()? {
            Input::Row(bytes) | Input::Unit(bytes) => take(dialect, bytes),
            Input::Nothing => {
                if !source.is_holding() {
                    return Ok(notes);
                }
                source.hurry();
            }
            Input::End | Input::Abandoned(_) => return Ok(notes),
            Input::Unavailable(reason) => return Err(anyhow::Error::msg(reason)),
            Input::Lost(lost) => notes.push(loss(&lost)),
            Input::Opened | Input::Reacquired => {}
        }
    }
}

fn loss(lost: &Lost) -> String {
    let about = if lost.loss.exact { "" } else { "about " };
    format!(
        "{about}{} bytes of the log could not be read: overwritten, or never finished",
        lost.loss.bytes
    )
}

fn doubt(opened: &mut Opened) -> Vec<String> {
    let mut notes = opened.problems();
    if let Some(dialect) = opened.doubtful() {
        notes.push(format!(
            "the records do not tell which table of tags they were written with; {dialect} is taken, \
             --dialect names another"
        ));
    }
    notes
}

/// Takes in what a row says about the span of a log.
fn look(span: &mut Span, dialect: Dialect, row: &[u8]) {
    let (begin, stamp) = (Tag::Begin.number(dialect), Tag::Timestamp.number(dialect));
    let is_either = |number| Some(number) == begin || Some(number) == stamp;
    let mut heads = Heads::new(dialect.layout(), row);
    while let Some(place) = heads.next_wanted(is_either) {
        if Some(place.number) == begin {
            span.transactions += 1;
        } else if let Some(at) = Micros::of_timestamp(place.record(row).text()) {
            span.take(at);
        }
    }
}
