//! A ring as its writers see it: creation, producers, gauges.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64 as Counter, Ordering as CounterOrdering};

use crossbeam_utils::CachePadded;
use shellac_format::Layout;
use shellac_format::layout::{END_MARK, WORD, WRAP_MARK};
use shellac_sys::{LogHeadMut, LogViewMut, WordsMut};

use crate::geometry::Geometry;
use crate::mutant::{self, Mutant};
use crate::sync::{AtomicU64, Ordering};

/// A reservation's slot holds this and the number of the segment that it was made in; 0 without one.
pub(crate) const ACTIVE: u64 = 1 << 32;

/// Why no ring can be made of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RingError {
    /// The log is too small, or divided in a way that no reader knows.
    #[error(
        "a log of {len_words} words in {segments} segments of {segment_words} cannot be a ring"
    )]
    Unusable {
        /// Words that the log has.
        len_words: usize,
        /// Segments that its head promises.
        segments: u32,
        /// Words per segment that its head promises.
        segment_words: u32,
    },
}

/// Why a batch was not published. Nothing was written, and the caller still has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// It will never fit: divide it.
    #[error("the batch is larger than {max_bytes} bytes")]
    TooBig {
        /// The largest body, in bytes.
        max_bytes: usize,
    },
    /// Another producer is held up half a lap behind; try again later.
    #[error("another producer is held up, and the ring is full up to it")]
    Stalled,
    /// It is not made of whole words, so it cannot be made of whole records.
    #[error("a batch of {len_bytes} bytes is not made of whole words")]
    Ragged {
        /// Its length, in bytes.
        len_bytes: usize,
    },
}

/// How far ahead of the tail lines are brought near: most batches are shorter.
const AHEAD_WORDS: u32 = 1024;

/// What the producers share. The log itself is what readers see; the rest is private to this process.
#[derive(Debug)]
pub(crate) struct Shared<W> {
    pub(crate) log: W,
    pub(crate) geometry: Geometry,
    /// Segment number in the high half, the next free word in that segment in the low half.
    pub(crate) tail: CachePadded<AtomicU64>,
    pub(crate) slots: Box<[CachePadded<Slot>]>,
}

/// One producer's line.
#[derive(Debug)]
pub(crate) struct Slot {
    /// `ACTIVE | segment` from before a reservation is tried until its batch is published; 0 otherwise.
    pub(crate) reservation: AtomicU64,
    pub(crate) counts: Counts,
}

/// Written by one producer, read by whoever asks. Not part of the protocol.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    batches: Counter,
    bytes: Counter,
    refused: Counter,
    fillers: Counter,
    filler_bytes: Counter,
}

impl Counts {
    fn add(counter: &Counter, more: u64) {
        // A plain addition: there is one writer.
        let sum = counter.load(CounterOrdering::Relaxed).wrapping_add(more);
        counter.store(sum, CounterOrdering::Relaxed);
    }

    #[inline]
    pub(crate) fn published(&self, words: u32) {
        Counts::add(&self.batches, 1);
        Counts::add(&self.bytes, u64::from(words) * WORD as u64);
    }

    #[inline]
    pub(crate) fn filled(&self, words: u32) {
        Counts::add(&self.fillers, 1);
        Counts::add(&self.filler_bytes, u64::from(words) * WORD as u64);
    }

    #[inline]
    pub(crate) fn refused(&self) {
        Counts::add(&self.refused, 1);
    }
}

/// Numbers since the ring was created, over all producers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RingStats {
    /// Batches published.
    pub batches: u64,
    /// Their bytes in the log, with batch headers.
    pub bytes: u64,
    /// Attempts that were refused because a producer was held up.
    pub refused: u64,
    /// Fillers written at segment ends.
    pub fillers: u64,
    /// Their bytes.
    pub filler_bytes: u64,
}

/// The way to make a ring.
#[derive(Clone, Copy, Debug)]
pub struct Ring;

