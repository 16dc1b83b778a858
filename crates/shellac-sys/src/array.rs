//! A log in an array of this process: for tests, and for words that came from somewhere else.

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering, fence};

use crate::words::{LogHead, LogHeadMut, OutOfBounds, Words, WordsMut};

/// A log's words and head in private memory.
///
/// The words need not be as many as the head says; whoever reads it has to find that out.
///
/// ```
/// use shellac_sys::{ArrayLog, Words, WordsMut};
///
/// let log = ArrayLog::new(8, 16);
/// log.store(3, 7);
/// assert_eq!(log.get(3), Some(7));
/// assert_eq!(log.get(8 * 16), None);
/// ```
#[derive(Debug)]
pub struct ArrayLog {
    words: Box<[AtomicU32]>,
    segment_words: u32,
    segment_n: AtomicU32,
    offsets: Box<[AtomicI64]>,
    marked: AtomicU64,
}

impl ArrayLog {
    /// `segments` segments of `segment_words` words, all zero.
    pub fn new(segments: u32, segment_words: u32) -> ArrayLog {
        let len = segments as usize * segment_words as usize;
        ArrayLog {
            words: (0..len).map(|_| AtomicU32::new(0)).collect(),
            segment_words,
            segment_n: AtomicU32::new(0),
            offsets: (0..segments).map(|_| AtomicI64::new(0)).collect(),
            marked: AtomicU64::new(0),
        }
    }

    /// Words and a head that came from somewhere else, whether they fit together or not.
    pub fn from_parts(
        words: impl IntoIterator<Item = u32>,
        segment_words: u32,
        segment_n: u32,
        offsets: [i64; 8],
    ) -> ArrayLog {
        ArrayLog {
            words: words.into_iter().map(AtomicU32::new).collect(),
            segment_words,
            segment_n: AtomicU32::new(segment_n),
            offsets: offsets.into_iter().map(AtomicI64::new).collect(),
            marked: AtomicU64::new(1),
        }
    }

    /// Whether [`LogHeadMut::publish_marker`] was called.
    pub fn is_marked(&self) -> bool {
        // PAIRS WITH: the store in `publish_marker`.
        self.marked.load(Ordering::Acquire) != 0
    }

    fn span(&self, at_word: usize, len_words: usize) -> Result<&[AtomicU32], OutOfBounds> {
        let all = OutOfBounds { at: at_word, len: len_words, have: self.words.len() };
        let end = at_word.checked_add(len_words).ok_or(all)?;
        self.words.get(at_word..end).ok_or(all)
    }
}

impl Words for ArrayLog {
    fn len_words(&self) -> usize {
        self.words.len()
    }

    fn get(&self, index: usize) -> Option<u32> {
        Some(self.words.get(index)?.load(Ordering::Relaxed))
    }

    fn read_barrier(&self) {
        // PAIRS WITH: `store_release`, `write_barrier` and `compare_exchange_segment_n` of the writer.
        fence(Ordering::Acquire);
    }

    fn copy_out(&self, at_word: usize, out: &mut [u8]) -> Result<(), OutOfBounds> {
        let from = self.span(at_word, out.len().div_ceil(4))?;
        for (to, word) in out.chunks_mut(4).zip(from) {
            to.copy_from_slice(&word.load(Ordering::Relaxed).to_ne_bytes()[..to.len()]);
        }
        Ok(())
    }
}

impl WordsMut for ArrayLog {
    fn store(&self, index: usize, word: u32) {
        self.words[index].store(word, Ordering::Relaxed);
    }

    fn store_release(&self, index: usize, word: u32) {
        // PAIRS WITH: `read_barrier` of a reader that has found this word.
        self.words[index].store(word, Ordering::Release);
    }

    fn get_for_update(&self, index: usize) -> u32 {
        self.words[index].load(Ordering::Relaxed)
    }

    fn compare_exchange(&self, index: usize, current: u32, new: u32) -> Result<u32, u32> {
        self.words[index].compare_exchange(current, new, Ordering::Relaxed, Ordering::Relaxed)
    }

    fn write_barrier(&self) {
        // PAIRS WITH: the `read_barrier` between a reader's copy and its second look at the segment number.
        fence(Ordering::Release);
    }

    fn copy_in(&self, at_word: usize, bytes: &[u8]) -> Result<(), OutOfBounds> {
        let to = self.span(at_word, bytes.len() / 4)?;
        for (word, from) in to.iter().zip(bytes.as_chunks().0) {
            word.store(u32::from_ne_bytes(*from), Ordering::Relaxed);
        }
        Ok(())
    }
}

impl LogHead for ArrayLog {
    fn segments(&self) -> u32 {
        u32::try_from(self.offsets.len()).unwrap_or(u32::MAX)
    }

    fn segment_words(&self) -> u32 {
        self.segment_words
    }

    fn segment_n(&self) -> u32 {
        self.segment_n.load(Ordering::Relaxed)
    }

    fn offset(&self, index: u32) -> i64 {
        self.offsets.get(index as usize).map_or(-1, |offset| offset.load(Ordering::Relaxed))
    }
}

impl LogHeadMut for ArrayLog {
    fn set_offset(&self, index: u32, word: i64) {
        self.offsets[index as usize].store(word, Ordering::Relaxed);
    }

    fn set_segment_n(&self, segment: u32) {
        // PAIRS WITH: `read_barrier` after a reader's load of the number.
        self.segment_n.store(segment, Ordering::Release);
    }

    fn segment_n_for_update(&self) -> u32 {
        self.segment_n.load(Ordering::Relaxed)
    }

    fn compare_exchange_segment_n(&self, current: u32, new: u32) -> Result<u32, u32> {
        // PAIRS WITH: `read_barrier` after a reader's load of the number.
        self.segment_n.compare_exchange(current, new, Ordering::Release, Ordering::Relaxed)
    }

    fn publish_marker(&self) {
        // PAIRS WITH: the load in `is_marked`.
        self.marked.store(1, Ordering::Release);
    }
}
