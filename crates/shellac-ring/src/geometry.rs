//! How a ring is divided: the arithmetic of positions, and the words at fixed places.
//!
//! ```text
//!  segment   0           1           2        ...       7
//!           |-----------|-----------|-----------| ... |----------W|
//!           ^ 0         ^ S         ^ 2S                          ^ 8S - 1: always WRAP
//! ```
//!
//! Segment `k` starts at word `k * S` for ever, so a batch never crosses a segment end: what is left over
//! becomes a filler batch. The last word is the wrap mark for ever, so wrapping is nothing but going on to
//! the next segment. Segment numbers count on through the laps, from 2^32 - 8, and wrap at 2^32.
//!
//! The word at a segment start is only ever the end mark or the header of the segment's first batch, never
//! payload. That header carries the number of the lap (6 bits), so what lies there from the lap before
//! is known without reading it, and differs from what will lie there.

use shellac_format::Layout;
use shellac_format::layout::{BATCH_WORD, WORD};

/// In headers in the middle of a segment, where it makes the word differ from a stale one.
pub(crate) const NONCE: u32 = 1 << 18;
/// Where headers at a segment start have the number of the lap.
const LAP_SHIFT: u32 = 18;
const LAP_MASK: u32 = 0x3f;

/// The sizes of one ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    segments: u32,
    segment_words: u32,
    head_words: u32,
}

impl Geometry {
    /// `None` if that is not a ring: fewer than two segments or not a power of two, segments too small for
    /// a batch, or more words than 32 bits count.
    pub(crate) fn new(segments: u32, segment_words: u32, layout: Layout) -> Option<Geometry> {
        let head_words: u32 = match layout {
            Layout::Words2 => 2,
            Layout::Words3 => 3,
        };
        // Two fillers, the wrap mark and at least one word of a batch.
        let least = 4 * head_words + 2;
        let fits = segments.checked_mul(segment_words).is_some();
        // Bytes of a segment fit 32 bits too, so what a batch's header says does.
        let fits = fits && segment_words < u32::MAX / 4;
        let good = segments >= 2 && segments.is_power_of_two() && segment_words >= least && fits;
        good.then_some(Geometry { segments, segment_words, head_words })
    }

    pub(crate) fn segments(self) -> u32 {
        self.segments
    }

    /// Header words of a record or a batch.
    pub(crate) fn head_words(self) -> u32 {
        self.head_words
    }

    /// Bytes of `words` words, as a batch's header says it.
    pub(crate) fn bytes(words: u32) -> u32 {
        const WORD_BYTES: u32 = 4;
        words * WORD_BYTES
    }

    /// All words, the wrap mark with them.
    pub(crate) fn total_words(self) -> usize {
        self.segments as usize * self.segment_words as usize
    }

    pub(crate) fn segment_words(self) -> u32 {
        self.segment_words
    }

    /// Which of the segments in memory has this number.
    pub(crate) fn index(self, segment: u32) -> u32 {
        segment % self.segments
    }

    /// The first word of a segment.
    pub(crate) fn start(self, segment: u32) -> usize {
        self.index(segment) as usize * self.segment_words as usize
    }

    /// Words of a segment that batches may use: the last segment ends with the wrap mark.
    #[inline]
    pub(crate) fn usable_words(self, segment: u32) -> u32 {
        if self.index(segment) == self.segments - 1 {
            self.segment_words - 1
        } else {
            self.segment_words
        }
    }

    /// The smallest filler: a batch with one inner record, both empty.
    #[inline]
    pub(crate) fn min_filler_words(self) -> u32 {
        2 * self.head_words
    }

    /// The largest batch with its header: it must fit any segment with a filler behind it, so that the first
    /// batch of a segment is never a filler.
    pub(crate) fn max_batch_words(self) -> u32 {
        self.segment_words - 1 - self.min_filler_words()
    }

    /// The largest content of a batch, in bytes.
    pub(crate) fn max_body_bytes(self) -> usize {
        (self.max_batch_words() - self.head_words) as usize * WORD
    }

    /// The header of the first batch of a segment.
    pub(crate) fn start_word(self, segment: u32) -> u32 {
        BATCH_WORD | ((segment / self.segments) & LAP_MASK) << LAP_SHIFT
    }

    /// The number of the first segment: one lap before the counter wraps, as other writers of this format
    /// start, so that trouble with wrapping would show at once.
    pub(crate) fn first_segment(self) -> u32 {
        0u32.wrapping_sub(self.segments)
    }

    /// How many segments behind a reservation may be when another segment is entered. From one lap minus one
    /// on memory would not be safe; half a lap leaves readers what they still point to.
    pub(crate) fn max_reservation_lag(self) -> u32 {
        if self.segments >= 8 { self.segments / 2 } else { self.segments - 1 }
    }
}

/// How many segments behind the writer a copy may have been made. One more is not safe: writers touch the
/// first word of the next segment before they say so.
pub(crate) fn max_read_lag(segments: u32) -> u32 {
    segments.saturating_sub(2)
}

/// How many segments back reading starts or goes on.
pub(crate) fn resume_lag(segments: u32) -> u32 {
    segments.saturating_sub(3)
}

#[cfg(test)]
mod tests;
