use std::sync::Arc;

use shellac_counters::vsc::{Format, Level, Semantics};

use super::{BLOCK, Point, Reading, Sample};
use crate::stat::dash::testing::{point, reading};

#[test]
fn what_has_not_changed_is_shared() {
    let points: Arc<[Point]> = (0..100).map(|at| point(&format!("MAIN.c{at}"))).collect();
    let mut readings: Vec<Reading> = (0..100).map(reading).collect();
    let first = Sample::new(Arc::clone(&points), &readings, &Sample::default());
    readings[40].value += 1;
    let second = Sample::new(Arc::clone(&points), &readings, &first);
    let alone = second.bytes_apart_from(&first);
    let block = BLOCK * size_of::<Reading>();
    assert!(alone >= block && alone < 2 * block, "{alone} bytes for one counter that changed");
    assert!(first.bytes_apart_from(&Sample::default()) > 100 * size_of::<Reading>());

    // And the older one is as it was.
    assert_eq!(first.get(40).unwrap().1.value, 40);
    let place = second.position("MAIN.c40").unwrap();
    assert_eq!(second.get(place).unwrap().1.value, 41);
    assert_eq!(second.iter().count(), 100);
    assert_eq!(second.get(100), None);
}

#[test]
fn only_gauges_are_negative() {
    let reading = Reading { value: u64::MAX, ..Reading::default() };
    assert_eq!(reading.shown(Semantics::Gauge, false), 0);
    assert_eq!(reading.shown(Semantics::Gauge, true), u64::MAX);
    assert_eq!(reading.shown(Semantics::Counter, false), u64::MAX);
}

#[test]
fn the_set_of_a_counter_is_a_part_of_its_name() {
    let of_set = Point { set_len: 10, ..point("VBE.boot.a.b.conn") };
    assert_eq!(of_set.set(), "VBE.boot.a");
    assert_eq!((of_set.level, of_set.format), (Level::Info, Format::Integer));
}
