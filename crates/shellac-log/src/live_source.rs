//! Records of a running instance, through its shared memory.
//!
//! One [`Attachment`] follows the directory; while the worker's log is there, a [`Cursor`] follows that.

use std::collections::VecDeque;
use std::sync::Arc;

use shellac_format::{Dialect, Layout};
use shellac_ring::{Cursor, Hole, Lag, LogView, Loss, Next, Position, ReadError, Start, layout_of};
use shellac_vsm::{Attachment, Segment, SegmentId};

use crate::detect::{Detector, ENOUGH_RECORDS};
use crate::loss::{Cause, Lost};
use crate::past::Mark;
use crate::source::{Choice, Damage, Gone, Input, Source, SourceError, choose, with_sources};

/// Class and ident of the segment that holds the log.
const LOG: (&str, &str) = ("Log", "Log");
/// Class and ident of the segment in which our own instances describe themselves.
const ABOUT: (&str, &str) = ("Arg", "-shellac");
/// Bytes before the first word of a log.
const HEAD_BYTES: u64 = shellac_format::layout::SEGMENT_HEAD_BYTES as u64;
/// Bytes of a word.
const WORD_BYTES: u64 = shellac_format::layout::WORD as u64;

/// Bytes of records that are held back at most until the dialect is clear.
const HELD_BYTES_MAX: usize = 4 << 20;

/// So many looks in a row that find nothing make one look at the directory, which costs far more.
const LOOKS_PER_REFRESH: u32 = 4;

/// What [`Input::Unavailable`] says of an instance without a log.
pub const NO_LOG: &str = "there is no log (no worker is running)";

/// How to read a live log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiveOptions {
    /// The dialect that the user named.
    pub dialect: Option<Dialect>,
    /// Start with the oldest record that the log still holds.
    pub from_head: bool,
    /// Say [`Input::End`] where there is nothing more.
    pub stop_at_tail: bool,
}

/// A [`Source`] over the log of a running instance.
///
/// It never waits: [`Input::Nothing`] and [`Input::Unavailable`] mean "ask again in a moment". When that is
/// said some times in a row, the directory is looked at anew.
#[derive(Debug)]
pub struct LiveSource {
    attachment: Attachment,
    options: LiveOptions,
    reading: Option<Reading>,
    /// Whether it was opened at the start, which is still to be said.
    placed: bool,
    /// `None` while only the records can tell.
    choice: Option<Choice>,
    detector: Detector,
    /// What was read before that was clear.
    held: VecDeque<Held>,
    held_bytes: usize,
    hurry: bool,
    /// Whether there was no log at some time: then the next one is read from its start, for nothing in it
    /// is older than our interest.
    waited: bool,
    /// Whether a log was lost that was being read.
    abandoned: bool,
    unit: Vec<u8>,
    /// Looks in a row that found nothing.
    rests: u32,
    walked_bytes: u64,
}

/// An input that waits for the dialect to be clear.
#[derive(Debug)]
enum Held {
    Unit(Vec<u8>),
    Overrun(Loss),
}

#[derive(Debug)]
struct Reading {
    cursor: Cursor<Arc<LogView>>,
    /// Where the cursor was when bytes were counted last.
    counted: Position,
    segment: SegmentId,
    name: String,
}

impl LiveSource {
    /// Reads the log of the instance that `attachment` follows. It need not be there yet; if it is, what is written from
    /// now on is seen, however long the first look takes.
    pub fn new(attachment: Attachment, options: LiveOptions) -> LiveSource {
        let mut source = LiveSource {
            attachment,
            options,
            reading: None,
            placed: false,
            choice: None,
            detector: Detector::default(),
            held: VecDeque::new(),
            held_bytes: 0,
            hurry: false,
            waited: false,
            abandoned: false,
            unit: Vec::new(),
            rests: 0,
            walked_bytes: 0,
        };
        source.attachment.refresh();
        // The first look says why not.
        if let Ok(reading) = source.try_open() {
            source.reading = Some(reading);
            source.placed = true;
        }
        source
    }

    /// The table of tags and why this one. Only meaningful once a log was opened.
    pub fn choice(&self) -> Choice {
        self.choice.unwrap_or_else(|| self.detector.answer().into())
    }

    /// The directory that is followed.
    pub const fn attachment(&self) -> &Attachment {
        &self.attachment
    }

    /// What was skipped in the directory since the last call, for a person.
    pub fn problems(&mut self) -> Vec<String> {
        self.attachment.problems().iter().map(ToString::to_string).collect()
    }

    /// Bytes of the log that were read: records with their headers, heads of batches, fillers. What was lost is not
    /// among them, so that both together are what was written.
    pub const fn walked_bytes(&self) -> u64 {
        self.walked_bytes
    }

