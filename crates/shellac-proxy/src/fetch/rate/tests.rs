use super::*;

fn at(rate: &Rate, bytes: u64) -> Option<u64> {
    rate.until(bytes).map(|until| until.at.0)
}

#[test]
fn whoever_keeps_the_rate_is_never_late() {
    let mut rate = Rate::new(Limit::ClientBodyRate, 100, Duration::from_secs(2));
    assert_eq!(at(&rate, 0), None, "nobody is waited for");
    rate.begin(Micros(1_000_000));
    assert_eq!(at(&rate, 0), Some(3_000_000));
    // Each byte is worth a hundredth of a second.
    assert_eq!(at(&rate, 50), Some(3_500_000));
    rate.begin(Micros(2_000_000));
    assert_eq!(at(&rate, 50), Some(3_500_000), "it was waited for already");
    assert_eq!(rate.until(0).unwrap().limit, Limit::ClientBodyRate);
}

#[test]
fn time_in_which_another_one_is_waited_for_does_not_count() {
    let mut rate = Rate::new(Limit::ResponseRate, 1000, Duration::from_secs(1));
    rate.begin(Micros(0));
    rate.end(Micros(400_000));
    rate.end(Micros(900_000));
    assert_eq!(at(&rate, 0), None);
    rate.begin(Micros(5_000_000));
    assert_eq!(at(&rate, 0), Some(5_600_000));
    assert_eq!(at(&rate, u64::MAX), Some(5_600_000 + u64::MAX / 1000), "no overflow");
}

#[test]
fn no_rate_is_no_limit() {
    let mut rate = Rate::new(Limit::DeliveryRate, 0, Duration::ZERO);
    rate.begin(Micros(0));
    assert_eq!(at(&rate, 7), None);
    // One that was used up is over at once.
    let mut rate = Rate::new(Limit::DeliveryRate, 1, Duration::from_secs(1));
    rate.begin(Micros(0));
    rate.end(Micros(9_000_000));
    rate.begin(Micros(10_000_000));
    assert_eq!(at(&rate, 1), Some(10_000_000));
}
