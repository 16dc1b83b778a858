use super::*;

const WINDOW: Duration = Duration::from_secs(4);

fn at(ms: u64) -> Duration {
    Duration::from_millis(1_800_000_000_000 + ms)
}

#[test]
fn what_is_older_than_the_window_is_forgotten() {
    let recent = Recent::new();
    assert_eq!(recent.sums(WINDOW, at(0)), (0, 0));
    recent.add(WINDOW, at(0), true);
    recent.add(WINDOW, at(3000), false);
    recent.add(WINDOW, at(3000), true);
    assert_eq!(recent.sums(WINDOW, at(3700)), (2, 3));
    assert_eq!(recent.sums(WINDOW, at(4000)), (1, 2));
    assert_eq!(recent.sums(WINDOW, at(7000)), (0, 0));
    recent.add(WINDOW, at(7000), true);
    assert_eq!(recent.sums(WINDOW, at(7001)), (1, 1));
    recent.clear();
    assert_eq!(recent.sums(WINDOW, at(7001)), (0, 0));
}

#[test]
fn a_count_stays_at_the_most_that_it_can_hold() {
    let recent = Recent::new();
    (0..70_000).for_each(|_| recent.add(WINDOW, at(10), true));
    assert_eq!(recent.sums(WINDOW, at(20)), (0xffff, 0xffff));
}
