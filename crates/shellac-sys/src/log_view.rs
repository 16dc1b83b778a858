//! A mapped file looked at as a log segment: a head of 88 bytes, then words.
//!
//! ```text
//! byte 0   marker, 8 bytes; zero until everything else is in place
//!      8   words per segment, i64
//!     16   number of the segment being written, u32, and 4 bytes of padding
//!     24   offset[8], i64: the word where reading may start in each segment, -1 = never reached
//!     88   the words
//! ```
//!
//! Widths are those that other readers use: two halves of an i64 could tear.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering, fence};

use crate::mapped::{MappedFile, MappedFileMut, Span};
use crate::words::{LogHead, LogHeadMut, OutOfBounds, Words, WordsMut};

const SEGMENTS: u32 = 8;
const SEGMENT_WORDS_AT: usize = 8;
const SEGMENT_N_AT: usize = 16;
const OFFSETS_AT: usize = 24;
const HEAD_BYTES: usize = 88;
const WORD: usize = 4;

/// Why a file is not a log segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogViewError {
    /// Not even a head fits.
    #[error("{len_bytes} bytes are too few for a log: the head alone has 88")]
    TooShort {
        /// Length of the file, in bytes.
        len_bytes: usize,
    },
    /// The mapping starts at an odd place.
    #[error("the log does not start at a multiple of 8 bytes")]
    Misaligned,
    /// The marker is zero: whoever creates the log is not done.
    #[error("the log is not initialised yet: its marker is zero")]
    NoMarker,
    /// The words that the head promises are not there, or their number makes no sense.
    #[error(
        "the head says {segment_words} words per segment, 8 of which do not fit {len_bytes} bytes"
    )]
    SegmentSize {
        /// What the head says.
        segment_words: i64,
        /// Length of the file, in bytes.
        len_bytes: usize,
    },
}

/// The typed view: every access to the mapping goes through here.
#[derive(Debug)]
struct View {
    span: Span,
    segment_words: u32,
    /// `segment_words * 8`, all of them inside `span`.
    len_words: usize,
}

impl View {
    /// Checks what [`word`](View::word) and the head's fields rely on.
    fn new(span: Span, segment_words: i64) -> Result<View, LogViewError> {
        let len_bytes = span.len_bytes();
        let wrong = LogViewError::SegmentSize { segment_words, len_bytes };
        // A word's index fits 32 bits, as everything that counts words does.
        let words = u32::try_from(segment_words)
            .ok()
            .filter(|&words| words > 0 && words <= u32::MAX / SEGMENTS)
            .ok_or(wrong)?;
        let len_words = words as usize * SEGMENTS as usize;
        let need = len_words.checked_mul(WORD).and_then(|bytes| bytes.checked_add(HEAD_BYTES));
        if need.is_none_or(|need| need > len_bytes) {
            return Err(wrong);
        }
        Ok(View { span, segment_words: words, len_words })
    }

    /// The one place where a pointer into the mapping becomes a reference to a word.
    #[inline]
    fn word(&self, index: usize) -> Option<&AtomicU32> {
        if index >= self.len_words {
            return None;
        }
        let at = self.span.at(HEAD_BYTES + index * WORD, WORD).ok()?;
        // SAFETY: mapped as long as `self` lives; aligned, for the base is to 8 and 88 is a multiple of 4. All
        // access to it is by 4-byte atomics, or by block copies outside of the language's view.
        Some(unsafe { at.cast::<AtomicU32>().as_ref() })
    }

    #[inline]
    fn segment_n(&self) -> &AtomicU32 {
        // SAFETY: as `field`; this one is always accessed in 4 bytes.
        unsafe { self.head(SEGMENT_N_AT).cast::<AtomicU32>().as_ref() }
    }

    #[inline]
    fn offset(&self, index: u32) -> Option<&AtomicI64> {
        if index >= SEGMENTS {
            return None;
        }
        let at = self.head(OFFSETS_AT + index as usize * size_of::<i64>());
        // SAFETY: inside the head, see `head`; always accessed in 8 bytes.
        Some(unsafe { at.cast::<AtomicI64>().as_ref() })
    }

    /// The address of a field of the head; `at` is a constant of the layout.
    #[inline]
    fn head(&self, at: usize) -> NonNull<u8> {
        head_field(&self.span, at)
    }

