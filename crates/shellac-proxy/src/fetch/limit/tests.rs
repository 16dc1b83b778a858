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

#[test]
fn the_kernel_is_asked_only_where_a_peer_has_to_take_something() {
    let at = |seconds| Micros::default().after(Duration::from_secs(seconds));
    let time = Duration::from_secs(8);
    let mut taking = Taking::default();
    let send = Wait::new(at(0), Limit::Send, time, None);
    assert_eq!(send.next_look(at(1)), at(2));
    assert_eq!(send.look(&mut taking, || Some(1), at(2)), Look::Still);
    assert_eq!(send.look(&mut taking, || Some(2), at(9)), Look::Moved);
    let until = Until { at: at(5), limit: Limit::Total, time: Some(time) };
    let cut = Wait::new(at(0), Limit::Send, time, Some(until));
    let first_byte = Wait::new(at(0), Limit::FirstByte, time, None);
    for wait in [cut, first_byte] {
        assert_eq!(wait.next_look(at(1)), wait.at);
        let asked = || panic!("nobody asks the kernel");
        assert_eq!(wait.look(&mut Taking::default(), asked, wait.at), Look::Over);
    }
}
