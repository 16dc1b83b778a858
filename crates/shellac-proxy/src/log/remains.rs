//! What workers still log whose place this one has taken: it goes on in this one's log, since readers see no other.
//!
//! A worker that makes room ends its log at that moment, and writes what comes then to another ring beside (`Log` / `Rest` in its
//! set, which has moved away). Its successor follows that ring and hands on what it finds. Of the log that has ended come the
//! beginnings of the transactions that were open, so that each of them is in the new log as a whole.

mod counts;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use shellac_format::{Dialect, Heads, Side, Tag, Vxid, record};
use shellac_ring::{Cursor, Hole, LogView, Next, Start, layout_of};
use shellac_vsm::map_retired;

use super::sink::LogSink;
use crate::generation::lock;
use crate::stats::Counting;
use counts::Counts;

/// The class of logs, and the name of the ring that a worker writes to when it has made room.
pub(crate) const CLASS: &str = "Log";
pub(crate) const REST: &str = "Rest";
/// How long nothing is handed on at first: readers have to find this worker's log, and some begin at its end.
const SETTLE: Duration = Duration::from_secs(1);
/// How often it is looked for more.
const LOOK: Duration = Duration::from_millis(50);
/// Batches of one worker that are handed on before it is another one's turn.
const TURN: usize = 1024;
/// Longest text of a record about what was lost, in bytes.
const TEXT_BYTES: usize = 1024;

/// A worker whose place this one has taken, and that still serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predecessor {
    /// Where its set lies now.
    pub dir: PathBuf,
    /// Nobody has handed on yet what it logs there. Otherwise only what comes from now on is.
    pub is_new: bool,
}

/// Where those workers' sets lie of whom more may come. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unfinished(Arc<Mutex<Vec<PathBuf>>>);

impl Unfinished {
    fn begin(&self, dir: &Path) {
        lock(&self.0).push(dir.to_owned());
    }

    fn end(&self, dir: &Path) {
        lock(&self.0).retain(|one| one != dir);
    }

    /// Whether one of them has ended and not all that it has logged is handed on yet.
    pub(crate) fn is_behind(&self) -> bool {
        lock(&self.0).iter().any(|dir| !dir.exists())
    }
}

/// The thread that hands it on. Dropped, it does so for the last time and ends.
#[derive(Debug)]
pub(crate) struct Remains {
    stop: Option<Sender<()>>,
    ended: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Remains {
    /// Finds the logs of `before` and begins to hand them on to `sink`, whose records are of `dialect`; what is counted there is added to `counting`.
    pub(crate) fn hand_on(
        before: &[Predecessor],
        dialect: Dialect,
        mut sink: Box<dyn LogSink>,
        counting: Counting,
        unfinished: Unfinished,
    ) -> io::Result<Remains> {
        let mut sources = Vec::new();
        for one in before {
            match Source::open(one, dialect) {
                Ok(mut source) => {
                    match Counts::open(&one.dir, one.is_new) {
                        Ok(counts) => source.counts = Some(counts),
                        Err(why) => {
                            let dir = one.dir.display();
                            let text =
                                format!("what is still counted in {dir} is not added: {why}");
                            notice(&mut *sink, dialect, &text);
                        }
                    }
                    unfinished.begin(&one.dir);
                    sources.push(source);
                }
                Err(why) => {
                    let dir = one.dir.display();
                    let text = format!("what is still logged in {dir} cannot be shown: {why}");
                    notice(&mut *sink, dialect, &text);
                }
            }
        }
        let (stop, stopped) = channel();
        let (ends, ended) = channel();
        let thread = Builder::new().name("shellac-remains".to_owned()).spawn(move || {
            // Dropped at the end, whatever that is.
            let _ends: Sender<()> = ends;
            run(sources, dialect, &mut *sink, &counting, &unfinished, &stopped);
        })?;
        Ok(Remains { stop: Some(stop), ended, thread: Some(thread) })
    }

    /// Waits until those workers have ended, for at most `patience`.
    pub(crate) fn finish(self, patience: Duration) {
        // It ends by itself, which breaks this channel, or is stopped with it.
        let _ = self.ended.recv_timeout(patience);
    }
}

impl Drop for Remains {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic has been reported where it happened.
            let _ = thread.join();
        }
    }
}

fn run(
    mut sources: Vec<Source>,
    dialect: Dialect,
    sink: &mut dyn LogSink,
    counting: &Counting,
    unfinished: &Unfinished,
    stop: &Receiver<()>,
) {
    let mut goes_on = stop.recv_timeout(SETTLE) == Err(RecvTimeoutError::Timeout);
    for source in &mut sources {
        source.begin(sink);
    }
    loop {
        sources.retain_mut(|source| {
            let can_be_more = source.pass(sink, dialect, goes_on);
            if let Some(counts) = &mut source.counts {
                counts.pass(counting);
            }
            if !can_be_more {
                unfinished.end(&source.dir);
            }
            can_be_more
        });
        sink.sweep();
        if sources.is_empty() || !goes_on {
            return;
        }
        goes_on = stop.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout);
    }
}

