//! Reads a source until what was asked for is there, or cannot be any more.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use shellac_format::{Dialect, Vxid};
use shellac_log::{Input, Lost, Source};
use shellac_render::trace::Trace;

use super::collect::{Bounds, Collector, Span};
use super::input::From;

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
#[derive(Debug)]
pub(super) struct Found {
    /// Newest first.
    pub(super) traces: Vec<Trace>,
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
        let mut wanted = HashSet::new();
        let mut best: Option<Found> = None;
        for _ in 0..MAX_PASSES {
            let known = wanted.len();
            let mut opened = self.from.open(self.dialect)?;
            let mut collector = Collector::new(self.target, wanted, self.bounds);
            let mut found = self.pass(opened.source(), &mut collector);
            found.notes.extend(opened.problems());
            if let Some(dialect) = opened.doubtful() {
                found.notes.push(format!(
                    "the records do not tell which table of tags they were written with; {dialect} is taken, \
                     --dialect names another"
                ));
            }
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
        let mut notes = Vec::new();
        let mut error = None;
        let mut deadline = self.wait.and_then(|wait| Instant::now().checked_add(wait));
        let mut complete = false;
        loop {
            let dialect = source.dialect();
            match source.next() {
                Err(reason) => {
                    error = Some(reason.into());
                    break;
                }
                Ok(Input::Row(bytes) | Input::Unit(bytes)) => {
                    if collector.input(dialect, bytes) {
                        complete = false;
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
                Ok(Input::Lost(Lost { loss, .. })) => {
                    let about = if loss.exact { "" } else { "about " };
                    notes.push(format!(
                        "{about}{} bytes of the log could not be read: overwritten, or never finished",
                        loss.bytes
                    ));
                }
                Ok(Input::Abandoned(_)) => {
                    collector.give_up_open(dialect);
                    if self.wait.is_none() {
                        notes.push("the log's writer has ended".to_owned());
                        break;
                    }
                }
                Ok(Input::Unavailable(reason)) => {
                    if deadline.is_some_and(|deadline| Instant::now() >= deadline)
                        || self.wait.is_none()
                    {
                        error = Some(anyhow::Error::msg(reason));
                        break;
                    }
                    std::thread::sleep(PAUSE);
                }
                Ok(Input::Opened | Input::Reacquired) => {}
            }
        }
        collector.give_up_open(source.dialect());
        Found {
            traces: collector.traces(),
            span: collector.span(),
            named_by: collector.named_by().to_vec(),
            notes,
            error,
        }
    }
}
