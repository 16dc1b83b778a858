//! What `Begin`, `Link` and `End` do to the trees.

use std::time::Duration;

use shellac_format::{Records, Tag, Vxid};

use super::open::Slot;
use super::{GivenUp, Grouper};
use crate::begin::Relation;
use crate::transaction::{Grouping, Kind, LogRecord, LogRecords, Reason};

/// A record of the transaction that is scanned, with everything that a diagnostic needs.
///
/// Numbers instead of a borrow: the buffer that holds the record changes when something is made up.
#[derive(Clone, Copy)]
pub(super) struct Place {
    start: usize,
    end: usize,
}

impl Grouper {
    /// Adds a unit to an incomplete transaction, record by record until that is complete.
    pub(super) fn scan(&mut self, slot: Slot, unit: &[u8], now: Duration) {
        let mut records = Records::new(self.dialect.layout(), unit);
        // Most records change nothing: what was walked and not added yet goes in one piece.
        let mut added = 0;
        let mut start = 0;
        while let Some(Ok(record)) = records.next() {
            let end = records.position();
            let (tag, mismatch) = (record.tag(self.dialect), record.vxid != self.table[slot].vxid);
            if mismatch || matches!(tag, Some(Tag::Begin | Tag::Link | Tag::End)) {
                self.add(slot, &unit[added..start]);
                let place = self.add(slot, &unit[start..end]);
                added = end;
                let text = LogRecord::new(self.dialect, record).text();
                match tag {
                    _ if mismatch => self.diagnose(slot, place, "vxid mismatch"),
                    Some(Tag::Begin) => self.scan_begin(slot, place, Relation::parse(text), now),
                    Some(Tag::Link) => self.scan_link(slot, place, Relation::parse(text), now),
                    // The slot may be gone after this.
                    _ => return self.scan_end(slot, &unit[end..]),
                }
            }
            start = end;
        }
        self.add(slot, &unit[added..]);
    }

    /// Adds bytes of whole records that were read.
    pub(super) fn add(&mut self, slot: Slot, bytes: &[u8]) -> Place {
        self.held_bytes += bytes.len();
        let open = &mut self.table[slot];
        let start = open.bytes.len();
        open.bytes.extend_from_slice(bytes);
        Place { start, end: open.bytes.len() }
    }

    fn scan_begin(&mut self, slot: Slot, place: Place, begin: Option<Relation>, now: Duration) {
        if self.table[slot].begun {
            return self.diagnose(slot, place, "duplicate begin");
        }
        self.table[slot].begun = true;
        let Some(begin) = begin else { return self.diagnose(slot, place, "parse error") };
        if begin.kind == Kind::Unknown {
            self.diagnose(slot, place, "unknown vxid type");
        }
        let open = &mut self.table[slot];
        let known = open.kind;
        open.kind = begin.kind;
        open.reason = begin.reason;
        if open.parent.is_none() {
            open.parent_vxid = begin.vxid;
        }
        if known != Kind::Unknown && known != begin.kind {
            self.diagnose(slot, place, "type mismatch");
        }
        let stands_alone = self.grouping == Grouping::Vxid
            || (self.grouping == Grouping::Request
                && begin.kind == Kind::Request
                && begin.reason == Reason::Rxreq);
        if begin.vxid == Vxid(0) {
            return;
        }
        if begin.vxid == self.table[slot].vxid {
            return self.diagnose(slot, place, "link to self");
        }
        if stands_alone {
            return;
        }
        if let Some(parent) = self.table[slot].parent {
            if self.table[parent].vxid != begin.vxid {
                self.diagnose(slot, place, "link mismatch");
            }
            return;
        }
        let parent = match self.table.find(begin.vxid) {
            Some(parent) => parent,
            None => self.open_new(begin.vxid, now),
        };
        if self.table[parent].complete || self.is_under(parent, slot) {
            return self.diagnose(slot, place, "link too late");
        }
        self.adopt(parent, slot);
    }

