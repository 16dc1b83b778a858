//! Deadlines without a timer each: one sweep ten times a second wakes whoever is late.

use std::cell::{Cell, RefCell};
use std::task::{Context, Waker};
use std::time::Duration;

use crate::clock::Micros;

/// How often the sweep comes.
pub(crate) const SWEEP: Duration = Duration::from_millis(100);

/// The deadlines of one thread.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    now: Cell<Micros>,
    slots: RefCell<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    all: Vec<Slot>,
    free: Vec<usize>,
}

/// One that waits, or one that did: who gives a slot back is mostly the one who takes it next, so its waker stays until the next sweep.
#[derive(Debug, Default)]
struct Slot {
    at: Micros,
    waker: Option<Waker>,
    waits: bool,
}

impl Slots {
    /// Wakes those who wait and of whom `who` says so.
    fn wake(&self, who: impl Fn(&Slot) -> bool) {
        let woken = self.all.iter().filter(|slot| slot.waits && who(slot));
        woken.filter_map(|slot| slot.waker.as_ref()).for_each(Waker::wake_by_ref);
    }
}

impl Deadlines {
    /// Wakes everybody whose deadline has passed.
    pub(crate) fn sweep(&self, now: Micros) {
        self.now.set(now);
        let mut slots = self.slots.borrow_mut();
        slots.wake(|slot| slot.at <= now);
        for slot in slots.all.iter_mut().filter(|slot| !slot.waits) {
            slot.waker = None;
        }
    }

    /// Wakes everybody: something else has happened that they look at.
    pub(crate) fn wake_all(&self) {
        self.slots.borrow().wake(|_| true);
    }

    /// The time of the last sweep.
    pub(crate) fn now(&self) -> Micros {
        self.now.get()
    }
}

/// One wait. It takes a slot the first time it is asked without being late, and gives it back when dropped.
pub(crate) struct Timer<'d> {
    deadlines: &'d Deadlines,
    at: Micros,
    key: Option<usize>,
}

impl<'d> Timer<'d> {
    /// A wait until `at`.
    pub(crate) fn new(deadlines: &'d Deadlines, at: Micros) -> Timer<'d> {
        Timer { deadlines, at, key: None }
    }

    /// When it is too late.
    pub(crate) fn at(&self) -> Micros {
        self.at
    }

    /// Moves the deadline.
    pub(crate) fn set(&mut self, at: Micros) {
        self.at = at;
        if let Some(key) = self.key {
            self.deadlines.slots.borrow_mut().all[key].at = at;
        }
    }

    /// Whether it is too late. If not, the task is woken when it is.
    pub(crate) fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        if self.deadlines.now() >= self.at {
            return true;
        }
        let mut slots = self.deadlines.slots.borrow_mut();
        let slots = &mut *slots;
        let key = *self.key.get_or_insert_with(|| {
            slots.free.pop().unwrap_or_else(|| {
                slots.all.push(Slot::default());
                slots.all.len() - 1
            })
        });
        let slot = &mut slots.all[key];
        (slot.at, slot.waits) = (self.at, true);
        match &mut slot.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        false
    }
}

impl Drop for Timer<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let mut slots = self.deadlines.slots.borrow_mut();
            slots.all[key].waits = false;
            slots.free.push(key);
        }
    }
}

#[cfg(test)]
mod tests;
