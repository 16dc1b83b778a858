//! Tests of the token bucket.

use std::time::Duration;

use proptest::prelude::*;

use super::TokenBucket;

#[test]
fn a_burst_goes_through_and_then_the_rate() {
    let mut bucket = TokenBucket::new(5.0, 2.0);
    let start = Duration::from_secs(1_000_000);
    assert_eq!((0..20).filter(|_| bucket.take(start, 1.0)).count(), 5);
    assert_eq!(bucket.wait(start, 1.0), Some(Duration::from_millis(500)));
    assert_eq!(bucket.wait(start, 6.0), None);
    let passed = (1..=1000)
        .filter(|&step| bucket.take(start + step * Duration::from_millis(10), 1.0))
        .count();
    assert_eq!(passed, 20, "ten seconds at two by second");
    assert_eq!((0..20).filter(|_| bucket.take(start + Duration::from_secs(3600), 1.0)).count(), 5);
}

#[test]
fn nothing_is_no_rate_and_time_does_not_go_back() {
    let mut bucket = TokenBucket::new(1.0, f64::NAN);
    assert!(bucket.take(Duration::from_secs(9), 1.0));
    assert!(!bucket.take(Duration::from_secs(5), 1.0));
    assert!(!bucket.take(Duration::from_secs(90), 1.0));
    assert_eq!(bucket.wait(Duration::from_secs(90), 1.0), None);
}

proptest! {
    #[test]
    fn no_more_go_through_than_capacity_and_rate_allow(
        capacity in 0.0f64..20.0, rate in 0.0f64..50.0,
        steps in prop::collection::vec(0u64..500, 1..200),
    ) {
        let mut bucket = TokenBucket::new(capacity, rate);
        let (mut now, mut passed) = (0, 0);
        for step in steps {
            now += step;
            passed += usize::from(bucket.take(Duration::from_millis(now), 1.0));
        }
        prop_assert!(passed as f64 <= capacity + rate * now as f64 / 1000.0 + 1e-6);
    }
}
