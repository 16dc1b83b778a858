//! Records on their way in: most of them only become part of a transaction, and do so in runs.

use std::ops::Range;
use std::time::Duration;

use shellac_format::{Heads, Item, Place, Run, Runs, Vxid};

use super::Grouper;
use super::open::Slot;
use super::roles::Linking;
use crate::begin::Relation;
use crate::transaction::LogRecord;

/// Bytes that a grouper is fed with, and when.
///
/// As long as it is fed with them, transactions hold places in them; what is not complete by then is copied.
#[derive(Clone, Copy, Debug)]
pub(super) struct Feed<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) now: Duration,
}

impl Feed<'_> {
    /// Nothing was read. What is done then opens nothing, so the time does not matter.
    pub(super) const NOTHING: Feed<'static> = Feed { bytes: &[], now: Duration::ZERO };
}

impl Grouper {
    /// Takes records each of which is a unit by itself, and says how many bytes they have.
    pub(super) fn grouped_row(&mut self, feed: Feed<'_>) -> usize {
        let mut runs = Runs::new(self.dialect.layout(), feed.bytes);
        while let Some(item) = runs.next(&self.roles.row) {
            let (vxid, start) = match item {
                Item::Run(Run { vxid, start, end }) => {
                    match self.table.find(vxid) {
                        Some(slot) => {
                            self.add(slot, start..end);
                            continue;
                        }
                        None => self.leave_out(vxid, end - start),
                    }
                    (vxid, start)
                }
                Item::Record(place) => {
                    if self.record(&place, feed) {
                        continue;
                    }
                    (place.vxid, place.start)
                }
            };
            // Nobody knows the transaction, and what comes next of it does not change that.
            let left_out_bytes = runs.skip_owner(&self.roles.row, start);
            self.leave_out(vxid, left_out_bytes);
        }
        // Between the records of a row no time passes, so once for all of them is enough.
        self.enforce_limits(feed, 0);
        self.settle(feed);
        runs.position()
    }

    /// Takes a record that is a unit by itself and more than a part of a transaction. False: of one that nobody knows.
    fn record(&mut self, place: &Place, feed: Feed<'_>) -> bool {
        let role = self.roles.of(place.number);
        let record = LogRecord::new(self.dialect, place.record(feed.bytes));
        let found = if place.vxid == Vxid(0) { None } else { self.table.find(place.vxid) };
        let Some(linking) = role.linking else {
            match found {
                Some(slot) => self.take(slot, place, &record),
                None => self.leave_out(place.vxid, place.end - place.start),
            }
            return found.is_some();
        };
        let slot = match found {
            Some(slot) => slot,
            None if self.is_candidate(linking, &record, || relation(linking, &record)) => {
                self.table.open(place.vxid, feed.now)
            }
            None => {
                self.leave_out(place.vxid, place.end - place.start);
                return false;
            }
        };
        self.take(slot, place, &record);
        if !self.table[slot].complete {
            let relation = relation(linking, &record);
            match linking {
                Linking::Begin => self.scan_begin(slot, &record, relation, feed),
                Linking::Link => self.scan_link(slot, &record, relation, feed),
                Linking::End => self.scan_end(slot, place.end..place.end, feed),
            }
        }
        // What leaves with a record was counted when the one before it came.
        self.enforce_limits(feed, 0);
        true
    }

    /// Takes records of one transaction that were published together.
    pub(super) fn grouped_unit(&mut self, feed: Feed<'_>) {
        let Some(first) = Heads::new(self.dialect.layout(), feed.bytes).next() else { return };
        let removed_before = self.table.removed();
        let slot = if first.vxid == Vxid(0) { None } else { self.table.find(first.vxid) };
        let slot = slot.or_else(|| self.open_for(&first, feed));
        match slot {
            Some(slot) if self.table[slot].complete => {
                self.take_rest(slot, 0..feed.bytes.len(), feed);
            }
            Some(slot) => self.scan_unit(slot, first.vxid, feed),
            None => self.leave_out(first.vxid, feed.bytes.len()),
        }
        let left = self.table.removed() - removed_before;
        self.enforce_limits(feed, usize::try_from(left).unwrap_or(usize::MAX));
        self.settle(feed);
    }

    /// Opens a transaction for a unit, if its first record does.
    fn open_for(&mut self, first: &Place, feed: Feed<'_>) -> Option<Slot> {
        let linking = self.roles.of(first.number).linking?;
        let record = LogRecord::new(self.dialect, first.record(feed.bytes));
        let opens = self.is_candidate(linking, &record, || relation(linking, &record));
        opens.then(|| self.table.open(first.vxid, feed.now))
    }

