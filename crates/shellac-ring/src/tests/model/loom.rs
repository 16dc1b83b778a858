//! Scenarios under loom. Each says how many preemptions are tried; all of them pass exhaustively within that
//! unless time ends them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use loom::thread;
use shellac_format::layout::{BATCH_WORD, END_MARK};
use shellac_sys::{LogHeadMut, WordsMut};

use super::scenario::{LAYOUT, Model, Place, Reading, Run, Size, body, read};
use super::setting;
use crate::geometry::NONCE;
use crate::{Cursor, Start};

const SMALL: Size = Size { segments: 4, segment_words: 12 };
const WIDE: Size = Size { segments: 4, segment_words: 24 };

/// `preemptions`: 0 = any number.
fn explore(preemptions: usize, scenario: impl Fn() + Sync + Send + 'static) {
    let executions = Arc::new(AtomicU64::new(0));
    let count = executions.clone();
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = (preemptions > 0).then_some(preemptions);
    builder.max_branches = 20_000;
    builder.max_duration = Some(Duration::from_secs(setting("SHELLAC_MODEL_SECONDS", 20)));
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        scenario();
    });
    println!("executions: {}", executions.load(Ordering::Relaxed));
}

fn two(size: Size, place: Place, extra: &'static [usize], reading: Reading) -> Run {
    Run { size, place, stale: BATCH_WORD, extra, batches: 1, reading }
}

#[test]
fn two_producers_in_the_middle() {
    let run = two(WIDE, Place(1, 4), &[0, 0], Reading::Nobody);
    explore(0, move || run.run());
}

#[test]
fn two_producers_in_the_middle_and_a_reader() {
    let run = two(WIDE, Place(1, 4), &[0, 0], Reading::FromStart);
    explore(3, move || run.run());
}

#[test]
fn two_producers_in_the_middle_over_headers_with_a_nonce() {
    let run = two(WIDE, Place(1, 4), &[0, 0], Reading::FromStart);
    explore(3, move || Run { stale: BATCH_WORD | NONCE, ..run }.run());
}

#[test]
fn two_producers_fill_a_segment_exactly() {
    let run = two(SMALL, Place(1, 7), &[0, 0], Reading::FromStart);
    explore(3, move || run.run());
}

#[test]
fn two_producers_cross_with_a_filler() {
    let run = two(SMALL, Place(1, 6), &[0, 1], Reading::FromStart);
    explore(3, move || run.run());
}

#[test]
fn a_reader_comes_while_two_producers_cross() {
    let run = two(SMALL, Place(1, 7), &[0, 0], Reading::FromTail);
    explore(3, move || run.run());
}

/// The producer is the first thread here, so that what the reader may see of a segment that has been announced is
/// explored first.
#[test]
fn a_reader_comes_while_one_producer_crosses() {
    explore(0, || {
        let mut model = Model::used(SMALL, 1, Place(1, 7), BATCH_WORD);
        let mut producer = model.producers.remove(0);
        let log = model.log.clone();
        let reading = thread::spawn(move || {
            let mut reader = Cursor::open(log, LAYOUT, Start::Tail).expect("no tail");
            if let Some(id) = read(&mut reader) {
                assert_eq!(id, 1);
            }
        });
        producer.publish(&body(1, 0)).unwrap();
        reading.join().unwrap();
        model.assert_sound();
    });
}

#[test]
fn two_producers_wrap() {
    let run = two(SMALL, Place(3, 6), &[0, 0], Reading::FromStart);
    explore(3, move || run.run());
}

#[test]
fn two_producers_wrap_with_a_filler() {
    let run = two(SMALL, Place(3, 4), &[0, 0], Reading::FromStart);
    explore(3, move || run.run());
}

#[test]
fn a_reader_comes_while_two_producers_wrap() {
    let run = two(SMALL, Place(3, 6), &[0, 0], Reading::FromTail);
    explore(3, move || run.run());
}

#[test]
fn three_producers_in_the_middle() {
    let run = two(WIDE, Place(1, 4), &[0, 0, 0], Reading::Nobody);
    explore(2, move || run.run());
}

#[test]
fn three_producers_cross() {
    let run = two(SMALL, Place(1, 7), &[0, 0, 0], Reading::Nobody);
    explore(2, move || run.run());
}

/// Two producers go through a ring of two segments; what the slower one has left is met a lap later.
fn lap(own: u64) {
    let size = Size { segments: 2, segment_words: 10 };
    let mut model = Model::used(size, 2, Place(0, 0), 7);
    model.log.store(0, END_MARK);
    let (mut first, mut second) = (model.producers.remove(0), model.producers.remove(0));
    let other = thread::spawn(move || {
        // Refusals are part of it.
        for index in 0..2 {
            let _ = second.publish(&body(2 << 16 | index, 0));
        }
    });
    for index in 0..own {
        let _ = first.publish(&body(1 << 16 | index, 0));
    }
    other.join().unwrap();
    model.assert_sound();
}

#[test]
fn more_than_a_lap() {
    explore(3, || lap(4));
}

#[test]
fn a_lap_after_which_the_old_writer_is_idle() {
    explore(3, || lap(2));
}

#[test]
fn a_lapped_reader_finds_out() {
    explore(2, || {
        let size = Size { segments: 4, segment_words: 10 };
        let mut model = Model::new(size, 1);
        let mut producer = model.producers.remove(0);
        (0..2).for_each(|id| producer.publish(&body(id, 0)).unwrap());
        let first = model.ring.shared().geometry.first_segment();
        let mut reader = model.reader(Place(first, 0));
        let reading = thread::spawn(move || {
            let _ = read(&mut reader).and_then(|_| read(&mut reader));
        });
        (2..9).for_each(|id| producer.publish(&body(id, 0)).unwrap());
        reading.join().unwrap();
    });
}

/// As small as overwriting a reader's batch can be: the reader's segment is two behind, which is as far as is
/// allowed, and the writer's third batch lies where the reader reads.
#[test]
fn a_reader_at_the_limit_is_overwritten() {
    explore(0, || {
        let size = Size { segments: 4, segment_words: 10 };
        let mut model = Model::used(size, 1, Place(6, 5), BATCH_WORD);
        let old = body(9, 0);
        model.log.store(1, u32::try_from(old.len()).unwrap());
        model.log.copy_in(2, &old).unwrap();
        model.log.store(5, END_MARK);
        model.log.set_segment_n(6);
        let mut reader = model.reader(Place(4, 0));
        let mut producer = model.producers.remove(0);
        let reading = thread::spawn(move || {
            if let Some(id) = read(&mut reader) {
                assert_eq!(id, 9, "this batch lies in a later segment");
            }
        });
        (1..4).for_each(|id| producer.publish(&body(id, 0)).unwrap());
        reading.join().unwrap();
    });
}
