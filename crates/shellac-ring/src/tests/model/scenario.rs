//! What the scenarios of both checkers are made of.

#[cfg(shellac_model = "loom")]
use loom::thread;
#[cfg(shellac_model = "shuttle")]
use shuttle::thread;
use std::sync::Arc;

use shellac_format::layout::{BATCH_WORD, END_MARK};
use shellac_format::{Layout, Records, Side, Vxid, record};
use shellac_sys::{LogHeadMut, WordsMut};

use super::log::ModelLog;
use crate::cursor::{Cursor, Next};
use crate::ring::{Producer, Ring, RingHandle, pack, unpack};
use crate::sync::Ordering;

pub(super) const LAYOUT: Layout = Layout::Words2;
const HEAD_WORDS: u32 = 2;
/// A tag for all records of a model.
const TAG: u8 = 72;

/// A ring, its producers, and a second way to its log for readers.
pub(super) struct Model {
    pub(super) log: Arc<ModelLog>,
    pub(super) ring: RingHandle<Arc<ModelLog>>,
    pub(super) producers: Vec<Producer<Arc<ModelLog>>>,
}

/// Sizes of a ring.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub(super) segments: u32,
    pub(super) segment_words: u32,
}

/// A place in a ring: segment number and words from its start.
#[derive(Clone, Copy)]
pub(super) struct Place(pub(super) u32, pub(super) u32);

/// Who reads while the producers run.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Reading {
    Nobody,
    /// From where the producers start.
    FromStart,
    /// From what is the end of the log when the reader comes.
    FromTail,
}

/// The body of a batch: one record of `1 + extra` payload words, every second of which looks like a header.
pub(super) fn body(id: u64, extra: usize) -> Vec<u8> {
    let word = |index: usize| match index % 2 {
        0 => BATCH_WORD,
        _ => u32::try_from(id).unwrap().wrapping_mul(0x9e37_79b1) ^ u32::try_from(index).unwrap(),
    };
    let payload: Vec<u8> = (0..=extra).flat_map(|index| word(index).to_ne_bytes()).collect();
    let mut body = Vec::new();
    record::encode(&mut body, LAYOUT, TAG, Vxid(id), Side::None, &payload);
    body
}

/// The id of a batch that was read; its content must be what was published under it.
fn id_of(read: &[u8]) -> u64 {
    let first = Records::new(LAYOUT, read).next().expect("no record").expect("no whole record");
    let id = first.vxid.0;
    assert_eq!(read, body(id, first.payload.len() / 4 - 1), "content of {id:#x}");
    id
}

/// Reads one unit; `None` when there is nothing to be had here any more.
pub(super) fn read(cursor: &mut Cursor<Arc<ModelLog>>) -> Option<u64> {
    let mut out = Vec::new();
    match cursor.next(&mut out).expect("a reader found no log") {
        Next::Batch => Some(id_of(&out)),
        Next::Nothing | Next::Overrun(_) => None,
    }
}

impl Model {
    /// A new ring.
    pub(super) fn new(size: Size, producers: usize) -> Model {
        let log = Arc::new(ModelLog::new(size.segments, size.segment_words));
        let (ring, producers) = Ring::create(log.clone(), LAYOUT, producers).unwrap();
        Model { log, ring, producers }
    }

    /// A ring that has been around before, with its tail at `place` and `stale` words everywhere else.
    pub(super) fn used(size: Size, producers: usize, place: Place, stale: u32) -> Model {
        let model = Model::new(size, producers);
        let (log, geometry) = (&model.log, model.ring.shared().geometry);
        let Place(segment, offset) = place;
        for index in 0..geometry.total_words() - 1 {
            if index % size.segment_words as usize != 0 {
                log.store(index, stale);
            }
        }
        // This lap up to `segment`, the lap before behind it.
        let first = segment - segment % size.segments;
        for index in 0..size.segments {
            let lap_start =
                if first + index <= segment { first } else { first.wrapping_sub(size.segments) };
            log.store(geometry.start(index), geometry.start_word(lap_start.wrapping_add(index)));
            log.set_offset(index, i64::try_from(geometry.start(index)).unwrap());
        }
        if offset > 0 {
            model.fill(segment, offset);
        }
        log.store(geometry.start(segment) + offset as usize, END_MARK);
        log.set_segment_n(segment);
        model.ring.shared().tail.store(pack(segment, offset), Ordering::Relaxed);
        model
    }

