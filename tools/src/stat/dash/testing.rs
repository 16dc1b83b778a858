//! States for the tests of this folder, made by hand.

use std::sync::Arc;

use shellac_counters::vsc::{Format, Level, Semantics};

use super::sample::{Point, Reading, Sample};
use super::snapshot::{Instance, Moment, Snapshot, State};

/// A counter of the first level.
pub(crate) fn point(name: &str) -> Point {
    Point {
        name: name.to_owned(),
        set_len: name.rfind('.').unwrap_or_default(),
        semantics: Semantics::Counter,
        format: Format::Integer,
        level: Level::Info,
        short: format!("Short text of {name}").into(),
        long: vec![format!("Long text of {name}.")].into(),
    }
}

/// It was seen, and stands still.
pub(crate) fn reading(value: u64) -> Reading {
    Reading { value, seen: true, change: Some(0.0), means: [0.0; 3] }
}

/// An instance that runs.
pub(crate) fn running() -> Instance {
    Instance {
        name: "edge-1".to_owned(),
        state: State::Running,
        manager: Some(100),
        worker: Some(101),
    }
}

/// So many seconds after noon of a day in UTC.
pub(crate) fn second(seconds: u64) -> Moment {
    let mono = 1_000_000 * (5000 + seconds);
    Moment { unix: 1_000_000 * (1_767_268_800 + seconds), mono }
}

/// A snapshot with these counters, at a second.
pub(crate) fn snapshot(seconds: u64, counters: &[(Point, Reading)], before: &Sample) -> Snapshot {
    let points: Arc<[Point]> = counters.iter().map(|(point, _)| point.clone()).collect();
    let readings: Vec<Reading> = counters.iter().map(|(_, reading)| *reading).collect();
    let same = before.points()[..] == points[..];
    let points = if same { Arc::clone(before.points()) } else { points };
    let counters = Sample::new(points, &readings, before);
    Snapshot { at: second(seconds), instance: running(), counters, ..Snapshot::default() }
}
