use super::*;
use crate::fetch::Limit;

fn policy(backoff: u64, most: u64) -> RetryPolicy {
    RetryPolicy {
        backoff: Duration::from_millis(backoff),
        backoff_max: Duration::from_millis(most),
        ..RetryPolicy::default()
    }
}

#[test]
fn pauses_double_up_to_the_longest() {
    let policy = policy(100, 450);
    let pauses: Vec<_> = (1..=5).map(|number| pause(&policy, number, 0.0).as_millis()).collect();
    assert_eq!(pauses, [100, 200, 400, 450, 450]);
    assert_eq!(pause(&policy, u32::MAX, 0.0).as_millis(), 450);
}

#[test]
fn chance_takes_up_to_a_half() {
    let policy = policy(100, 1000);
    let pauses = [0.0, 0.5, 1.0, 7.0].map(|chance| pause(&policy, 1, chance).as_millis());
    assert_eq!(pauses, [100, 75, 50, 50]);
    assert_eq!(pause(&super::tests::policy(0, 1000), 3, 0.7), Duration::ZERO);
}

#[test]
fn a_pause_that_ends_too_late_is_none() {
    let until = Some(Until { at: Micros(1_000_000), limit: Limit::Total, time: None });
    assert!(fits(Duration::from_millis(99), Micros(900_000), until));
    assert!(!fits(Duration::from_millis(100), Micros(900_000), until));
    assert!(!fits(Duration::ZERO, Micros(1_000_000), until));
    assert!(fits(Duration::MAX, Micros(900_000), None));
}
