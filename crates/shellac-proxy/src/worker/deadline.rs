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
    waiting: Vec<Option<(Micros, Waker)>>,
    free: Vec<usize>,
}

impl Deadlines {
    /// Wakes everybody whose deadline has passed.
    pub(crate) fn sweep(&self, now: Micros) {
        self.now.set(now);
        for slot in self.slots.borrow().waiting.iter().flatten() {
            if slot.0 <= now {
                slot.1.wake_by_ref();
            }
        }
    }

    /// Wakes everybody: something else has happened that they look at.
    pub(crate) fn wake_all(&self) {
        for slot in self.slots.borrow().waiting.iter().flatten() {
            slot.1.wake_by_ref();
        }
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
        if let Some(key) = self.key
            && let Some(slot) = &mut self.deadlines.slots.borrow_mut().waiting[key]
        {
            slot.0 = at;
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
                slots.waiting.push(None);
                slots.waiting.len() - 1
            })
        });
        match &mut slots.waiting[key] {
            Some((at, waker)) => {
                *at = self.at;
                waker.clone_from(cx.waker());
            }
            empty => *empty = Some((self.at, cx.waker().clone())),
        }
        false
    }
}

impl Drop for Timer<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let mut slots = self.deadlines.slots.borrow_mut();
            slots.waiting[key] = None;
            slots.free.push(key);
        }
    }
}

#[cfg(test)]
mod tests;
