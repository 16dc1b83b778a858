//! Scenarios under shuttle: many laps, random schedules and PCT.

use shellac_format::layout::BATCH_WORD;
use shellac_sys::LogHead;
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

use super::scenario::{LAYOUT, Model, Place, Reading, Run, Size, body, ids, read};
use super::setting;
use crate::geometry::NONCE;
use crate::ring::unpack;
use crate::sync::Ordering;
use crate::{Cursor, Start};

const SMALL: Size = Size { segments: 4, segment_words: 12 };
const WIDE: Size = Size { segments: 4, segment_words: 24 };

fn schedules() -> usize {
    usize::try_from(setting("SHELLAC_MODEL_SCHEDULES", 2000)).unwrap()
}

/// Producers with batches of random sizes and readers over many laps of a ring of eight segments.
fn laps(producers: usize, readers: usize, batches: usize) {
    let size = Size { segments: 8, segment_words: 14 };
    let mut model = Model::new(size, producers);
    let mut threads = Vec::new();
    for (index, mut producer) in model.producers.drain(..).enumerate() {
        threads.push(thread::spawn(move || {
            for id in ids(index, batches) {
                let extra = thread_rng().gen_range(0..4);
                if producer.publish(&body(id, extra)).is_err() {
                    thread::yield_now();
                }
            }
        }));
    }
    for _ in 0..readers {
        let log = model.log.clone();
        threads.push(thread::spawn(move || {
            let Ok(mut reader) = Cursor::open(log, LAYOUT, Start::Tail) else { return };
            let mut last = vec![0; producers];
            for _ in 0..batches * producers * 2 {
                match read(&mut reader) {
                    Some(id) => {
                        let last = &mut last[usize::try_from(id >> 16).unwrap() - 1];
                        assert!(*last < id, "a thread's batches out of order");
                        *last = id;
                    }
                    None => thread::yield_now(),
                }
            }
        }));
    }
    for thread in threads {
        thread.join().unwrap();
    }
    let shared = model.ring.shared();
    let (segment, offset) = unpack(shared.tail.load(Ordering::Relaxed));
    assert_eq!(model.log.segment_n(), segment, "segment number at rest");
    let mut reader = Cursor::open(model.log.clone(), LAYOUT, Start::Head).unwrap();
    while read(&mut reader).is_some() {}
    let tail = shared.geometry.start(segment) + offset as usize;
    assert_eq!(reader.position().at_word, tail, "reading at rest must reach the tail");
    assert_eq!(model.ring.oldest_reservation_lag(), None, "a reservation was left behind");
}

#[test]
fn laps_of_three_producers_and_two_readers() {
    shuttle::check_pct(|| laps(3, 2, 40), schedules() / 10, 4);
    shuttle::check_random(|| laps(3, 2, 40), schedules() / 10);
}

#[test]
fn laps_of_two_producers_and_a_reader() {
    shuttle::check_pct(|| laps(2, 1, 60), schedules() / 10, 4);
    shuttle::check_random(|| laps(2, 1, 60), schedules() / 10);
}

#[test]
fn laps_of_four_producers_and_a_reader() {
    shuttle::check_pct(|| laps(4, 1, 30), schedules() / 10, 4);
    shuttle::check_random(|| laps(4, 1, 30), schedules() / 10);
}

fn small(run: Run) {
    shuttle::check_pct(move || run.run(), schedules(), 3);
    shuttle::check_random(move || run.run(), schedules());
}

fn scene(size: Size, place: Place, extra: &'static [usize]) -> Run {
    Run { size, place, stale: BATCH_WORD, extra, batches: 1, reading: Reading::FromStart }
}

#[test]
fn two_producers_in_the_middle() {
    small(scene(WIDE, Place(1, 4), &[0, 0]));
}

#[test]
fn two_producers_in_the_middle_twice() {
    let size = Size { segments: 4, segment_words: 40 };
    small(Run { batches: 2, ..scene(size, Place(1, 4), &[0, 0]) });
}

#[test]
fn a_reader_comes_while_two_producers_cross() {
    small(Run { reading: Reading::FromTail, ..scene(SMALL, Place(1, 7), &[0, 0]) });
}

#[test]
fn two_producers_wrap_with_a_filler() {
    small(Run { stale: BATCH_WORD | NONCE, ..scene(SMALL, Place(3, 4), &[0, 1]) });
}

#[test]
fn three_producers_in_the_middle() {
    small(Run { reading: Reading::Nobody, ..scene(WIDE, Place(1, 4), &[0, 0, 0]) });
}

#[test]
fn three_producers_cross() {
    small(Run { reading: Reading::Nobody, ..scene(SMALL, Place(1, 7), &[0, 0, 0]) });
}