impl Ring {
    /// Makes a ring of a log full of zeroes, with `producers` handles for as many threads.
    ///
    /// Readers accept it once [`RingHandle::publish_marker`] was called.
    ///
    /// # Errors
    ///
    /// [`RingError::Unusable`] if the log is too small for that; nothing was written then.
    ///
    /// # Examples
    ///
    /// ```
    /// use shellac_format::{Layout, Side, Vxid, record};
    /// use shellac_ring::{Cursor, Next, Ring, Start};
    /// use shellac_sys::ArrayLog;
    ///
    /// let log = std::sync::Arc::new(ArrayLog::new(8, 64));
    /// let (ring, mut producers) = Ring::create(log.clone(), Layout::Words2, 1).unwrap();
    /// ring.publish_marker();
    /// let mut reader = Cursor::open(log, Layout::Words2, Start::Head).unwrap();
    ///
    /// let mut batch = Vec::new();
    /// record::encode_text(&mut batch, Layout::Words2, 76, Vxid(1001), Side::Client, b"req 1000 rxreq", 255);
    /// producers[0].publish(&batch).unwrap();
    ///
    /// let mut read = Vec::new();
    /// assert_eq!(reader.next(&mut read), Ok(Next::Batch));
    /// assert_eq!(read, batch);
    /// assert_eq!(reader.next(&mut read), Ok(Next::Nothing));
    /// ```
    pub fn create<W: WordsMut + LogHeadMut>(
        log: W,
        layout: Layout,
        producers: usize,
    ) -> Result<(RingHandle<W>, Vec<Producer<W>>), RingError> {
        let unusable = RingError::Unusable {
            len_words: log.len_words(),
            segments: log.segments(),
            segment_words: log.segment_words(),
        };
        let geometry = Geometry::new(log.segments(), log.segment_words(), layout)
            .filter(|geometry| geometry.total_words() <= log.len_words())
            .ok_or(unusable)?;
        let first = geometry.first_segment();
        for index in 0..geometry.segments() {
            log.store(geometry.start(index), END_MARK);
            log.set_offset(index, if index == 0 { 0 } else { -1 });
        }
        log.store(geometry.total_words() - 1, WRAP_MARK);
        log.set_segment_n(first);
        let slot =
            || CachePadded::new(Slot { reservation: AtomicU64::new(0), counts: Counts::default() });
        let shared = Arc::new(Shared {
            log,
            geometry,
            tail: CachePadded::new(AtomicU64::new(pack(first, 0))),
            slots: (0..producers).map(|_| slot()).collect(),
        });
        let handles = (0..producers)
            .map(|slot| Producer {
                shared: shared.clone(),
                slot,
                asked: (0, 0),
                not_sync: PhantomData,
            })
            .collect();
        Ok((RingHandle { shared }, handles))
    }
}

/// Segment number and offset in one value, as the tail holds them.
pub(crate) const fn pack(segment: u32, offset: u32) -> u64 {
    (segment as u64) << 32 | offset as u64
}

/// The two halves of what [`pack`] made.
#[allow(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
pub(crate) const fn unpack(tail: u64) -> (u32, u32) {
    ((tail >> 32) as u32, tail as u32)
}

/// One thread's way to publish. It can be moved to a thread, and not be shared between two.
///
/// Dropping it ends its share in the ring: the others no longer wait for anything from it.
#[derive(Debug)]
pub struct Producer<W: WordsMut + LogHeadMut = LogViewMut> {
    shared: Arc<Shared<W>>,
    slot: usize,
    /// Up to where memory was asked for: a segment, and words from its start.
    pub(crate) asked: (u32, u32),
    not_sync: PhantomData<Cell<()>>,
}

impl<W: WordsMut + LogHeadMut> Producer<W> {
    /// Publishes one batch: whole records of one transaction, without a batch header.
    ///
    /// Never waits, allocates or calls back. An empty batch is published by doing nothing.
    ///
    /// # Errors
    ///
    /// [`PublishError::Stalled`] when another producer is held up half a lap behind: keep the batch and try
    /// again later. [`PublishError::TooBig`] and [`PublishError::Ragged`] say what is wrong with the batch.
    pub fn publish(&mut self, body: &[u8]) -> Result<(), PublishError> {
        self.publish_stalling(body, || ())
    }

    /// [`Producer::publish`] with something done between reservation and publication, for tests.
    pub(crate) fn publish_stalling(
        &mut self,
        body: &[u8],
        stall: impl FnMut(),
    ) -> Result<(), PublishError> {
        self.shared.publish(self.slot, body, stall)
    }

    /// Has the memory brought near that the next batch will be stored to, by whoever has other work to do until then.
    ///
    /// What lies ahead of the tail is as old as a lap and in no cache. A hint, on which nothing depends; who publishes without a
    /// pause is slower with it.
    pub fn look_ahead(&mut self) {
        let (segment, offset) = unpack(self.shared.tail.load(Ordering::Relaxed));
        let geometry = self.shared.geometry;
        let (asked_in, asked_to) = self.asked;
        // Each line once, as long as nobody else publishes.
        let from = if asked_in == segment { asked_to.max(offset) } else { offset };
        let to = offset.saturating_add(AHEAD_WORDS).min(geometry.usable_words(segment));
        if from < to {
            let start = geometry.start(segment) + from as usize;
            self.shared.log.expect_stores(start, (to - from) as usize);
            self.asked = (segment, to);
        }
    }

