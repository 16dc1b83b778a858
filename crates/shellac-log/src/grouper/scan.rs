//! What `Begin`, `Link` and `End` do to the trees.

use std::ops::Range;

use shellac_format::{Tag, Vxid};

use super::open::Slot;
use super::row::Feed;
use super::{GivenUp, Grouper};
use crate::begin::Relation;
use crate::transaction::{Grouping, Kind, LogRecord, Reason};

impl Grouper {
    pub(super) fn scan_begin(
        &mut self,
        slot: Slot,
        record: &LogRecord<'_>,
        begin: Option<Relation>,
        feed: Feed<'_>,
    ) {
        if self.table[slot].begun {
            return self.diagnose(slot, record, "duplicate begin", feed);
        }
        self.table[slot].begun = true;
        let Some(begin) = begin else { return self.diagnose(slot, record, "parse error", feed) };
        if begin.kind == Kind::Unknown {
            self.diagnose(slot, record, "unknown vxid type", feed);
        }
        let open = &mut self.table[slot];
        let known = open.kind;
        open.kind = begin.kind;
        open.reason = begin.reason;
        if open.parent.is_none() {
            open.parent_vxid = begin.vxid;
        }
        if known != Kind::Unknown && known != begin.kind {
            self.diagnose(slot, record, "type mismatch", feed);
        }
        let stands_alone = self.grouping == Grouping::Vxid
            || (self.grouping == Grouping::Request
                && begin.kind == Kind::Request
                && begin.reason == Reason::Rxreq);
        if begin.vxid == Vxid(0) {
            return;
        }
        if begin.vxid == self.table[slot].vxid {
            return self.diagnose(slot, record, "link to self", feed);
        }
        if stands_alone {
            return;
        }
        if let Some(parent) = self.table[slot].parent {
            if self.table[parent].vxid != begin.vxid {
                self.diagnose(slot, record, "link mismatch", feed);
            }
            return;
        }
        let parent = match self.table.find(begin.vxid) {
            Some(parent) => parent,
            None => self.table.open(begin.vxid, feed.now),
        };
        if self.table[parent].complete || self.is_under(parent, slot) {
            return self.diagnose(slot, record, "link too late", feed);
        }
        self.adopt(parent, slot);
    }

    pub(super) fn scan_link(
        &mut self,
        slot: Slot,
        record: &LogRecord<'_>,
        link: Option<Relation>,
        feed: Feed<'_>,
    ) {
        let ignored = self.grouping == Grouping::Vxid
            || (self.grouping == Grouping::Request && self.table[slot].kind == Kind::Session);
        let Some(link) = link else { return self.diagnose(slot, record, "parse error", feed) };
        if link.kind == Kind::Unknown {
            self.diagnose(slot, record, "unknown vxid type", feed);
        }
        if ignored {
            return;
        }
        if link.vxid == Vxid(0) {
            return self.diagnose(slot, record, "illegal link vxid", feed);
        }
        if link.vxid == self.table[slot].vxid {
            return self.diagnose(slot, record, "link to self", feed);
        }
        let Some(child) = self.table.find(link.vxid) else {
            let child = self.table.open(link.vxid, feed.now);
            self.describe(child, link);
            return self.adopt(slot, child);
        };
        match self.table[child].parent {
            Some(parent) if parent == slot => return,
            Some(_) => return self.diagnose(slot, record, "duplicate link", feed),
            None => {}
        }
        if self.table[child].complete || self.is_under(slot, child) {
            return self.diagnose(slot, record, "link too late", feed);
        }
        let known = self.table[child].kind;
        if known != Kind::Unknown && known != link.kind {
            self.diagnose(slot, record, "type mismatch", feed);
        }
        self.describe(child, link);
        self.adopt(slot, child);
    }

    /// `behind` is what the unit holds behind the `End`: it belongs to the transaction, but changes nothing.
    pub(super) fn scan_end(&mut self, slot: Slot, behind: Range<usize>, feed: Feed<'_>) {
        self.table.complete(slot);
        if self.table[slot].kind == Kind::Unknown {
            self.make_up_text(slot, "vtx of unknown type marked complete", feed);
        }
        if !behind.is_empty() {
            self.take_rest(slot, behind, feed);
        }
        self.completed(slot, feed);
    }

    fn describe(&mut self, child: Slot, link: Relation) {
        self.table[child].kind = link.kind;
        self.table[child].reason = link.reason;
    }

    fn adopt(&mut self, parent: Slot, child: Slot) {
        self.table[child].parent_vxid = self.table[parent].vxid;
        self.table[child].parent = Some(parent);
        self.table[child].towards_top = Some(parent);
        self.table[parent].children.push(child);
    }

    /// Whether `slot` is somewhere under `top`, which has no parent: two records that name each other as children must
    /// not make a circle that never completes.
    fn is_under(&mut self, slot: Slot, top: Slot) -> bool {
        self.table.top_of(slot) == top
    }

    /// Completes an incomplete transaction with records of our own. They are added first and scanned
    /// then, so what a diagnostic has to say about them comes last.
    pub(super) fn give_up(&mut self, slot: Slot, why: GivenUp, feed: Feed<'_>) {
        self.count_given_up(why);
        let open = &mut self.table[slot];
        open.given_up = true;
        let begin = (!open.begun).then(|| format!("{} 0 synth", open.kind.word()));
        let side = open.kind.side();
        if let Some(text) = &begin {
            self.make_up(slot, Tag::Begin, text.as_bytes(), feed);
        }
        self.make_up_text(slot, why.text(), feed);
        self.make_up(slot, Tag::End, b"synth", feed);
        if let Some(text) = &begin {
            let record = LogRecord {
                number: Tag::Begin.number(self.dialect).unwrap_or_default(),
                tag: Some(Tag::Begin),
                vxid: self.table[slot].vxid,
                side,
                payload: text.as_bytes(),
            };
            // It names no parent, so nothing is opened.
            self.scan_begin(slot, &record, Relation::parse(text.as_bytes()), feed);
        }
        self.scan_end(slot, 0..0, feed);
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

    pub(super) fn diagnose(
        &mut self,
        slot: Slot,
        record: &LogRecord<'_>,
        reason: &str,
        feed: Feed<'_>,
    ) {
        let text = super::made_up::diagnostic(record, reason);
        self.make_up_text(slot, &text, feed);
    }
}
