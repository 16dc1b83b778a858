//! Access to a log's words and head, whatever they lie in.

use std::sync::Arc;

/// A copy would reach past the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{len} from {at} is out of bounds: there are {have}")]
pub struct OutOfBounds {
    /// Where the copy starts, in the unit of the call.
    pub at: usize,
    /// How much was asked for, in the unit of the call.
    pub len: usize,
    /// How much there is, in the unit of the call.
    pub have: usize,
}

/// Read access to words that someone else may be writing.
///
/// Reading goes: [`get`](Words::get) a header, [`read_barrier`](Words::read_barrier),
/// [`copy_out`](Words::copy_out), `read_barrier` again, then look at [`LogHead::segment_n`] whether what was
/// copied was still there. Only then is the copy worth validating.
pub trait Words {
    /// Number of words. Never changes while the value lives.
    fn len_words(&self) -> usize;

    /// Reads one word without ordering. `None` past the end.
    fn get(&self, index: usize) -> Option<u32>;

    /// Orders every earlier read before every later one.
    fn read_barrier(&self);

    /// Copies bytes out, starting at the word `at_word`. The length need not be a multiple of 4.
    ///
    /// What arrives may be torn or mixed from two writers; the caller finds out afterwards.
    ///
    /// # Errors
    ///
    /// [`OutOfBounds`], in words, if the copy would pass the end; `out` is unchanged then.
    fn copy_out(&self, at_word: usize, out: &mut [u8]) -> Result<(), OutOfBounds>;
}

/// The writer's half of [`Words`].
///
/// Indexes come from the writer's own geometry, never from what lies in memory.
pub trait WordsMut: Words {
    /// Stores one word without ordering.
    ///
    /// # Panics
    ///
    /// If `index` is out of bounds, as do the other methods here that take one.
    fn store(&self, index: usize, word: u32);

    /// Stores one word after everything that this thread did before.
    fn store_release(&self, index: usize, word: u32);

    /// Reads a word that the caller owns and is about to store to.
    ///
    /// The same as [`Words::get`], except to a model checker: there it may be a read-modify-write, which
    /// shows schedules that a plain load hides.
    fn get_for_update(&self, index: usize) -> u32;

    /// Replaces `current` by `new` without ordering, and returns what was there.
    ///
    /// # Errors
    ///
    /// The word that is there when it is not `current`; nothing is stored then.
    fn compare_exchange(&self, index: usize, current: u32, new: u32) -> Result<u32, u32>;

    /// Orders every earlier access before every later store.
    fn write_barrier(&self);

    /// Copies `bytes` in, starting at the word `at_word`. The length is a multiple of 4.
    ///
    /// # Errors
    ///
    /// [`OutOfBounds`], in words, if the copy would pass the end; nothing is stored then.
    fn copy_in(&self, at_word: usize, bytes: &[u8]) -> Result<(), OutOfBounds>;

    /// Says that `words` words from `at_word` on are likely to be stored to soon. A hint: it changes nothing, and words
    /// that do not exist are ignored.
    fn expect_stores(&self, _at_word: usize, _words: usize) {}
}

/// Read access to the head of a log: how it is divided, how far its writer is.
pub trait LogHead {
    /// Segments of the ring. Eight wherever two processes share it.
    fn segments(&self) -> u32 {
        8
    }

    /// Words per segment. Never changes while the value lives.
    fn segment_words(&self) -> u32;

    /// The number of the segment that is being written, without ordering. It wraps at 2^32.
    fn segment_n(&self) -> u32;

    /// The word at which reading may start in segment `index` (0 to 7), without ordering; negative for a
    /// segment that was never reached, and for an index that does not exist.
    fn offset(&self, index: u32) -> i64;
}

/// The writer's half of [`LogHead`].
pub trait LogHeadMut: LogHead {
    /// Stores where reading may start in segment `index`, as one store, without ordering.
    ///
    /// # Panics
    ///
    /// If there is no such segment.
    fn set_offset(&self, index: u32, word: i64);

    /// Stores the segment number after everything that this thread did before. For the start only.
    fn set_segment_n(&self, segment: u32);

    /// [`LogHead::segment_n`] for a caller that is about to change it; see [`WordsMut::get_for_update`].
    fn segment_n_for_update(&self) -> u32;

    /// Replaces the segment number after everything that this thread did before.
    ///
    /// # Errors
    ///
    /// The number that is there when it is not `current`; nothing is stored then.
    fn compare_exchange_segment_n(&self, current: u32, new: u32) -> Result<u32, u32>;

    /// Tells readers that everything is in place: the last step of creating a log.
    fn publish_marker(&self);
}

/// Passes the read traits on to what is pointed to, so that a writer and a reader in one process can share.
macro_rules! pass_on {
    ($pointer:ty) => {
        impl<T: Words + ?Sized> Words for $pointer {
            fn len_words(&self) -> usize {
                (**self).len_words()
            }
            fn get(&self, index: usize) -> Option<u32> {
                (**self).get(index)
            }
            fn read_barrier(&self) {
                (**self).read_barrier();
            }
            fn copy_out(&self, at_word: usize, out: &mut [u8]) -> Result<(), OutOfBounds> {
                (**self).copy_out(at_word, out)
            }
        }

        impl<T: LogHead + ?Sized> LogHead for $pointer {
            fn segments(&self) -> u32 {
                (**self).segments()
            }
            fn segment_words(&self) -> u32 {
                (**self).segment_words()
            }
            fn segment_n(&self) -> u32 {
                (**self).segment_n()
            }
            fn offset(&self, index: u32) -> i64 {
                (**self).offset(index)
            }
        }

        impl<T: WordsMut + ?Sized> WordsMut for $pointer {
            fn store(&self, index: usize, word: u32) {
                (**self).store(index, word);
            }
            fn store_release(&self, index: usize, word: u32) {
                (**self).store_release(index, word);
            }
            fn get_for_update(&self, index: usize) -> u32 {
                (**self).get_for_update(index)
            }
            fn compare_exchange(&self, index: usize, current: u32, new: u32) -> Result<u32, u32> {
                (**self).compare_exchange(index, current, new)
            }
            fn write_barrier(&self) {
                (**self).write_barrier();
            }
            fn copy_in(&self, at_word: usize, bytes: &[u8]) -> Result<(), OutOfBounds> {
                (**self).copy_in(at_word, bytes)
            }
            fn expect_stores(&self, at_word: usize, words: usize) {
                (**self).expect_stores(at_word, words);
            }
        }

        impl<T: LogHeadMut + ?Sized> LogHeadMut for $pointer {
            fn set_offset(&self, index: u32, word: i64) {
                (**self).set_offset(index, word);
            }
            fn set_segment_n(&self, segment: u32) {
                (**self).set_segment_n(segment);
            }
            fn segment_n_for_update(&self) -> u32 {
                (**self).segment_n_for_update()
            }
            fn compare_exchange_segment_n(&self, current: u32, new: u32) -> Result<u32, u32> {
                (**self).compare_exchange_segment_n(current, new)
            }
            fn publish_marker(&self) {
                (**self).publish_marker();
            }
        }
    };
}

pass_on!(&T);
pass_on!(Arc<T>);
