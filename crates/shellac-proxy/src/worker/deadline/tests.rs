//! Timers and the sweep.

use super::*;

#[test]
fn a_timer_is_late_after_the_sweep_that_passes_it() {
    let deadlines = Deadlines::default();
    let mut cx = Context::from_waker(Waker::noop());
    let mut timer = Timer::new(&deadlines, Micros(1_000));
    assert!(!timer.is_late(&mut cx));
    deadlines.sweep(Micros(999));
    assert!(!timer.is_late(&mut cx));
    deadlines.sweep(Micros(1_000));
    assert!(timer.is_late(&mut cx));
    timer.set(Micros(2_000));
    assert!(!timer.is_late(&mut cx));
}

#[test]
fn slots_are_used_again() {
    let deadlines = Deadlines::default();
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..10 {
        let mut timer = Timer::new(&deadlines, Micros(1));
        assert!(!timer.is_late(&mut cx));
    }
    assert_eq!(deadlines.slots.borrow().waiting.len(), 1);
}
