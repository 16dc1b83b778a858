//! Tokens are spent and come back.

use super::*;

#[test]
fn each_rule_and_class_has_its_own_tokens_which_come_back_with_time() {
    let limit = Some(Limit { count: 2, per: Duration::from_secs(10) });
    let mut limits = Limits::default();
    let second = Duration::from_secs;
    let mut pay = |rule, class, at| limits.pay(rule, limit, class, second(at));
    assert!(pay(0, "a", 100) && pay(0, "a", 100) && !pay(0, "a", 100));
    assert!(pay(0, "b", 100) && pay(1, "a", 100));
    assert!(!pay(0, "a", 104) && pay(0, "a", 105) && !pay(0, "a", 105));
    // Two are the most, however long it rests; and a clock that goes back gives none.
    assert!(pay(0, "a", 900) && pay(0, "a", 900) && !pay(0, "a", 900) && !pay(0, "a", 800));
    assert!(limits.pay(0, None, "a", second(100)));
}

#[test]
fn there_are_no_more_buckets_than_allowed() {
    let limit = Some(Limit { count: 1, per: Duration::from_secs(10) });
    let mut limits = Limits::default();
    for class in 0..2 * MAX_BUCKETS {
        limits.pay(0, limit, &class.to_string(), Duration::ZERO);
    }
    assert!(limits.buckets.len() <= MAX_BUCKETS + 1);
    assert!(!limits.pay(0, limit, "one more", Duration::ZERO), "they share one");
}