    #[inline]
    fn copy_out(&self, at_word: usize, out: &mut [u8]) -> Result<(), OutOfBounds> {
        self.check(at_word, out.len().div_ceil(WORD))?;
        self.span.copy_out(HEAD_BYTES + at_word * WORD, out)
    }

    #[inline]
    fn check(&self, at: usize, len: usize) -> Result<(), OutOfBounds> {
        match at.checked_add(len) {
            Some(end) if end <= self.len_words => Ok(()),
            _ => Err(OutOfBounds { at, len, have: self.len_words }),
        }
    }
}

/// The address of a field of the head. The caller has checked that the span holds a head, or this panics.
#[inline]
fn head_field(span: &Span, at: usize) -> NonNull<u8> {
    debug_assert!(at + size_of::<u64>() <= HEAD_BYTES);
    span.at(at, size_of::<u64>()).expect("a view is only made of a span that holds a head")
}

fn check_head(span: &Span) -> Result<(), LogViewError> {
    let len_bytes = span.len_bytes();
    let base = span.at(0, HEAD_BYTES).map_err(|_| LogViewError::TooShort { len_bytes })?;
    if base.addr().get() % align_of::<u64>() != 0 {
        return Err(LogViewError::Misaligned);
    }
    Ok(())
}

fn marker_field(span: &Span) -> &AtomicU64 {
    // SAFETY: inside the head and aligned, as `check_head` found; always accessed in 8 bytes.
    unsafe { head_field(span, 0).cast::<AtomicU64>().as_ref() }
}

fn segment_words_field(span: &Span) -> &AtomicI64 {
    // SAFETY: inside the head and aligned, as `check_head` found; always accessed in 8 bytes.
    unsafe { head_field(span, SEGMENT_WORDS_AT).cast::<AtomicI64>().as_ref() }
}

/// Implements the read traits for a type with a field `view`.
macro_rules! read_through_view {
    ($type:ty) => {
        impl Words for $type {
            #[inline]
            fn len_words(&self) -> usize {
                self.view.len_words
            }

            #[inline]
            fn get(&self, index: usize) -> Option<u32> {
                // Small relaxed loads are all that is guaranteed on read-only pages.
                Some(self.view.word(index)?.load(Ordering::Relaxed))
            }

            #[inline]
            fn read_barrier(&self) {
                // PAIRS WITH: `store_release`, `write_barrier` and `compare_exchange_segment_n` of the writer.
                fence(Ordering::Acquire);
            }

            #[inline]
            fn copy_out(&self, at_word: usize, out: &mut [u8]) -> Result<(), OutOfBounds> {
                self.view.copy_out(at_word, out)
            }
        }

        impl LogHead for $type {
            #[inline]
            fn segment_words(&self) -> u32 {
                self.view.segment_words
            }

            #[inline]
            fn segment_n(&self) -> u32 {
                self.view.segment_n().load(Ordering::Relaxed)
            }

            #[inline]
            fn offset(&self, index: u32) -> i64 {
                self.view.offset(index).map_or(-1, |offset| offset.load(Ordering::Relaxed))
            }
        }
    };
}

/// A log segment of another process, or of this one.
#[derive(Debug)]
pub struct LogView {
    view: View,
    marker: [u8; 8],
}

read_through_view!(LogView);

impl LogView {
    /// Looks at `file` as a log: marker, segment size and length are checked here, once.
    ///
    /// Which records the marker stands for is for the caller to say.
    ///
    /// # Errors
    ///
    /// [`LogViewError::NoMarker`] if its writer is still creating it: try again later. The other variants
    /// say why it cannot be a log.
    pub fn open(file: MappedFile) -> Result<LogView, LogViewError> {
        let span = file.span;
        check_head(&span)?;
        let marker = marker_field(&span).load(Ordering::Relaxed).to_ne_bytes();
        // PAIRS WITH: the fence in `publish_marker`; what follows is read after the marker.
        fence(Ordering::Acquire);
        if marker == [0; 8] {
            return Err(LogViewError::NoMarker);
        }
        let segment_words = segment_words_field(&span).load(Ordering::Relaxed);
        Ok(LogView { view: View::new(span, segment_words)?, marker })
    }

