//! Rows of records: most of them only become part of a transaction, and do so in runs.

use std::time::Duration;

use shellac_format::{Dialect, Heads, Place, Tag, Vxid};

use super::Grouper;
use super::open::Slot;
use crate::filter::CompiledFilter;
use crate::transaction::LogRecord;

/// What a record means to the grouper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Nothing: nobody wants to see it.
    Skipped,
    /// It is kept.
    Kept,
    /// `Begin`, `Link` and `End`: the table changes.
    Linking,
}

/// The role of each tag number.
#[derive(Clone, Debug)]
pub(super) struct Roles([Role; 256]);

impl Roles {
    pub(super) fn new(dialect: Dialect) -> Roles {
        let mut roles = Roles([Role::Kept; 256]);
        for number in [Tag::Begin, Tag::Link, Tag::End].map(|tag| tag.number(dialect)) {
            roles.0[usize::from(number.expect("every dialect has Begin, Link and End"))] =
                Role::Linking;
        }
        roles
    }

    #[inline]
    const fn of(&self, number: u8) -> Role {
        self.0[number as usize]
    }

    /// The same, but what `filter` never shows is skipped.
    pub(super) fn keeping(mut self, filter: &CompiledFilter) -> Roles {
        for (number, role) in (0..=u8::MAX).zip(&mut self.0) {
            if *role == Role::Kept && !filter.may_show(number) {
                *role = Role::Skipped;
            }
        }
        self
    }
}

/// Records of one transaction that lie one after the other and were not kept yet.
#[derive(Clone, Copy)]
struct Run {
    vxid: Vxid,
    /// Where they go; `None`: nobody has heard of the transaction.
    slot: Option<Slot>,
    start: usize,
    end: usize,
}

impl Grouper {
    /// Takes records each of which is a unit by itself, and says how many bytes they have.
    pub(super) fn grouped_row(&mut self, row: &[u8], now: Duration) -> usize {
        let mut run: Option<Run> = None;
        let mut heads = Heads::new(self.dialect.layout(), row);
        while let Some(place) = heads.next_wanted(|number| self.roles.of(number) != Role::Skipped) {
            let role = self.roles.of(place.number);
            if role == Role::Linking {
                self.keep_run(run.take(), row);
                self.linking(&place, row, now);
                continue;
            }
            match &mut run {
                Some(run) if run.vxid == place.vxid && run.end == place.start => {
                    run.end = place.end;
                }
                _ => {
                    self.keep_run(run.take(), row);
                    let Place { vxid, start, end, .. } = place;
                    run = Some(Run { vxid, slot: self.table.find(vxid), start, end });
                }
            }
        }
        self.keep_run(run, row);
        // Between the records of a row no time passes, so once for all of them is enough.
        self.enforce_limits(now);
        heads.position()
    }

    /// Adds a run to its transaction. Its records change nothing else.
    fn keep_run(&mut self, run: Option<Run>, row: &[u8]) {
        let Some(Run { vxid, slot, start, end }) = run else { return };
        let Some(slot) = slot else { return self.leave_out(vxid, end - start) };
        self.add(slot, &row[start..end]);
    }

    fn linking(&mut self, place: &Place, row: &[u8], now: Duration) {
        let record = LogRecord::new(self.dialect, place.record(row));
        self.unit_of(&record, &row[place.start..place.end], now);
    }
}