    /// How far behind the writer reading is; `None` while there is no log.
    pub fn lag(&self) -> Option<Lag> {
        self.reading.as_ref().map(|reading| reading.cursor.lag())
    }

    /// The place of what comes next, to come back to. `None` while there is no log, and while records are held back
    /// that were read already.
    pub fn mark(&self) -> Option<Mark> {
        let reading = self.reading.as_ref()?;
        (self.choice.is_some() && self.held.is_empty()).then(|| Mark::of(&reading.cursor))
    }

    /// Bytes that the log has room for, of which five eighths can be come back to; `None` while there is no log.
    pub fn ring_bytes(&self) -> Option<u64> {
        self.reading.as_ref().map(|reading| reading.cursor.ring_bytes())
    }

    /// What became of the log, as of the last look at the directory.
    fn gone(&self) -> Gone {
        let status = self.attachment.status();
        if status.worker_running {
            Gone::WorkerRestarted
        } else if status.mgt_running {
            Gone::WorkerEnded
        } else if self.attachment.workdir().exists() {
            Gone::InstanceEnded
        } else {
            Gone::DirectoryGone
        }
    }

    /// Tries to open the log that is there now.
    fn open(&mut self) -> Result<Input<'_>, SourceError> {
        self.attachment.refresh();
        let reading = match self.try_open() {
            Ok(reading) => reading,
            Err(OpenFailure::ForEver(error)) => return Err(error),
            Err(OpenFailure::ForNow(reason)) => {
                self.waited = true;
                return Ok(Input::Unavailable(reason));
            }
        };
        self.reading = Some(reading);
        if self.choice.is_none() {
            return self.detect();
        }
        Ok(self.opened())
    }

    fn opened(&mut self) -> Input<'static> {
        self.placed = false;
        if std::mem::take(&mut self.abandoned) { Input::Reacquired } else { Input::Opened }
    }

    /// Holds records back until they say what dialect they are of.
    fn detect(&mut self) -> Result<Input<'_>, SourceError> {
        while let Some(reading) = &mut self.reading {
            if self.hurry || self.detector.is_clear() || self.held_bytes > HELD_BYTES_MAX {
                break;
            }
            match reading.look(&mut self.unit, &mut self.walked_bytes) {
                Look::Unit => {
                    self.detector.input(&self.unit);
                    self.held_bytes += self.unit.len();
                    self.held.push_back(Held::Unit(std::mem::take(&mut self.unit)));
                }
                Look::Lost(loss) => {
                    self.held.push_back(Held::Overrun(loss));
                    break;
                }
                // It shows again with the next look.
                Look::Broken(_) => break,
                Look::Nothing => {
                    self.attachment.refresh();
                    if self.attachment.is_valid(reading.segment) && !self.options.stop_at_tail {
                        return Ok(Input::Nothing);
                    }
                    break;
                }
            }
        }
        self.choice = Some(self.detector.answer().into());
        self.held_bytes = 0;
        Ok(self.opened())
    }

    fn try_open(&mut self) -> Result<Reading, OpenFailure> {
        let Some(segment) = self.attachment.find(LOG.0, LOG.1) else {
            return Err(OpenFailure::ForNow(NO_LOG.to_owned()));
        };
        let segment = segment.clone();
        let (view, name, layout) = self.view(&segment)?;
        self.choice = choose(&name, layout, self.options.dialect, self.announced())
            .map_err(OpenFailure::ForEver)?;
        let start = if self.options.from_head || self.waited { Start::Head } else { Start::Tail };
        let cursor = Cursor::open(Arc::new(view), layout, start)
            .map_err(|error| OpenFailure::ForNow(format!("{name}: {}", with_sources(&error))))?;
        self.hurry = false;
        self.detector = Detector::default();
        if self.choice.is_none() {
            let past = self.look_at_past(&segment);
            // Where reading starts with the past, its records are going to be seen anyway.
            if past.is_clear() || start == Start::Tail {
                self.detector = past;
            }
        }
        Ok(Reading { counted: cursor.position(), cursor, segment: segment.id, name })
    }

    fn view(&self, segment: &Segment) -> Result<(LogView, String, Layout), OpenFailure> {
        let mapped = match self.attachment.map(segment) {
            Ok(mapped) => mapped,
            Err(error) => return Err(OpenFailure::ForNow(error.full_text())),
        };
        let name = self.attachment.path(segment).display().to_string();
        let for_now = |error: &dyn std::error::Error| {
            OpenFailure::ForNow(format!("{name}: {}", with_sources(error)))
        };
        let view = LogView::open(mapped).map_err(|error| for_now(&error))?;
        let layout = layout_of(&view).map_err(|error| for_now(&error))?;
        Ok((view, name, layout))
    }

    /// What the records suggest that lie in the log already.
    fn look_at_past(&self, segment: &Segment) -> Detector {
        let mut detector = Detector::default();
        let Ok((view, _, layout)) = self.view(segment) else { return detector };
        let Ok(mut cursor) = Cursor::open(view, layout, Start::Head) else { return detector };
        let mut unit = Vec::new();
        while detector.records() < ENOUGH_RECORDS
            && matches!(cursor.next(&mut unit), Ok(Next::Batch | Next::Overrun(_)))
        {
            detector.input(&unit);
        }
        detector
    }

    /// The dialect that the instance itself names: `dialect=NAME` among the words of its description.
    fn announced(&self) -> Option<Dialect> {
        let about = self.attachment.read_text(ABOUT.0, ABOUT.1).ok()??;
        about.split_ascii_whitespace().find_map(|word| word.strip_prefix("dialect=")?.parse().ok())
    }
}

