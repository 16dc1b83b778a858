//! Following a ring: where the reader is, what comes next, what it has missed.
//!
//! Reads our rings and those of varnishd, where segments do not start at fixed words, single records come
//! without a batch, and batches cross segment ends.
//!
//! A unit is copied like this: is the position still safe, header, barrier, bounds, copy, barrier, *is it still
//! safe now*. Only then is the copy, or what is wrong with the header, worth anything; otherwise the
//! writer was faster. Safe means that the writer is at most six segments ahead of where the unit starts.

use shellac_format::layout::{BATCH_TAG, END_MARK, WORD, WRAP_MARK};
use shellac_format::{Head, Layout};
use shellac_sys::{LogHead, LogView, Words};

use crate::geometry;

mod check;
mod error;
mod lag;
mod skip;
mod start;

pub use error::{OpenError, ReadError};
pub use lag::{Lag, Position};
pub use skip::{Hole, Loss};
pub use start::{Start, layout_of};

/// Fillers that are stepped over before the caller gets a turn.
const MAX_FILLERS: usize = 1024;
/// How far the cursor may be ahead of the segment number. A writer of another make may store an older number
/// over a newer one for a moment; a cursor that runs in a circle gets further ahead than that.
const MAX_AHEAD: i32 = -8;

/// What [`Cursor::next`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The records of a batch, or a single record, were copied out.
    Batch,
    /// There is nothing new.
    Nothing,
    /// The writer has overwritten what came next. The cursor goes on at the oldest safe place.
    Overrun(Loss),
}

/// A reader's place in a ring.
///
/// Reading never waits. Nothing that lies in the ring can make it panic, run for ever or allocate more
/// than the ring's own size.
#[derive(Debug)]
pub struct Cursor<L = LogView> {
    log: L,
    layout: Layout,
    /// Words per segment, and how many segments there are.
    segment_words: usize,
    segments: u32,
    /// The segment that the position belongs to, counted as the writer counts.
    segment: u32,
    /// The word that comes next.
    at: usize,
}

/// What stands at a position.
enum Peek {
    Nothing,
    Overrun,
    Unit(Unit),
}

/// A batch or a record whose header was read and whose bounds are inside the ring.
struct Unit {
    /// The first word of what is to be copied, and how many bytes.
    content: usize,
    len_bytes: usize,
    next: usize,
    is_filler: bool,
}

impl<L: Words + LogHead> Cursor<L> {
    /// Copies the records of the next batch, or the next single record, to `out`, which it replaces.
    ///
    /// The records are whole: headers and lengths are checked, zero words and marks are not among them. There
    /// is no batch header, and fillers do not come out at all.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if what lies there is no log. The cursor stays where it is: the next call fails again,
    /// [`Cursor::skip_hole`] goes to the next segment.
    pub fn next(&mut self, out: &mut Vec<u8>) -> Result<Next, ReadError> {
        for _ in 0..MAX_FILLERS {
            match self.peek()? {
                Peek::Nothing => {
                    out.clear();
                    return Ok(Next::Nothing);
                }
                Peek::Overrun => {
                    out.clear();
                    return Ok(Next::Overrun(self.resume()?));
                }
                Peek::Unit(unit) if unit.is_filler => self.advance(unit.next),
                Peek::Unit(unit) => {
                    // Bounded by the ring: `peek` has compared it.
                    out.resize(unit.len_bytes, 0);
                    let copied = self.log.copy_out(unit.content, out);
                    debug_assert!(copied.is_ok(), "a unit lies inside the ring");
                    if self.is_overrun_after_reading()? {
                        out.clear();
                        return Ok(Next::Overrun(self.resume()?));
                    }
                    if let Err(source) = check::records(self.layout, out) {
                        out.clear();
                        return Err(ReadError::BadRecords { at: unit.content, source });
                    }
                    self.advance(unit.next);
                    return Ok(Next::Batch);
                }
            }
        }
        out.clear();
        Ok(Next::Nothing)
    }

