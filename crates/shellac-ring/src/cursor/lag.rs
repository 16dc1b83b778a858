//! Where a reader is, and how far behind.

use shellac_sys::{LogHead, Words};

use super::Cursor;

/// A place in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The segment, counted as the writer counts; wraps at 2^32.
    pub segment: u32,
    /// The word, from the start of the log.
    pub at_word: usize,
}

/// How far a reader is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lag {
    /// Segments between the reader and the writer.
    pub segments: u32,
    /// The first distance at which what comes next is lost.
    pub lost_at: u32,
}

impl Lag {
    /// How much of the room behind the writer is used up: 100 is an overrun.
    pub fn percent(&self) -> u32 {
        (self.segments.saturating_mul(100) / self.lost_at.max(1)).min(100)
    }

    /// Whether the reader had better hurry: from half a lap on.
    pub fn is_warning(&self) -> bool {
        self.segments * 2 > self.lost_at
    }
}

impl<L: Words + LogHead> Cursor<L> {
    /// How far this reader is behind, now.
    pub fn lag(&self) -> Lag {
        let segments = self.distance().max(0).cast_unsigned();
        Lag { segments, lost_at: self.max_distance().cast_unsigned() + 1 }
    }

    /// The place of what comes next.
    pub fn position(&self) -> Position {
        Position { segment: self.segment, at_word: self.at }
    }

    /// Bytes between an earlier place of this cursor and where it is now: all that lies between, whether it was
    /// read or lost. Exact where segments start at their own first word, as in the rings of this crate.
    pub fn bytes_since(&self, before: Position) -> u64 {
        self.distance_bytes(before)
    }

    /// Whether this cursor is at a place, or behind it in the order of reading.
    pub fn has_reached(&self, place: Position) -> bool {
        let segments = self.segment.wrapping_sub(place.segment).cast_signed();
        segments > 0 || (segments == 0 && self.at >= place.at_word)
    }

    /// Bytes of the ring that hold records: what a lap of the writer is.
    pub fn ring_bytes(&self) -> u64 {
        self.total_words() as u64 * shellac_format::layout::WORD as u64
    }
}