enum OpenFailure {
    ForNow(String),
    ForEver(SourceError),
}

/// What one look at the ring came to, with nothing borrowed.
enum Look {
    Unit,
    Nothing,
    Lost(Loss),
    Broken(ReadError),
}

impl Reading {
    /// Looks what is next, and adds what was stepped over to `walked_bytes`.
    fn look(&mut self, unit: &mut Vec<u8>, walked_bytes: &mut u64) -> Look {
        let look = match self.cursor.next(unit) {
            Ok(Next::Batch) => Look::Unit,
            Ok(Next::Nothing) => Look::Nothing,
            Ok(Next::Overrun(loss)) => Look::Lost(loss),
            Err(error) => Look::Broken(error),
        };
        let lost_bytes = if let Look::Lost(loss) = &look { loss.bytes } else { 0 };
        *walked_bytes += self.count().saturating_sub(lost_bytes);
        look
    }

    /// Bytes since the last count.
    fn count(&mut self) -> u64 {
        let bytes = self.cursor.bytes_since(self.counted);
        self.counted = self.cursor.position();
        bytes
    }
}

impl Source for LiveSource {
    fn dialect(&self) -> Dialect {
        self.choice().dialect
    }

    fn is_holding(&self) -> bool {
        self.choice.is_none() && !self.held.is_empty()
    }

    fn hurry(&mut self) {
        self.hurry = true;
    }

    fn next(&mut self) -> Result<Input<'_>, SourceError> {
        if self.reading.is_some() && self.choice.is_none() {
            return self.detect();
        }
        if self.placed {
            return Ok(self.opened());
        }
        match self.held.pop_front() {
            Some(Held::Unit(unit)) => {
                self.unit = unit;
                return Ok(Input::Unit(&self.unit));
            }
            Some(Held::Overrun(loss)) => return Ok(overrun(loss)),
            None => {}
        }
        let Some(reading) = &mut self.reading else { return self.open() };
        let mut look = reading.look(&mut self.unit, &mut self.walked_bytes);
        let mut gone = false;
        self.rests = if matches!(look, Look::Nothing) { self.rests + 1 } else { 0 };
        if matches!(look, Look::Broken(_)) || self.rests == LOOKS_PER_REFRESH {
            self.rests = 0;
            self.attachment.refresh();
            gone = !self.attachment.is_valid(reading.segment);
            if gone && matches!(look, Look::Nothing) {
                // Something may have come between the look and the refresh.
                look = reading.look(&mut self.unit, &mut self.walked_bytes);
            }
        }
        match look {
            Look::Unit => Ok(Input::Unit(&self.unit)),
            Look::Lost(loss) => Ok(overrun(loss)),
            Look::Nothing | Look::Broken(_) if gone => {
                // Its writer is dead. Records behind a hole that it left can still be had.
                if let Ok(Hole::Skipped(loss)) = reading.cursor.skip_hole() {
                    reading.count();
                    return Ok(Input::Lost(Lost { loss, cause: Cause::Hole }));
                }
                self.reading = None;
                self.waited = true;
                self.abandoned = true;
                Ok(Input::Abandoned(self.gone()))
            }
            Look::Nothing if self.options.stop_at_tail => Ok(Input::End),
            Look::Nothing => Ok(Input::Nothing),
            Look::Broken(error) => Err(SourceError::Damaged {
                name: reading.name.clone(),
                at: HEAD_BYTES + place(&error) as u64 * WORD_BYTES,
                reason: Damage::Ring(with_sources(&error)),
            }),
        }
    }
}

const fn overrun(loss: Loss) -> Input<'static> {
    Input::Lost(Lost { loss, cause: Cause::Overrun })
}

/// The word that an error is about.
const fn place(error: &ReadError) -> usize {
    match error {
        ReadError::ZeroWord { at }
        | ReadError::NotARecord { at, .. }
        | ReadError::BadWrap { at }
        | ReadError::TooLong { at, .. }
        | ReadError::RaggedBatch { at, .. }
        | ReadError::BadRecords { at, .. }
        | ReadError::OutOfLog { at } => *at,
        _ => 0,
    }
}
