//! Making a segment ready to be entered: the guard, its first word, its offset, the segment number.
//!
//! Whoever is about to fill a segment up does all of this before its reservation. Any number may do it for
//! the same segment, and the last one may be late.

use shellac_format::layout::END_MARK;
use shellac_sys::{LogHeadMut, WordsMut};

use crate::mutant::{self, Mutant};
use crate::ring::{ACTIVE, PublishError, Shared, unpack};
use crate::sync::Ordering;

impl<W: WordsMut + LogHeadMut> Shared<W> {
    /// Prepares segment `next`.
    ///
    /// # Errors
    ///
    /// [`PublishError::Stalled`] if a producer may hold a reservation from too long ago; nothing was changed.
    #[cold]
    pub(super) fn prepare(&self, next: u32) -> Result<(), PublishError> {
        let geometry = self.geometry;
        // A caller that slept between its look at the tail and the store to its slot was seen by nobody, and may be
        // laps behind. Lap codes repeat after 64 laps, so it must not mark anything; its reservation will fail.
        // PAIRS WITH: the release of whoever changed the tail last.
        let (current, _) = unpack(self.tail.load(Ordering::Acquire));
        if current.wrapping_add(1) != next && !mutant::is(Mutant::LatePrepare) {
            return Ok(());
        }
        if !mutant::is(Mutant::NoGuard) {
            for slot in &self.slots {
                // PAIRS WITH: the stores of a slot: 0 there means that its batch is all written, anything
                // else that it may not be.
                let reservation = slot.reservation.load(Ordering::Acquire);
                let (_, segment) = unpack(reservation);
                // Below zero: that producer is ahead, so this caller's own reservation will fail and try again.
                let lag = next.wrapping_sub(segment).cast_signed();
                let most = geometry.max_reservation_lag().cast_signed();
                if reservation & ACTIVE != 0 && lag > most {
                    return Err(PublishError::Stalled);
                }
            }
        }
        if !mutant::is(Mutant::NoSegmentMark) {
            // Failing is fine: it is marked already, or even published.
            let stale = geometry.start_word(next.wrapping_sub(geometry.segments()));
            let _ = self.log.compare_exchange(geometry.start(next), stale, END_MARK);
        }
        if next.wrapping_sub(geometry.first_segment()) < geometry.segments() {
            // The first lap: readers take a segment as reached once it has an offset. All store the same.
            let start = i64::try_from(geometry.start(next)).unwrap_or(i64::MAX);
            self.log.set_offset(geometry.index(next), start);
        }
        let mut current = self.log.segment_n_for_update();
        // The counter wraps, so "greater" is a matter of distance.
        while next.wrapping_sub(current).cast_signed() > 0 {
            match self.log.compare_exchange_segment_n(current, next) {
                Ok(_) => break,
                Err(found) => current = found,
            }
        }
        Ok(())
    }
}
