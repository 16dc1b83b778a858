//! The last minute in parts of five seconds.

use std::collections::VecDeque;
use std::time::Duration;

/// A part of the last minute.
const PART: Duration = Duration::from_secs(5);
/// Parts of a minute.
pub(super) const PARTS: usize = 12;
/// The time from the begin of the first part to that of the last.
const BUT_ONE_PART: Duration = Duration::from_secs(55);

/// The number of the part that a moment lies in.
pub(super) const fn part(at: Duration) -> u64 {
    at.as_secs() / PART.as_secs()
}

/// Whether a part lies before the last minute.
pub(super) const fn is_past(number: u64, newest: u64) -> bool {
    number + PARTS as u64 <= newest
}

/// How long ago the first part of the minute began.
pub(super) fn minute_so_far(now: Duration) -> Duration {
    BUT_ONE_PART + now.saturating_sub(Duration::from_secs(part(now) * PART.as_secs()))
}

/// Something for each part of the last minute in which there was something.
#[derive(Clone, Debug)]
pub(super) struct Parts<T> {
    /// The oldest first.
    list: VecDeque<(u64, T)>,
    newest: u64,
}

impl<T> Default for Parts<T> {
    fn default() -> Parts<T> {
        Parts { list: VecDeque::new(), newest: 0 }
    }
}

impl<T> Parts<T> {
    /// Time has come as far as this; it does not go back.
    pub(super) fn advance(&mut self, now: Duration) {
        self.newest = self.newest.max(part(now));
        while self.list.front().is_some_and(|(number, _)| is_past(*number, self.newest)) {
            self.list.pop_front();
        }
    }

    /// The part that a moment lies in, which `new` makes out of the one before it. `None`: it is past.
    pub(super) fn at(&mut self, at: Duration, new: impl FnOnce(Option<&T>) -> T) -> Option<&mut T> {
        let number = part(at);
        self.newest = self.newest.max(number);
        if is_past(number, self.newest) {
            return None;
        }
        let place = self.list.partition_point(|(other, _)| *other < number);
        if self.list.get(place).is_none_or(|(other, _)| *other != number) {
            let before = place.checked_sub(1).and_then(|before| self.list.get(before));
            let made = new(before.map(|(_, part)| part));
            self.list.insert(place, (number, made));
            self.advance(at);
        }
        // Those in front of it may have gone.
        let place = self.list.partition_point(|(other, _)| *other < number);
        self.list.get_mut(place).map(|(_, part)| part)
    }

    /// All parts, the oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.list.iter().map(|(_, part)| part)
    }
}

#[cfg(test)]
mod tests;