    /// A filler from the start of a segment up to `words`.
    pub(super) fn fill(&self, segment: u32, words: u32) {
        let start = self.ring.shared().geometry.start(segment);
        self.log.store(start + 1, (words - HEAD_WORDS) * 4);
        self.log.store(start + 2, BATCH_WORD | (words - 2 * HEAD_WORDS) * 4);
        self.log.store(start + 3, 0);
    }

    pub(super) fn reader(&self, Place(segment, offset): Place) -> Cursor<Arc<ModelLog>> {
        let at = self.ring.shared().geometry.start(segment) + offset as usize;
        Cursor::at(self.log.clone(), LAYOUT, segment, at)
    }

    /// At rest, the batches from `place` on must be `ids`, in any order.
    pub(super) fn assert_batches(&self, place: Place, ids: impl IntoIterator<Item = u64>) {
        let mut reader = self.reader(place);
        let mut seen: Vec<u64> = std::iter::from_fn(|| read(&mut reader)).collect();
        let mut wanted: Vec<u64> = ids.into_iter().collect();
        seen.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(seen, wanted, "batches at rest");
    }

    #[cfg_attr(shellac_model = "shuttle", allow(dead_code, reason = "for the laps under loom"))]
    /// At rest, the batches of the writer's segment must lead from its start to the tail.
    pub(super) fn assert_sound(&self) {
        let shared = self.ring.shared();
        let (segment, offset) = unpack(shared.tail.load(Ordering::Relaxed));
        let mut reader = self.reader(Place(segment, 0));
        while read(&mut reader).is_some() {}
        let tail = shared.geometry.start(segment) + offset as usize;
        assert_eq!(reader.position().at_word, tail, "the batches must lead to the tail");
    }
}

/// The ids that thread `thread` publishes.
pub(super) fn ids(thread: usize, count: usize) -> impl Iterator<Item = u64> {
    (0..count).map(move |index| (thread as u64 + 1) << 16 | index as u64)
}

/// What a scenario with producers that all succeed consists of.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub(super) size: Size,
    pub(super) place: Place,
    pub(super) stale: u32,
    /// Additional payload words per producer; so this is also how many producers there are.
    pub(super) extra: &'static [usize],
    pub(super) batches: usize,
    pub(super) reading: Reading,
}

impl Run {
    /// Producers start together, somebody reads, at the end all batches are there.
    pub(super) fn run(self) {
        let mut model = Model::used(self.size, self.extra.len(), self.place, self.stale);
        let producers = std::mem::take(&mut model.producers);
        let mut threads = Vec::new();
        let mut own = None;
        for (index, mut producer) in producers.into_iter().enumerate() {
            let work = move || {
                for id in ids(index, self.batches) {
                    producer.publish(&body(id, self.extra[index])).expect("refused");
                }
            };
            // One thread less to switch to where nobody reads.
            if self.reading == Reading::Nobody && index == 0 {
                own = Some(work);
            } else {
                threads.push(thread::spawn(work));
            }
        }
        if let Some(mut work) = own {
            work();
        }
        let reader = match self.reading {
            Reading::Nobody => None,
            Reading::FromStart => Some(model.reader(self.place)),
            Reading::FromTail => {
                Some(Cursor::open(model.log.clone(), LAYOUT, crate::Start::Tail).expect("no tail"))
            }
        };
        if let Some(mut reader) = reader {
            let mut last = vec![0; self.extra.len()];
            for _ in 0..self.extra.len() * self.batches {
                let Some(id) = read(&mut reader) else { break };
                let last = &mut last[usize::try_from(id >> 16).unwrap() - 1];
                assert!(*last < id, "a thread's batches out of order");
                *last = id;
            }
        }
        for thread in threads {
            thread.join().unwrap();
        }
        let all = (0..self.extra.len()).flat_map(|thread| ids(thread, self.batches));
        model.assert_batches(self.place, all);
    }
}
