//! A log whose words are the atomics of the model checker.

#[cfg(shellac_model = "loom")]
use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
#[cfg(shellac_model = "shuttle")]
use shuttle::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use std::sync::OnceLock;

use shellac_sys::{LogHead, LogHeadMut, OutOfBounds, Words, WordsMut};

use crate::mutant::{self, Mutant};

/// As [`shellac_sys::ArrayLog`], with what only a model needs.
pub(super) struct ModelLog {
    words: Vec<AtomicU32>,
    segment_words: u32,
    segment_n: AtomicU32,
    offsets: Vec<AtomicU64>,
}

/// Whether loads before an update are read-modify-writes in this run.
fn is_rmw_form() -> bool {
    static FORM: OnceLock<bool> = OnceLock::new();
    *FORM.get_or_init(|| std::env::var("SHELLAC_MODEL_FORM").is_ok_and(|form| form == "rmw"))
}

fn for_update(word: &AtomicU32) -> u32 {
    if is_rmw_form() { word.fetch_or(0, Ordering::Relaxed) } else { word.load(Ordering::Relaxed) }
}

impl ModelLog {
    pub(super) fn new(segments: u32, segment_words: u32) -> ModelLog {
        ModelLog {
            words: (0..segments * segment_words).map(|_| AtomicU32::new(0)).collect(),
            segment_words,
            segment_n: AtomicU32::new(0),
            offsets: (0..segments).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    fn span(&self, at: usize, len: usize) -> Result<&[AtomicU32], OutOfBounds> {
        self.words.get(at..at + len).ok_or(OutOfBounds { at, len, have: self.words.len() })
    }
}

impl Words for ModelLog {
    fn len_words(&self) -> usize {
        self.words.len()
    }

    fn get(&self, index: usize) -> Option<u32> {
        Some(self.words.get(index)?.load(Ordering::Relaxed))
    }

    fn read_barrier(&self) {
        fence(Ordering::Acquire);
    }

    fn copy_out(&self, at_word: usize, out: &mut [u8]) -> Result<(), OutOfBounds> {
        let from = self.span(at_word, out.len() / 4)?;
        for (to, word) in out.chunks_exact_mut(4).zip(from) {
            to.copy_from_slice(&word.load(Ordering::Relaxed).to_ne_bytes());
        }
        Ok(())
    }
}

impl WordsMut for ModelLog {
    fn store(&self, index: usize, word: u32) {
        self.words[index].store(word, Ordering::Relaxed);
    }

    /// A plain store in the language. loom does not derive that it comes after a compare-exchange by another
    /// thread that has read what was there before, so the model says so with a swap.
    fn store_release(&self, index: usize, word: u32) {
        let order =
            if mutant::is(Mutant::RelaxedHeader) { Ordering::Relaxed } else { Ordering::Release };
        if cfg!(shellac_model = "loom") {
            self.words[index].swap(word, order);
        } else {
            self.words[index].store(word, order);
        }
    }

    fn get_for_update(&self, index: usize) -> u32 {
        for_update(&self.words[index])
    }

    fn compare_exchange(&self, index: usize, current: u32, new: u32) -> Result<u32, u32> {
        self.words[index].compare_exchange(current, new, Ordering::Relaxed, Ordering::Relaxed)
    }

    fn write_barrier(&self) {
        if !mutant::is(Mutant::NoFence) {
            fence(Ordering::Release);
        }
    }

    fn copy_in(&self, at_word: usize, bytes: &[u8]) -> Result<(), OutOfBounds> {
        let to = self.span(at_word, bytes.len() / 4)?;
        for (word, from) in to.iter().zip(bytes.as_chunks().0) {
            word.store(u32::from_ne_bytes(*from), Ordering::Relaxed);
        }
        Ok(())
    }
}

impl LogHead for ModelLog {
    fn segments(&self) -> u32 {
        u32::try_from(self.offsets.len()).unwrap()
    }

    fn segment_words(&self) -> u32 {
        self.segment_words
    }

    fn segment_n(&self) -> u32 {
        self.segment_n.load(Ordering::Relaxed)
    }

    fn offset(&self, index: u32) -> i64 {
        self.offsets[index as usize].load(Ordering::Relaxed).cast_signed()
    }
}

impl LogHeadMut for ModelLog {
    fn set_offset(&self, index: u32, word: i64) {
        self.offsets[index as usize].store(word.cast_unsigned(), Ordering::Relaxed);
    }

    fn set_segment_n(&self, segment: u32) {
        self.segment_n.store(segment, Ordering::Release);
    }

    fn segment_n_for_update(&self) -> u32 {
        for_update(&self.segment_n)
    }

    fn compare_exchange_segment_n(&self, current: u32, new: u32) -> Result<u32, u32> {
        let order =
            if mutant::is(Mutant::RelaxedAdvance) { Ordering::Relaxed } else { Ordering::Release };
        self.segment_n.compare_exchange(current, new, order, Ordering::Relaxed)
    }

    fn publish_marker(&self) {}
}
