use super::*;

#[test]
fn the_earlier_of_two_ends_counts_and_says_which_it_is() {
    let total = Until { at: Micros(500), limit: Limit::Total };
    let attempts = Until { at: Micros(400), limit: Limit::Attempts };
    let first = Until::first(Some(total), Some(attempts)).unwrap();
    assert_eq!((first.at, first.limit), (Micros(400), Limit::Attempts));
    assert_eq!(Until::first(Some(total), None).unwrap().limit, Limit::Total);
    assert!(Until::first(None, None).is_none());

    let short = Wait::new(Micros(100), Limit::Send, Duration::from_micros(50), Some(total));
    assert_eq!((short.at, short.limit, short.len().as_micros()), (Micros(150), Limit::Send, 50));
    let long = Wait::new(Micros(100), Limit::Send, Duration::from_micros(900), Some(total));
    assert_eq!((long.at, long.limit, long.len().as_micros()), (Micros(500), Limit::Total, 400));
    // What is over already is over now, and not in the past.
    let late = Wait::new(Micros(700), Limit::Send, Duration::from_micros(900), Some(total));
    assert_eq!(late.len(), Duration::ZERO);
    assert!(!Limit::Send.is_cut() && Limit::Total.is_cut() && Limit::Attempts.is_cut());
}
