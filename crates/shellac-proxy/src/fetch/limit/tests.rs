use super::*;

#[test]
fn the_earlier_of_two_ends_counts_and_says_which_it_is() {
    let second = Some(Duration::from_secs(1));
    let total = Until { at: Micros(500), limit: Limit::Total, time: second };
    let attempts = Until { at: Micros(400), limit: Limit::Attempts, time: second };
    let first = Until::first(Some(total), Some(attempts)).unwrap();
    assert_eq!((first.at, first.limit), (Micros(400), Limit::Attempts));
    assert_eq!(Until::first(Some(total), None).unwrap().limit, Limit::Total);
    assert!(Until::first(None, None).is_none());

    let wait = |since, micros| {
        Wait::new(Micros(since), Limit::Send, Duration::from_micros(micros), Some(total))
    };
    let short = wait(100, 50);
    let time = Some(Duration::from_micros(50));
    assert_eq!((short.at, short.limit, short.time), (Micros(150), Limit::Send, time));
    let long = wait(100, 900);
    assert_eq!((long.at, long.limit, long.time), (Micros(500), Limit::Total, second));
    // What is over already is over now.
    assert_eq!(wait(700, 900).at, Micros(500));
    assert!(!Limit::Send.is_cut() && Limit::Total.is_cut() && Limit::Attempts.is_cut());
}
