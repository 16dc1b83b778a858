//! Where reading starts.

use shellac_format::Layout;
use shellac_sys::{LogHead, LogView, Words};

use crate::geometry;

use super::{Cursor, Loss, OpenError, Peek, Position};

/// How often the end of the log is looked for before the writer is declared too fast.
const TRIES: usize = 16;

/// Where in the log reading starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Behind everything that is there: only what comes from now on.
    Tail,
    /// At the oldest safe place, five segments back: nearly everything that is still there.
    Head,
}

/// The layout of the records in a log, by its marker.
///
/// # Errors
///
/// [`OpenError::UnknownMarker`] if it is none that this program knows.
pub fn layout_of(log: &LogView) -> Result<Layout, OpenError> {
    let marker = log.marker();
    Layout::from_segment_marker(marker).ok_or(OpenError::UnknownMarker { marker })
}

impl<L: Words + LogHead> Cursor<L> {
    /// Starts reading `log`.
    ///
    /// # Errors
    ///
    /// [`OpenError::Short`] if the words are not there that the head promises; [`OpenError::TooFast`] if the end
    /// cannot be found, which is worth another try; [`OpenError::Read`] if what lies there is no log.
    pub fn open(log: L, layout: Layout, start: Start) -> Result<Cursor<L>, OpenError> {
        let mut cursor = Cursor::examined(log, layout)?;
        match start {
            Start::Head => {
                (cursor.segment, cursor.at) = cursor.oldest()?;
                cursor.settle();
                Ok(cursor)
            }
            Start::Tail => {
                for _ in 0..TRIES {
                    if cursor.go_to_end()? {
                        return Ok(cursor);
                    }
                }
                Err(OpenError::TooFast)
            }
        }
    }

    /// Starts reading `log` at a place where another cursor over the same log has been.
    ///
    /// As long as that place is not more than five segments behind the writer, nothing was overwritten since and
    /// reading there is as safe as with [`Start::Head`]. Otherwise reading starts where that would, and the
    /// [`Loss`] is what lies between.
    ///
    /// # Errors
    ///
    /// Those of [`Cursor::open`]; [`ReadError::OutOfLog`](super::ReadError::OutOfLog) if the place is none in
    /// this log.
    pub fn open_at(
        log: L,
        layout: Layout,
        position: Position,
    ) -> Result<(Cursor<L>, Option<Loss>), OpenError> {
        let mut cursor = Cursor::examined(log, layout)?;
        let Position { segment, at_word } = position;
        if at_word >= cursor.total_words()
            || at_word / cursor.segment_words != (segment % cursor.segments) as usize
        {
            return Err(super::ReadError::OutOfLog { at: at_word }.into());
        }
        (cursor.segment, cursor.at) = (segment, at_word);
        cursor.is_overrun()?;
        let safe = geometry::resume_lag(cursor.segments).cast_signed();
        let loss = (cursor.distance() > safe).then(|| cursor.resume()).transpose()?;
        Ok((cursor, loss))
    }

    /// A cursor over a log whose head promises no more words than there are, at its start.
    fn examined(log: L, layout: Layout) -> Result<Cursor<L>, OpenError> {
        let (segments, words) = (log.segments(), log.segment_words());
        let len_words = log.len_words();
        let promised = u64::from(segments) * u64::from(words);
        if segments < 2 || words == 0 || promised > len_words as u64 {
            return Err(OpenError::Short { segments, segment_words: words, len_words });
        }
        let segment_words = words as usize;
        Ok(Cursor { log, layout, segment_words, segments, segment: 0, at: 0 })
    }

    /// From the start of the writer's segment to the end mark. Says whether that was reached before the writer
    /// was more than one segment further.
    fn go_to_end(&mut self) -> Result<bool, OpenError> {
        let segment_n = self.log.segment_n();
        // PAIRS WITH: the release of the segment number.
        self.log.read_barrier();
        let offset = self.log.offset(segment_n % self.segments);
        let Some(at) = self.entry(segment_n)? else {
            return Err(super::ReadError::BadOffset { segment: segment_n, offset }.into());
        };
        self.segment = segment_n;
        self.at = at;
        self.settle();
        loop {
            match self.peek()? {
                Peek::Nothing => return Ok(true),
                Peek::Overrun => return Ok(false),
                Peek::Unit(unit) => self.advance(unit.next),
            }
            if self.log.segment_n().wrapping_sub(segment_n) > 1 {
                return Ok(false);
            }
        }
    }
}
