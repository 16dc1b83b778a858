use std::time::Duration;

use shellac_format::Dialect;

use super::Log;

/// A log of 80 bytes with so much in it since that moment, written at this rate now.
fn log(held_bytes: u64, first: u64, last: u64, rate: f64) -> Log {
    Log {
        dialect: Dialect::V7_3,
        ring_bytes: 80,
        held_bytes,
        read_in: Duration::ZERO,
        moments: Some((Duration::from_secs(first), Duration::from_secs(last))),
        overrun: false,
        rate,
        lag_percent: 0,
    }
}

#[test]
fn what_a_log_holds_is_seen_in_it_or_expected_from_the_rate() {
    let seconds = |log: Log| log.held(1000).map(|held| held.as_secs());
    // Half full since 50 seconds: full after 100.
    assert_eq!(seconds(log(40, 950, 990, 0.0)), Some(100));
    assert_eq!(seconds(log(40, 950, 990, 80.0)), Some(100));
    // Hardly anything in it: what came in a burst says nothing.
    assert_eq!(seconds(log(8, 999, 999, 0.0)), None);
    assert_eq!(seconds(log(8, 999, 999, 4.0)), Some(20));
    let empty = Log { moments: None, ..log(0, 0, 0, 0.0) };
    assert_eq!(seconds(empty), None);
}
