use std::sync::Arc;

use super::{BYTES_MOST, History, MOMENTS_MOST};
use crate::stat::dash::sample::Sample;
use crate::stat::dash::snapshot::Snapshot;
use crate::stat::dash::testing::{point, reading, second, snapshot};

#[test]
fn the_oldest_go_first_and_numbers_stay() {
    let mut history = History::default();
    assert_eq!(history.latest(), None);
    for seconds in 0..MOMENTS_MOST as u64 + 10 {
        history.push(Arc::new(Snapshot { at: second(seconds), ..Snapshot::default() }));
    }
    assert_eq!(history.latest(), Some(MOMENTS_MOST as u64 + 9));
    let (number, oldest) = history.nearest(3).unwrap();
    assert_eq!((number, oldest.at), (10, second(10)));
    let (number, shown) = history.nearest(500).unwrap();
    assert_eq!((number, shown.at), (500, second(500)));
    let back: Vec<_> = history.back_from(12).map(|snapshot| snapshot.at).collect();
    assert_eq!(back, [second(12), second(11), second(10)]);
}

#[test]
fn memory_is_bounded_when_every_counter_moves() {
    let mut history = History::default();
    let names: Vec<_> = (0..10_000).map(|at| point(&format!("MAIN.c{at}"))).collect();
    let mut before = Sample::default();
    for seconds in 0..300 {
        let counters: Vec<_> = names.iter().map(|it| (it.clone(), reading(seconds + 1))).collect();
        let next = snapshot(seconds, &counters, &before);
        before = next.counters.clone();
        history.push(Arc::new(next));
    }
    assert!(history.bytes <= BYTES_MOST, "{} bytes", history.bytes);
    assert!((50..299).contains(&history.kept.len()), "{} moments", history.kept.len());
    // What is counted is what is there.
    let counted = history.bytes;
    let all: usize =
        history.kept.iter().map(|it| it.counters.bytes_apart_from(&Sample::default())).sum();
    let names: usize = (history.kept.len() - 1) * 10_000 * (size_of_val(&names[0]) + 10);
    assert!(counted.abs_diff(all - names.min(all)) < counted / 10, "{counted} of {all}");
}
