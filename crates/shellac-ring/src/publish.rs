//! Publishing a batch: reserve, mark the end, write, then the header.
//!
//! Words of the ring in the order in which they matter: `p` is where this batch starts, `q` where it ends and
//! the next one will start. Readers wait at a word that holds the end mark.
//!
//! Why it holds:
//!
//! * *The word after a published batch is the end mark or published*: `q` is marked before the header of `p`
//!   is stored; at a segment end the next segment's first word is marked before the reservation.
//! * *Marking `q` cannot erase a header.* The word at `q` is read before the reservation, so it is not the
//!   next producer's header, and that producer's header differs from it: by the nonce (it loads `p`, which is
//!   our stale word or the end mark), or, after the end mark, because nobody marks again. Exactly one producer
//!   ever marks a given `q` in a lap; segment starts have a lap code and stand any number.
//! * *The word read at `q` is up to date*, although a plain load: who wrote there a lap ago stored 0 in its
//!   slot (release), who crossed into this segment loaded that slot (acquire) and then changed the tail
//!   (release), which we loaded (acquire).
//! * *The guard sees every reservation*: a slot is stored before the tail is changed (release), and a
//!   crossing's change of the tail succeeds only if no reservation came between.
//! * *The segment number is never behind*: it is raised before the reservation that could make anyone write
//!   in the new segment, and before the batch is published that ends where it starts.
//! * *A late repetition* of preparing a segment is harmless: the sleeper's own slot keeps the others within
//!   half a lap, so the word it would mark is no longer the one from the lap before. Who slept before it had
//!   stored to its slot finds the tail elsewhere and prepares nothing.
//!
//! Nothing between the reservation and the header can panic, allocate, call back or block.

use shellac_format::layout::{BATCH_WORD, END_MARK, WORD};
use shellac_sys::{LogHeadMut, WordsMut};

use crate::geometry::{Geometry, NONCE};
use crate::mutant::{self, Mutant};
use crate::ring::{ACTIVE, PublishError, Shared, pack, unpack};
use crate::sync::Ordering;

mod filler;
mod prepare;

/// A part of a segment that belongs to one producer.
struct Reservation {
    segment: u32,
    /// Words from the start of the segment.
    offset: u32,
    words: u32,
    /// The end, and the word that was there before the reservation; `None` at a segment end.
    end: Option<(usize, u32)>,
    is_filler: bool,
}

impl<W: WordsMut + LogHeadMut> Shared<W> {
    /// Publishes `body` as producer `slot`. `stall` runs right after each reservation.
    #[inline]
    pub(crate) fn publish(
        &self,
        slot: usize,
        body: &[u8],
        mut stall: impl FnMut(),
    ) -> Result<(), PublishError> {
        let max_bytes = self.geometry.max_body_bytes();
        if body.len() > max_bytes {
            return Err(PublishError::TooBig { max_bytes });
        }
        if !body.len().is_multiple_of(WORD) {
            return Err(PublishError::Ragged { len_bytes: body.len() });
        }
        if body.is_empty() {
            return Ok(());
        }
        // At most `max_batch_words`, which is 32 bits wide.
        #[allow(clippy::cast_possible_truncation, reason = "bounded by the check above")]
        let words = self.geometry.head_words() + (body.len() / WORD) as u32;
        let counts = &self.slots[slot].counts;
        let result = loop {
            let reservation = match self.reserve(slot, words) {
                Ok(reservation) => reservation,
                Err(error) => {
                    counts.refused();
                    break Err(error);
                }
            };
            stall();
            if reservation.is_filler {
                self.lay(&reservation, |at| self.write_filler(at, reservation.words));
                counts.filled(reservation.words);
            } else {
                self.lay(&reservation, |at| self.write_body(at, body));
                counts.published(words);
                break Ok(());
            }
        };
        self.release(slot);
        result
    }

