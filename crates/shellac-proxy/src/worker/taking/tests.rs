use std::time::Duration;

use super::{Look, Taking};
use crate::clock::Micros;

const TIME: Duration = Duration::from_secs(8);

fn at(seconds: u64) -> Micros {
    Micros::default().after(Duration::from_secs(seconds))
}

#[test]
fn whoever_takes_nothing_is_out_of_time_when_the_wait_is() {
    let mut taking = Taking::default();
    let mut now = at(0);
    for look in 1..8 {
        now = Taking::next(TIME, at(8), now);
        assert_eq!(now, at(look));
        assert_eq!(taking.look(at(8), || Some(7), now), Look::Still);
    }
    now = Taking::next(TIME, at(8), now);
    assert_eq!((now, taking.look(at(8), || Some(7), now)), (at(8), Look::Over));
}

#[test]
fn whoever_takes_a_byte_now_and_then_has_time() {
    let mut taking = Taking::default();
    assert_eq!(taking.look(at(8), || Some(0), at(1)), Look::Still);
    for round in 0..5 {
        let now = at(8 + 7 * round);
        assert_eq!(taking.look(now, || Some(round + 1), now), Look::Moved);
    }
    // Its wait has begun anew after 36 seconds.
    assert_eq!(taking.look(at(44), || Some(5), at(43)), Look::Still);
    assert_eq!(taking.look(at(44), || Some(5), at(44)), Look::Over);
}

#[test]
fn a_first_look_that_is_late_is_followed_by_another() {
    let mut taking = Taking::default();
    assert_eq!(taking.look(at(8), || Some(3), at(20)), Look::Still);
    assert_eq!(Taking::next(TIME, at(8), at(20)), at(21));
    assert_eq!(taking.look(at(8), || Some(3), at(21)), Look::Over);
}

#[test]
fn a_kernel_that_does_not_tell_leaves_the_wait_as_it_is() {
    let mut taking = Taking::default();
    assert_eq!(taking.look(at(8), || None, at(7)), Look::Still);
    assert_eq!(taking.look(at(8), || None, at(8)), Look::Over);
}
