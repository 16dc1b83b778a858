//! Going on where something is missing: after an overrun, and at a hole that a dead writer left.

use shellac_format::layout::{END_MARK, WORD};
use shellac_sys::{LogHead, Words};

use crate::geometry;

use super::{Cursor, Position, ReadError};

/// Bytes of the log that were never read: records with their headers, batch headers, fillers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// How many, from where the reader was to where it goes on.
    pub bytes: u64,
    /// Whether every one of them was written. Otherwise some were not, up to a segment's worth.
    pub exact: bool,
}

/// What was behind a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hole {
    /// The cursor stands at the start of a later segment now.
    Skipped(Loss),
    /// There is no later segment. Behind the hole may be up to this many bytes that cannot be reached.
    Last {
        /// Bytes up to the end of the segment.
        at_most_bytes: u64,
    },
}

impl<L: Words + LogHead> Cursor<L> {
    /// Goes to the next segment at which reading can start, although something before it is missing.
    ///
    /// For the owner of a reader who knows that the writer is dead: a producer that died between its reservation
    /// and its header left a hole, and what others have published behind it is only found from the next segment
    /// start on. Also the way on after a [`ReadError`].
    ///
    /// # Errors
    ///
    /// [`ReadError::BadOffset`] if the head names an impossible place. The cursor has not moved then.
    pub fn skip_hole(&mut self) -> Result<Hole, ReadError> {
        if self.is_overrun()? {
            return Ok(Hole::Skipped(self.resume()?));
        }
        let segment_n = self.log.segment_n();
        self.log.read_barrier();
        let before = self.position();
        for ahead in 1..=self.distance().max(0).cast_unsigned() {
            let segment = before.segment.wrapping_add(ahead);
            if let Some(at_word) = self.entry(segment)? {
                let mut loss = self.go_to(segment, at_word, before);
                // Whoever raised the segment number may have died before it filled the segment up.
                let is_entered = segment != segment_n || self.word(self.at)? != END_MARK;
                loss.exact &= is_entered;
                return Ok(Hole::Skipped(loss));
            }
        }
        let end = (before.at_word / self.segment_words + 1) * self.segment_words;
        let left = end - before.at_word;
        Ok(Hole::Last { at_most_bytes: left as u64 * WORD as u64 })
    }

    /// Goes to the oldest safe place and says what lies between.
    pub(super) fn resume(&mut self) -> Result<Loss, ReadError> {
        let before = self.position();
        let (segment, at_word) = self.oldest()?;
        Ok(self.go_to(segment, at_word, before))
    }

    /// The oldest place where reading is safe, as a segment and a word in it.
    pub(super) fn oldest(&self) -> Result<(u32, usize), ReadError> {
        let segment_n = self.log.segment_n();
        // PAIRS WITH: the release of the segment number: offsets and segment starts are at least as new.
        self.log.read_barrier();
        for behind in (0..=geometry::resume_lag(self.segments)).rev() {
            let segment = segment_n.wrapping_sub(behind);
            if let Some(at_word) = self.entry(segment)? {
                return Ok((segment, at_word));
            }
        }
        let offset = self.log.offset(segment_n % self.segments);
        Err(ReadError::BadOffset { segment: segment_n, offset })
    }

    /// Where reading may start in `segment`; `None` if it was never reached.
    pub(super) fn entry(&self, segment: u32) -> Result<Option<usize>, ReadError> {
        let index = segment % self.segments;
        let offset = self.log.offset(index);
        if offset == -1 {
            return Ok(None);
        }
        usize::try_from(offset)
            .ok()
            // A long record may lie over a whole segment, so the place can be further on, but not before.
            .filter(|&at| at < self.total_words() && at / self.segment_words >= index as usize)
            .map(Some)
            .ok_or(ReadError::BadOffset { segment, offset })
    }

    fn go_to(&mut self, segment: u32, at_word: usize, before: Position) -> Loss {
        self.segment = segment;
        self.at = at_word;
        self.settle();
        Loss { bytes: self.distance_bytes(before), exact: self.has_fixed_segments() }
    }

    /// Bytes from a place before this one.
    pub(super) fn distance_bytes(&self, before: Position) -> u64 {
        let words = self.words_from(self.position()) - self.words_from(before);
        let segments = i64::from(self.segment.wrapping_sub(before.segment).cast_signed());
        let words = segments * self.segment_words as i64 + words;
        words.max(0).cast_unsigned() * WORD as u64
    }

    /// Words between the start of its segment and a position.
    fn words_from(&self, position: Position) -> i64 {
        let start = (position.segment % self.segments) as usize * self.segment_words;
        position.at_word as i64 - start as i64
    }

    /// Whether every segment starts at its own first word, as in the rings of this crate.
    fn has_fixed_segments(&self) -> bool {
        (0..self.segments).all(|index| {
            let offset = self.log.offset(index);
            offset == -1 || usize::try_from(offset) == Ok(index as usize * self.segment_words)
        })
    }
}