    /// The largest batch that fits, in bytes, without its header.
    pub fn max_body_bytes(&self) -> usize {
        self.shared.geometry.max_body_bytes()
    }
}

impl<W: WordsMut + LogHeadMut> Drop for Producer<W> {
    fn drop(&mut self) {
        // Only a panic in the middle of a publication could have left something here.
        self.shared.release(self.slot);
    }
}

impl<W> Shared<W> {
    /// Says that producer `slot` holds no reservation any more.
    #[inline]
    pub(crate) fn release(&self, slot: usize) {
        let order = if mutant::is(Mutant::RelaxedSlot) {
            Ordering::Relaxed
        } else {
            // PAIRS WITH: the load in `prepare`: who finds 0 here finds everything written before.
            Ordering::Release
        };
        self.slots[slot].reservation.store(0, order);
    }
}

/// A look at a ring from outside its producers.
#[derive(Debug)]
pub struct RingHandle<W = LogViewMut> {
    shared: Arc<Shared<W>>,
}

impl<W> Clone for RingHandle<W> {
    fn clone(&self) -> Self {
        RingHandle { shared: self.shared.clone() }
    }
}

impl<W: WordsMut + LogHeadMut> RingHandle<W> {
    /// Lets readers in: the last step of creation.
    pub fn publish_marker(&self) {
        self.shared.log.publish_marker();
    }

    /// Numbers since the ring was created. While producers run each number is right, and their sum may be
    /// a moment apart.
    pub fn stats(&self) -> RingStats {
        let mut sum = RingStats::default();
        for slot in &self.shared.slots {
            let counts = &slot.counts;
            sum.batches += counts.batches.load(CounterOrdering::Relaxed);
            sum.bytes += counts.bytes.load(CounterOrdering::Relaxed);
            sum.refused += counts.refused.load(CounterOrdering::Relaxed);
            sum.fillers += counts.fillers.load(CounterOrdering::Relaxed);
            sum.filler_bytes += counts.filler_bytes.load(CounterOrdering::Relaxed);
        }
        sum
    }

    /// How many segments the oldest unfinished publication is behind; `None` when there is none. At 4 nobody
    /// can enter another segment any more, and publications are refused.
    pub fn oldest_reservation_lag(&self) -> Option<u32> {
        let (segment, _) = unpack(self.shared.tail.load(Ordering::Relaxed));
        let lags = self.shared.slots.iter().filter_map(|slot| {
            let reservation = slot.reservation.load(Ordering::Relaxed);
            let (_, own) = unpack(reservation);
            // Read a moment later than the tail, so it may be ahead of it.
            let lag = segment.wrapping_sub(own).cast_signed().max(0).cast_unsigned();
            (reservation & ACTIVE != 0).then_some(lag)
        });
        lags.max()
    }

    /// For each producer the number of the publication that it is in the middle of; `None` for one that is in none.
    ///
    /// One that is found with the same number a moment later has been held up meanwhile.
    pub fn under_way(&self) -> impl Iterator<Item = Option<u64>> {
        self.shared.slots.iter().map(|slot| {
            let counts = &slot.counts;
            let done = counts.batches.load(CounterOrdering::Relaxed)
                + counts.refused.load(CounterOrdering::Relaxed);
            (slot.reservation.load(Ordering::Relaxed) & ACTIVE != 0).then_some(done)
        })
    }

    /// How often the writers have come to the end of the log.
    pub fn laps(&self) -> u64 {
        let geometry = self.shared.geometry;
        let (segment, _) = unpack(self.shared.tail.load(Ordering::Relaxed));
        u64::from(segment.wrapping_sub(geometry.first_segment()) / geometry.segments())
    }

    /// Bytes of the log that were given to batches and fillers since the ring was created, with the wrap mark of
    /// each lap: how far the writers are.
    pub fn written_bytes(&self) -> u64 {
        let geometry = self.shared.geometry;
        let (segment, offset) = unpack(self.shared.tail.load(Ordering::Relaxed));
        let segments = u64::from(segment.wrapping_sub(geometry.first_segment()));
        (segments * u64::from(geometry.segment_words()) + u64::from(offset)) * WORD as u64
    }

    /// The largest batch that fits, in bytes, without its header.
    pub fn max_body_bytes(&self) -> usize {
        self.shared.geometry.max_body_bytes()
    }

    #[cfg(test)]
    pub(crate) fn shared(&self) -> &Shared<W> {
        &self.shared
    }
}
