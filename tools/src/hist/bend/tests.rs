use std::time::Duration;

use super::Bend;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_log_that_is_ahead_waits_for_our_clock() {
    let mut bend = Bend::new(2.0);
    // Where it begins is where it is allowed to be.
    assert_eq!(bend.ahead(seconds(100), seconds(5000)), Duration::ZERO);
    assert_eq!(bend.ahead(seconds(100), seconds(5010)), seconds(5));
    assert_eq!(bend.ahead(seconds(104), seconds(5010)), seconds(1));
    assert_eq!(bend.ahead(seconds(105), seconds(5010)), Duration::ZERO);
    // Records need not be in order.
    assert_eq!(bend.ahead(seconds(105), seconds(4000)), Duration::ZERO);
}

#[test]
fn after_a_restart_the_clocks_begin_where_they_are() {
    let mut bend = Bend::new(0.5);
    bend.ahead(seconds(1), seconds(1000));
    assert_eq!(bend.ahead(seconds(1), seconds(1010)), seconds(20));
    bend.restart();
    assert_eq!(bend.ahead(seconds(1), seconds(1010)), Duration::ZERO);
    let slow = Bend::new(f64::MIN_POSITIVE).ahead(seconds(1), seconds(2));
    assert_eq!(slow, Duration::ZERO);
}