    /// The eight bytes at the start, which say what the records look like.
    pub fn marker(&self) -> [u8; 8] {
        self.marker
    }
}

/// A log segment that this process writes.
#[derive(Debug)]
pub struct LogViewMut {
    view: View,
    marker: [u8; 8],
}

read_through_view!(LogViewMut);

impl LogViewMut {
    /// Makes a log of a file full of zeroes, as large as fits.
    ///
    /// Readers do not accept it before [`LogHeadMut::publish_marker`] has stored `marker`.
    ///
    /// # Errors
    ///
    /// [`LogViewError::TooShort`] or [`LogViewError::SegmentSize`] if the file is too small, or larger than
    /// 16 GB.
    pub fn create(file: MappedFileMut, marker: [u8; 8]) -> Result<LogViewMut, LogViewError> {
        let span = file.span;
        check_head(&span)?;
        let words = (span.len_bytes() - HEAD_BYTES) / WORD / SEGMENTS as usize;
        let segment_words = i64::try_from(words).unwrap_or(i64::MAX);
        let view = View::new(span, segment_words)?;
        segment_words_field(&view.span).store(segment_words, Ordering::Relaxed);
        Ok(LogViewMut { view, marker })
    }

    /// Indexes come from the writer's geometry, so an index that is out of bounds is a broken invariant.
    #[inline]
    fn word(&self, index: usize) -> &AtomicU32 {
        self.view.word(index).expect("the writer stays inside its ring")
    }
}

impl WordsMut for LogViewMut {
    #[inline]
    fn store(&self, index: usize, word: u32) {
        self.word(index).store(word, Ordering::Relaxed);
    }

    #[inline]
    fn store_release(&self, index: usize, word: u32) {
        // PAIRS WITH: `read_barrier` of a reader that has found this word.
        self.word(index).store(word, Ordering::Release);
    }

    #[inline]
    fn get_for_update(&self, index: usize) -> u32 {
        self.word(index).load(Ordering::Relaxed)
    }

    #[inline]
    fn compare_exchange(&self, index: usize, current: u32, new: u32) -> Result<u32, u32> {
        self.word(index).compare_exchange(current, new, Ordering::Relaxed, Ordering::Relaxed)
    }

    #[inline]
    fn write_barrier(&self) {
        // PAIRS WITH: the `read_barrier` between a reader's copy and its second look at the segment number.
        fence(Ordering::Release);
    }

    #[inline]
    fn copy_in(&self, at_word: usize, bytes: &[u8]) -> Result<(), OutOfBounds> {
        self.view.check(at_word, bytes.len().div_ceil(WORD))?;
        // SAFETY: made by `create` of a file that is mapped for writing.
        unsafe { self.view.span.copy_in(HEAD_BYTES + at_word * WORD, bytes) }
    }

    #[inline]
    fn expect_stores(&self, at_word: usize, words: usize) {
        if self.view.check(at_word, words).is_ok() {
            self.view.span.expect_stores(HEAD_BYTES + at_word * WORD, words * WORD);
        }
    }
}

impl LogHeadMut for LogViewMut {
    #[inline]
    fn set_offset(&self, index: u32, word: i64) {
        self.view
            .offset(index)
            .expect("the writer knows its eight segments")
            .store(word, Ordering::Relaxed);
    }

    fn set_segment_n(&self, segment: u32) {
        // PAIRS WITH: `read_barrier` after a reader's load of the number.
        self.view.segment_n().store(segment, Ordering::Release);
    }

    #[inline]
    fn segment_n_for_update(&self) -> u32 {
        self.view.segment_n().load(Ordering::Relaxed)
    }

    #[inline]
    fn compare_exchange_segment_n(&self, current: u32, new: u32) -> Result<u32, u32> {
        // PAIRS WITH: `read_barrier` after a reader's load of the number: it finds the segment's start marked.
        self.view.segment_n().compare_exchange(current, new, Ordering::Release, Ordering::Relaxed)
    }

    fn publish_marker(&self) {
        // PAIRS WITH: the fence in `LogView::open`.
        fence(Ordering::Release);
        let marker = u64::from_ne_bytes(self.marker);
        marker_field(&self.view.span).store(marker, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