    /// A cursor at a place that the caller knows to be one.
    #[cfg(test)]
    #[cfg_attr(
        not(any(shellac_model = "loom", shellac_model = "shuttle")),
        allow(dead_code, reason = "for the model's scenarios")
    )]
    pub(crate) fn at(log: L, layout: Layout, segment: u32, at: usize) -> Cursor<L> {
        let (segment_words, segments) = (log.segment_words() as usize, log.segments());
        Cursor { log, layout, segment_words, segments, segment, at }
    }

    /// The layout of the records that come out.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The log that is being read.
    pub fn log(&self) -> &L {
        &self.log
    }

    /// Looks at the header of what comes next, following the wrap mark.
    fn peek(&mut self) -> Result<Peek, ReadError> {
        loop {
            if self.is_overrun()? {
                return Ok(Peek::Overrun);
            }
            let at = self.at;
            let word = self.word(at)?;
            // PAIRS WITH: the release store of a header.
            if self.is_overrun_after_reading()? {
                return Ok(Peek::Overrun);
            }
            match word {
                END_MARK => return Ok(Peek::Nothing),
                WRAP_MARK if at < self.segment_words => return Err(ReadError::BadWrap { at }),
                WRAP_MARK => {
                    self.at = 0;
                    self.segment = self.segment.wrapping_add(self.segments - self.index());
                }
                _ => {
                    let unit = self.unit(at, word);
                    // What is wrong with a header only counts if the header was still there.
                    if self.is_overrun_after_reading()? {
                        return Ok(Peek::Overrun);
                    }
                    return unit.map(Peek::Unit);
                }
            }
        }
    }

    /// The unit that starts with `word` at `at`.
    fn unit(&self, at: usize, word: u32) -> Result<Unit, ReadError> {
        if word == 0 {
            return Err(ReadError::ZeroWord { at });
        }
        let head_words = self.layout.head_words();
        let mut header = [0; 3 * WORD];
        let header = &mut header[..self.layout.head_bytes()];
        for (index, bytes) in header.chunks_exact_mut(WORD).enumerate() {
            let word = if index == 0 { word } else { self.word(at + index)? };
            bytes.copy_from_slice(&word.to_ne_bytes());
        }
        let Some(head) = Head::decode(self.layout, header) else {
            return Err(ReadError::OutOfLog { at });
        };
        if head.number == 0 || head.is_mark() {
            return Err(ReadError::NotARecord { at, word });
        }
        let need_words = head.record_bytes(self.layout) / WORD;
        let left_words = self.total_words() - at;
        // Not even equal: the end mark, or the wrap mark, stands behind every unit.
        if need_words >= left_words {
            return Err(ReadError::TooLong { at, need_words, left_words });
        }
        let next = at + need_words;
        if !head.is_batch() {
            return Ok(Unit { content: at, len_bytes: need_words * WORD, next, is_filler: false });
        }
        let content = at + head_words;
        let len_bytes = (need_words - head_words) * WORD;
        if head.len_bytes as usize != len_bytes {
            return Err(ReadError::RaggedBatch { at, len_bytes: head.len_bytes });
        }
        // An inner record of a filler met on its own, a batch of nothing, or a filler.
        let is_filler = word & 0xffff != 0
            || len_bytes == 0
            || self.word(content)?.to_be_bytes()[0] == BATCH_TAG;
        Ok(Unit { content, len_bytes, next, is_filler })
    }

    fn word(&self, at: usize) -> Result<u32, ReadError> {
        self.log.get(at).filter(|_| at < self.total_words()).ok_or(ReadError::OutOfLog { at })
    }

    /// Moves behind a unit, which ends inside the ring.
    fn advance(&mut self, next: usize) {
        self.at = next;
        self.settle();
    }

    /// Counts the segments up to the one that the position lies in.
    fn settle(&mut self) {
        // Both sides are below the number of segments, so this is few steps.
        while self.at / self.segment_words > self.index() as usize {
            self.segment = self.segment.wrapping_add(1);
        }
    }

    /// Which of the segments in memory the position lies in.
    fn index(&self) -> u32 {
        self.segment % self.segments
    }

    fn total_words(&self) -> usize {
        self.segments as usize * self.segment_words
    }

    /// How many segments the writer is ahead; negative when the number lags behind the batches.
    fn distance(&self) -> i32 {
        self.log.segment_n().wrapping_sub(self.segment).cast_signed()
    }

    fn is_overrun(&self) -> Result<bool, ReadError> {
        let distance = self.distance();
        if distance < MAX_AHEAD {
            return Err(ReadError::AheadOfWriter {
                segment: self.segment,
                segment_n: self.log.segment_n(),
            });
        }
        Ok(distance > self.max_distance())
    }

    /// Whether what was read up to here was overwritten, or may have been.
    fn is_overrun_after_reading(&self) -> Result<bool, ReadError> {
        // PAIRS WITH: the writer's barrier after a reservation, and the release of its header.
        self.log.read_barrier();
        self.is_overrun()
    }

    fn max_distance(&self) -> i32 {
        geometry::max_read_lag(self.segments).cast_signed()
    }
}

#[cfg(all(test, not(any(shellac_model = "loom", shellac_model = "shuttle"))))]
mod tests;