    fn scan_link(&mut self, slot: Slot, place: Place, link: Option<Relation>, now: Duration) {
        let ignored = self.grouping == Grouping::Vxid
            || (self.grouping == Grouping::Request && self.table[slot].kind == Kind::Session);
        let Some(link) = link else { return self.diagnose(slot, place, "parse error") };
        if link.kind == Kind::Unknown {
            self.diagnose(slot, place, "unknown vxid type");
        }
        if ignored {
            return;
        }
        if link.vxid == Vxid(0) {
            return self.diagnose(slot, place, "illegal link vxid");
        }
        if link.vxid == self.table[slot].vxid {
            return self.diagnose(slot, place, "link to self");
        }
        let Some(child) = self.table.find(link.vxid) else {
            let child = self.open_new(link.vxid, now);
            self.describe(child, link);
            return self.adopt(slot, child);
        };
        match self.table[child].parent {
            Some(parent) if parent == slot => return,
            Some(_) => return self.diagnose(slot, place, "duplicate link"),
            None => {}
        }
        if self.table[child].complete || self.is_under(slot, child) {
            return self.diagnose(slot, place, "link too late");
        }
        let known = self.table[child].kind;
        if known != Kind::Unknown && known != link.kind {
            self.diagnose(slot, place, "type mismatch");
        }
        self.describe(child, link);
        self.adopt(slot, child);
    }

    /// `behind` is what the unit holds behind the `End`: it belongs to the transaction, but is not looked at.
    fn scan_end(&mut self, slot: Slot, behind: &[u8]) {
        self.table.complete(slot);
        if self.table[slot].kind == Kind::Unknown {
            self.make_up_text(slot, "vtx of unknown type marked complete");
        }
        self.add(slot, behind);
        self.completed(slot);
    }

    fn describe(&mut self, child: Slot, link: Relation) {
        self.table[child].kind = link.kind;
        self.table[child].reason = link.reason;
    }

    fn adopt(&mut self, parent: Slot, child: Slot) {
        self.table[child].parent_vxid = self.table[parent].vxid;
        self.table[child].parent = Some(parent);
        self.table[parent].children.push(child);
    }

    /// Whether `slot` is somewhere under `top`: two records that name each other as children must not
    /// make a circle that never completes.
    fn is_under(&self, slot: Slot, top: Slot) -> bool {
        let mut at = Some(slot);
        while let Some(slot) = at {
            if slot == top {
                return true;
            }
            at = self.table[slot].parent;
        }
        false
    }

    /// Completes an incomplete transaction with records of our own. They are added first and scanned
    /// then, so what a diagnostic has to say about them comes last.
    pub(super) fn give_up(&mut self, slot: Slot, why: GivenUp) {
        self.count_given_up(why);
        self.table[slot].given_up = true;
        let begun = self.table[slot].begun;
        let start = self.table[slot].bytes.len();
        if !begun {
            self.make_up_begin(slot);
        }
        let end = self.table[slot].bytes.len();
        self.make_up_text(slot, why.text());
        self.make_up_end(slot);
        if !begun {
            let bytes = &self.table[slot].bytes[start..end];
            let begin = LogRecords::new(self.dialect, bytes)
                .next()
                .and_then(|record| Relation::parse(record.text()));
            // A made-up Begin names no parent, so nothing is opened and the time does not matter.
            self.scan_begin(slot, Place { start, end }, begin, Duration::ZERO);
        }
        self.scan_end(slot, &[]);
    }

    const fn count_given_up(&mut self, why: GivenUp) {
        let count = match why {
            GivenUp::Timeout => &mut self.account.timeouts,
            GivenUp::Overflow => &mut self.account.overflows,
            GivenUp::Gap => &mut self.account.gaps,
            // Somebody asked for it.
            GivenUp::Flush => return,
        };
        *count += 1;
    }

    fn diagnose(&mut self, slot: Slot, place: Place, reason: &str) {
        let bytes = &self.table[slot].bytes[place.start..place.end];
        let text = super::made_up::diagnostic(self.dialect, bytes, reason);
        self.make_up_text(slot, &text);
    }
}
