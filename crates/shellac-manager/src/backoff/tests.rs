use super::*;

#[test]
fn waits_double_up_to_a_limit_and_begin_again_after_a_good_worker() {
    let mut backoff = Backoff::default();
    let waits: Vec<u128> =
        (0..9).map(|_| backoff.after(Duration::from_secs(1)).as_millis()).collect();
    assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    assert_eq!(backoff.after(Duration::from_secs(30)), Duration::from_millis(100));
    assert_eq!(backoff.after(Duration::ZERO), Duration::from_millis(200));
}
