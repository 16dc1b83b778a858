use std::time::Duration;

use super::{Look, Taking};
use crate::clock::Micros;
use crate::fetch::limit::{Limit, Until, Wait};

const TIME: Duration = Duration::from_secs(8);

fn at(seconds: u64) -> Micros {
    Micros::default().after(Duration::from_secs(seconds))
}

#[test]
fn whoever_takes_nothing_is_out_of_time_when_the_wait_is() {
    let wait = Wait::new(at(0), Limit::Send, TIME, None);
    let mut taking = Taking::default();
    let mut now = at(0);
    for look in 1..8 {
        now = Taking::next(&wait, now);
        assert_eq!(now, at(look));
        assert_eq!(taking.look(&wait, || Some(7), now), Look::Still);
    }
    now = Taking::next(&wait, now);
    assert_eq!((now, taking.look(&wait, || Some(7), now)), (at(8), Look::Over));
}

#[test]
fn whoever_takes_a_byte_now_and_then_has_time() {
    let mut wait = Wait::new(at(0), Limit::Send, TIME, None);
    let mut taking = Taking::default();
    assert_eq!(taking.look(&wait, || Some(0), at(1)), Look::Still);
    for round in 0..5 {
        let now = at(8 + 7 * round);
        assert_eq!(taking.look(&wait, || Some(round + 1), now), Look::Moved);
        wait = Wait::new(now, Limit::Send, TIME, None);
    }
    assert_eq!(taking.look(&wait, || Some(5), at(43)), Look::Still);
    assert_eq!(taking.look(&wait, || Some(5), at(44)), Look::Over);
}

#[test]
fn a_first_look_that_is_late_is_followed_by_another() {
    let wait = Wait::new(at(0), Limit::Send, TIME, None);
    let mut taking = Taking::default();
    assert_eq!(taking.look(&wait, || Some(3), at(20)), Look::Still);
    assert_eq!(Taking::next(&wait, at(20)), at(21));
    assert_eq!(taking.look(&wait, || Some(3), at(21)), Look::Over);
}

#[test]
fn other_limits_are_what_they_are() {
    let until = Until { at: at(5), limit: Limit::Total, time: Some(TIME) };
    let cut = Wait::new(at(0), Limit::Send, TIME, Some(until));
    let first_byte = Wait::new(at(0), Limit::FirstByte, TIME, None);
    for wait in [cut, first_byte] {
        assert_eq!(Taking::next(&wait, at(1)), wait.at);
        let asked = || panic!("nobody asks the kernel");
        assert_eq!(Taking::default().look(&wait, asked, wait.at), Look::Over);
    }
}

#[test]
fn a_kernel_that_does_not_tell_leaves_the_wait_as_it_is() {
    let wait = Wait::new(at(0), Limit::Send, TIME, None);
    let mut taking = Taking::default();
    assert_eq!(taking.look(&wait, || None, at(7)), Look::Still);
    assert_eq!(taking.look(&wait, || None, at(8)), Look::Over);
}
