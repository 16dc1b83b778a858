//! `--since` and `--until`: what began in a range of time.

use std::time::Duration;

use shellac_format::Dialect;
use shellac_log::time::{stamps, timestamp};

/// A range of time, both ends included. Moments are since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) since: Option<Duration>,
    pub(crate) until: Option<Duration>,
}

impl Window {
    /// Whether everything is in it.
    pub(crate) const fn is_open(self) -> bool {
        self.since.is_none() && self.until.is_none()
    }

    /// Whether something that began then is in it. What is older than every time that was read counts as older
    /// than any.
    pub(crate) fn contains(self, time: Option<Duration>) -> bool {
        let time = time.unwrap_or_default();
        self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time <= until)
    }

    /// Whether it is over.
    pub(crate) fn is_past(self, time: Option<Duration>) -> bool {
        matches!((self.until, time), (Some(until), Some(time)) if time > until)
    }
}

/// The time of a log, from its `Timestamp` records.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LogTime {
    /// Since 1970.
    pub(crate) first: Option<Duration>,
    pub(crate) last: Option<Duration>,
}

impl LogTime {
    /// Goes on with whole records that lie one after the other.
    pub(crate) fn records(&mut self, dialect: Dialect, records: &[u8]) {
        stamps(dialect, records).for_each(|stamp| self.stamp(stamp.text()));
    }

    /// Goes on with the payload of a `Timestamp`.
    pub(crate) fn stamp(&mut self, text: &[u8]) {
        if let Some(time) = timestamp(text) {
            self.first.get_or_insert(time);
            self.last = Some(time);
        }
    }
}

#[cfg(test)]
mod tests;