/// One worker's logs.
struct Source {
    dir: PathBuf,
    begin: u8,
    end: u8,
    /// The log that has ended, until it was looked through.
    first: Option<Cursor<LogView>>,
    rest: Cursor<LogView>,
    batch: Vec<u8>,
    /// What it counts.
    counts: Option<Counts>,
}

impl Source {
    /// Maps the logs now: the worker may end at any moment, and its directory with it.
    fn open(one: &Predecessor, dialect: Dialect) -> Result<Source, String> {
        let open = |ident: &str, start| {
            let file = map_retired(&one.dir, CLASS, ident).map_err(|error| error.full_text())?;
            let file = file.ok_or("it was written by a version that does not hand it on")?;
            let view = LogView::open(file).map_err(|error| error.to_string())?;
            let layout = layout_of(&view).map_err(|error| error.to_string())?;
            if layout != dialect.layout() {
                return Err("its records are of another dialect".to_owned());
            }
            Cursor::open(view, layout, start).map_err(|error| error.to_string())
        };
        let numbers = (Tag::Begin.number(dialect), Tag::End.number(dialect));
        let (Some(begin), Some(end)) = numbers else {
            return Err("this dialect has no transactions".to_owned());
        };
        let start = if one.is_new { Start::Head } else { Start::Tail };
        Ok(Source {
            dir: one.dir.clone(),
            begin,
            end,
            first: Some(open(CLASS, Start::Head)?),
            rest: open(REST, start)?,
            batch: Vec::new(),
            counts: None,
        })
    }

    /// Hands on the beginnings of what was open when the log ended.
    fn begin(&mut self, sink: &mut dyn LogSink) {
        let Some(mut first) = self.first.take() else { return };
        // No more than the ring holds.
        let mut open: BTreeMap<Vxid, Vec<u8>> = BTreeMap::new();
        loop {
            match first.next(&mut self.batch) {
                Ok(Next::Batch) => {}
                // The next one is looked at.
                Ok(Next::Overrun(_)) => continue,
                Ok(Next::Nothing) | Err(_) => match first.skip_hole() {
                    Ok(Hole::Skipped(_)) => continue,
                    _ => break,
                },
            }
            let mut heads = Heads::new(first.layout(), &self.batch);
            let Some(head) = heads.next_wanted(|_| true) else { continue };
            let is_end =
                head.number == self.end || heads.next_wanted(|number| number == self.end).is_some();
            if is_end {
                open.remove(&head.vxid);
            } else if head.number == self.begin {
                open.insert(head.vxid, self.batch.clone());
            } else if let Some(bytes) = open.get_mut(&head.vxid) {
                bytes.extend_from_slice(&self.batch);
            }
        }
        for bytes in open.values() {
            sink.publish(bytes);
        }
    }

    /// Hands on what is new. Whether there can be more.
    fn pass(&mut self, sink: &mut dyn LogSink, dialect: Dialect, goes_on: bool) -> bool {
        // Asked first: what is found then is all that it has ever written.
        let ended = !self.dir.exists();
        for _ in 0..if ended || !goes_on { usize::MAX } else { TURN } {
            match self.rest.next(&mut self.batch) {
                Ok(Next::Batch) => sink.publish(&self.batch),
                Ok(Next::Overrun(lost)) => {
                    let dir = self.dir.display();
                    let text = format!(
                        "{} bytes that were logged in {dir} were overwritten before they could be shown",
                        lost.bytes
                    );
                    notice(sink, dialect, &text);
                }
                Ok(Next::Nothing) if !ended => return true,
                // Whoever held a place there will not fill it any more, and behind a broken one others go on.
                Ok(Next::Nothing) | Err(_) => match self.rest.skip_hole() {
                    Ok(Hole::Skipped(_)) => {}
                    _ => return !ended,
                },
            }
        }
        true
    }
}

/// Says something in the log.
fn notice(sink: &mut dyn LogSink, dialect: Dialect, text: &str) {
    let Some(number) = Tag::Notice.number(dialect) else { return };
    let mut batch = Vec::new();
    let layout = dialect.layout();
    record::encode_text(
        &mut batch,
        layout,
        number,
        Vxid(0),
        Side::None,
        text.as_bytes(),
        TEXT_BYTES,
    );
    sink.publish(&batch);
}

#[cfg(test)]
mod tests;
