//! Fillers: what becomes of the words between the last batch and the segment end.
//!
//! A filler is a batch whose records are *inner* records of tag 255 that tile it exactly, with their length
//! in the low 16 bits and zero in the words that follow. Every kind of reader steps over that: those that
//! take batches as a unit, those that look for records, and those that walk header by header. Their
//! content is left as it is, so a filler costs a few stores.

use shellac_format::layout::BATCH_WORD;
use shellac_sys::{LogHeadMut, WordsMut};

use crate::geometry::Geometry;
use crate::ring::Shared;

/// The largest content of one inner record, in words: 65,532 bytes.
const MAX_INNER_WORDS: u32 = 16_383;

impl<W: WordsMut + LogHeadMut> Shared<W> {
    /// Tiles what follows the header of a filler of `words` words; its content starts at `at`.
    pub(super) fn write_filler(&self, mut at: usize, words: u32) {
        let head_words = self.geometry.head_words();
        let mut left = words - head_words;
        while left > 0 {
            let room = left - head_words;
            // What remains behind must hold a header of its own.
            let content =
                if room <= MAX_INNER_WORDS { room } else { MAX_INNER_WORDS.min(room - head_words) };
            self.log.store(at, BATCH_WORD | Geometry::bytes(content));
            self.log.store(at + 1, 0);
            if head_words == 3 {
                self.log.store(at + 2, 0);
            }
            at += (head_words + content) as usize;
            left -= head_words + content;
        }
    }
}
