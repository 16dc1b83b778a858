//! Timers and the sweep.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use super::*;

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

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
    assert_eq!(deadlines.slots.borrow().all.len(), 1);
}

#[test]
fn who_has_given_its_slot_back_is_not_woken_and_forgotten_with_the_next_sweep() {
    let deadlines = Deadlines::default();
    let woken = Arc::<Woken>::default();
    let waker = Waker::from(Arc::clone(&woken));
    let mut cx = Context::from_waker(&waker);
    let mut timer = Timer::new(&deadlines, Micros(10));
    assert!(!timer.is_late(&mut cx));
    drop(timer);
    deadlines.wake_all();
    assert_eq!(woken.0.load(Ordering::Relaxed), 0);
    // The test's, the waker's, and the slot's.
    assert_eq!(Arc::strong_count(&woken), 3);
    deadlines.sweep(Micros(5));
    assert_eq!(Arc::strong_count(&woken), 2);
    let mut timer = Timer::new(&deadlines, Micros(10));
    assert!(!timer.is_late(&mut cx));
    deadlines.wake_all();
    deadlines.sweep(Micros(9));
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    deadlines.sweep(Micros(10));
    assert_eq!((woken.0.load(Ordering::Relaxed), Arc::strong_count(&woken)), (2, 3));
}

#[test]
fn a_slot_wakes_who_has_it_now() {
    let deadlines = Deadlines::default();
    let (before, now) = (Arc::<Woken>::default(), Arc::<Woken>::default());
    for woken in [&before, &now] {
        let waker = Waker::from(Arc::clone(woken));
        let mut timer = Timer::new(&deadlines, Micros(10));
        assert!(!timer.is_late(&mut Context::from_waker(&waker)));
        if Arc::ptr_eq(woken, &now) {
            deadlines.sweep(Micros(10));
        }
    }
    assert_eq!((before.0.load(Ordering::Relaxed), now.0.load(Ordering::Relaxed)), (0, 1));
}