    /// Adds a unit to an incomplete transaction, record by record until that is complete.
    fn scan_unit(&mut self, slot: Slot, vxid: Vxid, feed: Feed<'_>) {
        let mut runs = Runs::new(self.dialect.layout(), feed.bytes);
        while let Some(item) = runs.next(&self.roles.unit) {
            let place = match item {
                Item::Run(run) if run.vxid == vxid => {
                    self.add(slot, run.start..run.end);
                    continue;
                }
                Item::Run(run) => {
                    let bytes = &feed.bytes[run.start..run.end];
                    for place in Heads::new(self.dialect.layout(), bytes) {
                        self.add(slot, run.start + place.start..run.start + place.end);
                        let record = LogRecord::new(self.dialect, place.record(bytes));
                        self.diagnose(slot, &record, "vxid mismatch", feed);
                    }
                    continue;
                }
                Item::Record(place) => place,
            };
            let record = LogRecord::new(self.dialect, place.record(feed.bytes));
            self.take(slot, &place, &record);
            let linking = self.roles.of(place.number).linking;
            if place.vxid != vxid {
                self.diagnose(slot, &record, "vxid mismatch", feed);
                continue;
            }
            let Some(linking) = linking else { continue };
            let relation = relation(linking, &record);
            match linking {
                Linking::Begin => self.scan_begin(slot, &record, relation, feed),
                Linking::Link => self.scan_link(slot, &record, relation, feed),
                // The slot may be gone after this.
                Linking::End => return self.scan_end(slot, place.end..feed.bytes.len(), feed),
            }
        }
    }

    /// Adds what comes behind the end of a transaction: only the query looks at it.
    pub(super) fn take_rest(&mut self, slot: Slot, rest: Range<usize>, feed: Feed<'_>) {
        let bytes = &feed.bytes[rest.clone()];
        let mut runs = Runs::new(self.dialect.layout(), bytes);
        while let Some(item) = runs.next(&self.roles.row) {
            match item {
                Item::Run(Run { start, end, .. }) => {
                    self.add(slot, rest.start + start..rest.start + end);
                }
                Item::Record(place) => {
                    let record = LogRecord::new(self.dialect, place.record(bytes));
                    let (start, end) = (rest.start + place.start, rest.start + place.end);
                    self.take(slot, &Place { start, end, ..place }, &record);
                }
            }
        }
    }

    /// Adds a record as far as somebody wants it.
    #[inline]
    fn take(&mut self, slot: Slot, place: &Place, record: &LogRecord<'_>) {
        let role = self.roles.of(record.number);
        if role.is_kept {
            self.add(slot, place.start..place.end);
        }
        self.table[slot].is_read = true;
        if role.is_asked {
            self.hear(slot, record);
        }
    }

    /// Lets the query listen to a record.
    fn hear(&mut self, slot: Slot, record: &LogRecord<'_>) {
        if let (Some(listener), Some(tag)) = (&self.listener, record.tag) {
            listener.hear(tag, record.payload, &mut self.table[slot].heard);
        }
    }

    /// Adds whole records.
    #[inline]
    fn add(&mut self, slot: Slot, place: Range<usize>) {
        self.held_bytes += place.len();
        let open = &mut self.table[slot];
        open.is_read = true;
        open.held_bytes += place.len();
        match open.places.last_mut() {
            Some(last) if last.end == place.start => last.end = place.end,
            Some(_) => open.places.push(place),
            None => {
                open.places.push(place);
                self.touched.push(slot);
            }
        }
    }

    /// Copies what is still open: the bytes are going to be others.
    fn settle(&mut self, feed: Feed<'_>) {
        while let Some(slot) = self.touched.pop() {
            // The slot may be another transaction's by now, or nobody's, who has no places then.
            self.copy(slot, feed);
        }
    }

    /// Copies the bytes of all places.
    pub(super) fn copy(&mut self, slot: Slot, feed: Feed<'_>) {
        let open = &mut self.table[slot];
        if open.places.is_empty() {
            return;
        }
        if open.bytes.capacity() == 0 {
            open.bytes = self.spare.bytes.pop().unwrap_or_default();
        }
        for place in open.places.drain(..) {
            open.bytes.extend_from_slice(&feed.bytes[place]);
        }
    }
}

/// What a `Begin` or `Link` says.
fn relation(linking: Linking, record: &LogRecord<'_>) -> Option<Relation> {
    match linking {
        Linking::Begin | Linking::Link => Relation::of_payload(record.payload),
        Linking::End => None,
    }
}

#[cfg(test)]
mod tests;