    /// Takes the next `words` words of the ring, or what is left of the segment for a filler.
    #[inline]
    fn reserve(&self, slot: usize, words: u32) -> Result<Reservation, PublishError> {
        let geometry = self.geometry;
        let own = &self.slots[slot].reservation;
        let mut shown = 0;
        // PAIRS WITH: the release of the compare-exchange below by whoever changed the tail last.
        let mut tail = self.tail.load(Ordering::Acquire);
        loop {
            let (segment, offset) = unpack(tail);
            let show = ACTIVE | u64::from(segment);
            if show != shown {
                // Says "I may hold a reservation made in this segment".
                // PAIRS WITH: the load in `prepare`.
                own.store(show, Ordering::Release);
                shown = show;
            }
            let usable = geometry.usable_words(segment);
            let fits =
                offset + words == usable || offset + words + geometry.min_filler_words() <= usable;
            let take = if fits { words } else { usable - offset };
            let crosses = offset + take == usable;
            let mut end = None;
            let new = if crosses {
                let next = segment.wrapping_add(1);
                if !mutant::is(Mutant::LatePrepare) {
                    self.prepare(next)?;
                }
                pack(next, 0)
            } else {
                let at = geometry.start(segment) + (offset + take) as usize;
                // Now, not after the reservation: then the next producer may already have published here.
                end = Some((at, self.word_at_end(at)));
                pack(segment, offset + take)
            };
            let order = if mutant::is(Mutant::RelaxedTail) {
                Ordering::Relaxed
            } else {
                // PAIRS WITH: the loads of the tail, here and above.
                Ordering::AcqRel
            };
            match self.tail.compare_exchange(tail, new, order, Ordering::Acquire) {
                Ok(_) => {
                    if crosses && mutant::is(Mutant::LatePrepare) {
                        let _ = self.prepare(segment.wrapping_add(1));
                    }
                    return Ok(Reservation { segment, offset, words: take, end, is_filler: !fits });
                }
                Err(found) => tail = found,
            }
            std::hint::spin_loop();
        }
    }

    /// Marks the end of a reservation, has its content written, and publishes it with its header.
    #[inline]
    fn lay(&self, reservation: &Reservation, write: impl FnOnce(usize)) {
        let geometry = self.geometry;
        // PAIRS WITH: the barrier between a reader's copy and its second look at the segment number: a reader
        // that copied anything written below also finds the segment number raised that led here.
        self.log.write_barrier();
        if let Some((at, before)) = reservation.end {
            let before = if mutant::is(Mutant::LateRead) { self.word_at_end(at) } else { before };
            if before != END_MARK && !mutant::is(Mutant::NoMark) {
                // Failing means that the next producer has published already.
                let _ = self.log.compare_exchange(at, before, END_MARK);
            }
        }
        let start = geometry.start(reservation.segment) + reservation.offset as usize;
        let content = reservation.words - geometry.head_words();
        self.log.store(start + 1, Geometry::bytes(content));
        if geometry.head_words() == 3 {
            self.log.store(start + 2, 0);
        }
        write(start + geometry.head_words() as usize);
        let header = if reservation.offset == 0 {
            geometry.start_word(reservation.segment)
        } else if self.log.get_for_update(start) == BATCH_WORD && !mutant::is(Mutant::NoNonce) {
            BATCH_WORD | NONCE
        } else {
            BATCH_WORD
        };
        // PAIRS WITH: the barrier after a reader's look at the header. A plain store is enough, see above.
        self.log.store_release(start, header);
    }

    #[inline]
    fn write_body(&self, at: usize, body: &[u8]) {
        let copied = self.log.copy_in(at, body);
        debug_assert!(copied.is_ok(), "a reservation lies inside the ring");
    }

    #[inline]
    fn word_at_end(&self, at: usize) -> u32 {
        let word = self.log.get(at);
        debug_assert!(word.is_some(), "a reservation ends inside its segment");
        word.unwrap_or(END_MARK)
    }
}

#[cfg(all(test, not(any(shellac_model = "loom", shellac_model = "shuttle"))))]
mod tests;
