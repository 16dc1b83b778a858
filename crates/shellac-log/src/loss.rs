//! What was lost: how much, when, and why.

use std::time::Duration;

use shellac_format::{Dialect, Record};
use shellac_ring::Loss;

use crate::time::{stamps, timestamp};

/// Why records were not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The writer was faster.
    Overrun,
    /// The reader could not get rid of what it had.
    Output,
    /// A writer died in the middle of a record, and others had written behind it.
    Hole,
}

/// Records that were not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// How much.
    pub loss: Loss,
    /// Why.
    pub cause: Cause,
}

/// A loss with its time. Times are since 1970, from the `Timestamp` records on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// How much and why.
    pub lost: Lost,
    /// The last time that was read before it; `None` when none was.
    pub since: Option<Duration>,
    /// The first one that was read after it.
    pub until: Option<Duration>,
}

/// Keeps the account of what was lost.
///
/// A [`Report`] is ready when the first `Timestamp` behind the loss was read, or when nobody wants to wait for
/// one any longer.
#[derive(Debug, Default)]
pub struct Ledger {
    /// The text of the last `Timestamp`. It is only looked into when something is lost.
    last: Vec<u8>,
    open: Option<Report>,
    ready: Vec<Report>,
    bytes: u64,
    is_inexact: bool,
}

impl Ledger {
    /// Whether the first time behind a loss is wanted.
    pub const fn is_waiting(&self) -> bool {
        self.open.is_some()
    }

    /// Looks for times in records that were read.
    pub fn records(&mut self, dialect: Dialect, records: &[u8]) {
        let mut last = None;
        for stamp in stamps(dialect, records) {
            if self.open.is_some()
                && let Some(time) = timestamp(stamp.text())
            {
                if let Some(report) = &mut self.open {
                    report.until = Some(time);
                }
                self.close();
            }
            last = Some(stamp);
        }
        self.remember(last);
    }

    /// Looks for the last time in pieces of records that were read, which come latest first. While
    /// [`Ledger::is_waiting`] says no, this is enough, and not even needed before the next loss: most pieces need
    /// not be looked at.
    pub fn look_back<'a>(&mut self, dialect: Dialect, pieces: impl Iterator<Item = &'a [u8]>) {
        let mut lasts = pieces.map(|piece| stamps(dialect, piece).last());
        self.remember(lasts.find_map(|last| last));
    }

    fn remember(&mut self, last: Option<Record<'_>>) {
        if let Some(stamp) = last {
            self.last.clear();
            self.last.extend_from_slice(stamp.text());
        }
    }

    /// Takes a loss down. What is lost in a row for the same reason is one loss.
    pub fn lose(&mut self, lost: Lost) {
        self.bytes += lost.loss.bytes;
        self.is_inexact |= !lost.loss.exact;
        match &mut self.open {
            Some(report) if report.lost.cause == lost.cause => {
                report.lost.loss.bytes += lost.loss.bytes;
                report.lost.loss.exact &= lost.loss.exact;
            }
            _ => {
                self.close();
                let since = timestamp(&self.last);
                self.open = Some(Report { lost, since, until: None });
            }
        }
    }

    /// No more waiting for a time behind the last loss.
    pub fn close(&mut self) {
        self.ready.extend(self.open.take());
    }

    /// The reports that are ready, once each.
    pub fn take_ready(&mut self) -> Vec<Report> {
        std::mem::take(&mut self.ready)
    }

    /// All that was lost so far; `None` when nothing was.
    pub fn total(&self) -> Option<Loss> {
        let total = Loss { bytes: self.bytes, exact: !self.is_inexact };
        (self.bytes > 0 || self.is_inexact).then_some(total)
    }
}

#[cfg(test)]
mod tests;
