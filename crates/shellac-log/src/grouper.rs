//! Records in the order in which they were written, out come groups.
//!
//! A transaction is open from its `Begin`, or from the `Link` or `Begin` of a relative that names it,
//! until it and everything it started is complete. Then the whole tree leaves as one [`Group`].

mod account;
mod limits;
mod made_up;
mod open;
mod orphans;
mod row;
mod scan;

use std::collections::VecDeque;
use std::time::Duration;

use shellac_format::{Dialect, Heads, Tag, Vxid};

use crate::begin::Relation;
use crate::filter::{CompiledFilter, Sides};
use crate::transaction::{Group, Grouping, Kind, LogRecord, LogRecords, Reason, Transaction};
pub use account::Account;
pub use limits::{Limits, OPEN_BYTES};
use open::{Open, Slot, Table};
use row::Roles;

/// Whose rules decide which `Begin` opens a transaction, among other things.
pub use shellac_query::Compat;

/// Why a transaction was given up: the text of the `VSL` record that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenUp {
    /// Older than [`Limits::timeout`].
    Timeout,
    /// More than [`Limits::open_max`].
    Overflow,
    /// Asked for.
    Flush,
    /// Records were lost, and some of them may have been its own.
    Gap,
}

impl GivenUp {
    const fn text(self) -> &'static str {
        match self {
            GivenUp::Timeout => "timeout",
            GivenUp::Overflow => "store overflow",
            GivenUp::Flush => "flush",
            GivenUp::Gap => "records lost",
        }
    }
}

/// Puts records together to transactions and groups.
///
/// Feed it with [`Grouper::unit`] or [`Grouper::row`], then take what is ready with [`Grouper::pop`] until
/// there is nothing. Handing groups back with [`Grouper::recycle`] saves allocations.
#[derive(Debug)]
pub struct Grouper {
    grouping: Grouping,
    dialect: Dialect,
    compat: Compat,
    sides: Sides,
    limits: Limits,
    table: Table,
    /// What a row's records mean to it, by the number of their tag.
    roles: Roles,
    ready: VecDeque<Group>,
    /// What is left of the tree that leaves, with the level above it; empty otherwise.
    levels: VecDeque<(Slot, u32)>,
    /// Bytes of all records in the table.
    held_bytes: usize,
    /// Raw grouping: records that have not been popped yet, and how far they have.
    raw: Vec<u8>,
    raw_at: usize,
    spare: Spare,
    /// Trees without the top that is asked for come out in parts.
    orphans: bool,
    account: Account,
}

/// Emptied buffers.
#[derive(Debug, Default)]
struct Spare {
    bytes: Vec<Vec<u8>>,
    groups: Vec<Group>,
}

/// No more emptied buffers than this are kept, of each kind.
const MAX_SPARE: usize = 256;
/// A larger buffer than this is given back to the system.
const MAX_SPARE_BYTES: usize = 64 * 1024;

impl Spare {
    fn give(&mut self, mut bytes: Vec<u8>) {
        if self.bytes.len() < MAX_SPARE && bytes.capacity() <= MAX_SPARE_BYTES {
            bytes.clear();
            self.bytes.push(bytes);
        }
    }
}

impl Grouper {
    /// Groups records of `dialect` by the rules of the generation that it belongs to.
    pub fn new(grouping: Grouping, dialect: Dialect, limits: Limits) -> Grouper {
        Grouper {
            grouping,
            dialect,
            compat: Compat::of_dialect(dialect),
            sides: Sides::default(),
            limits,
            table: Table::default(),
            roles: Roles::new(dialect),
            ready: VecDeque::new(),
            levels: VecDeque::new(),
            held_bytes: 0,
            raw: Vec::new(),
            raw_at: 0,
            spare: Spare::default(),
            orphans: false,
            account: Account::default(),
        }
    }

    /// The same with the rules of another generation.
    #[must_use]
    pub const fn with_compat(mut self, compat: Compat) -> Grouper {
        self.compat = compat;
        self
    }

    /// In vxid grouping, where transactions stand alone, those that nobody wants are not even kept.
    #[must_use]
    pub const fn with_sides(mut self, sides: Sides) -> Grouper {
        self.sides = sides;
        self
    }

    /// Records that `filter` hides in any case are not kept, where that spares work: groups may have them or
    /// not. To be used when nobody but the output looks at groups.
    #[must_use]
    pub fn with_kept(mut self, filter: &CompiledFilter) -> Grouper {
        self.roles = self.roles.keeping(filter);
        self
    }

    /// Transactions that are open: not complete, or waiting for something they started.
    pub fn open(&self) -> usize {
        self.table.len()
    }

    /// What was left out or cut so far.
    pub const fn account(&self) -> Account {
        self.account
    }

    /// Takes one unit: a batch, or a record that was written alone. `records` are whole records of one
    /// transaction; `now` is the reader's own clock.
    pub fn unit(&mut self, records: &[u8], now: Duration) {
        if self.grouping == Grouping::Raw {
            self.keep_raw(records);
            return;
        }
        if let Some(first) = LogRecords::new(self.dialect, records).next() {
            self.unit_of(&first, records, now);
        }
    }

    /// Takes records each of which is a unit by itself, as a file holds them, up to the first bytes that are no
    /// whole record, and says how many bytes they have.
    pub fn row(&mut self, row: &[u8], now: Duration) -> usize {
        if self.grouping == Grouping::Raw { self.keep_raw(row) } else { self.grouped_row(row, now) }
    }

    /// The next group that is ready.
    pub fn pop(&mut self) -> Option<Group> {
        if self.grouping == Grouping::Raw {
            return self.pop_raw();
        }
        self.ready.pop_front()
    }

    /// Takes the buffers of a group back.
    pub fn recycle(&mut self, mut group: Group) {
        for transaction in group.transactions.drain(..) {
            self.spare.give(transaction.into_bytes());
        }
        if self.spare.groups.len() < MAX_SPARE {
            self.spare.groups.push(group);
        }
    }

    /// Gives up everything that is open, oldest first.
    pub fn flush(&mut self) {
        self.give_up_all(GivenUp::Flush);
    }

    /// Gives up everything that is open, oldest first, and says why.
    ///
    /// With [`GivenUp::Gap`] for what was open when records were lost: what comes of it later has no beginning and
    /// is not taken for a transaction.
    pub fn give_up_all(&mut self, why: GivenUp) {
        while let Some(slot) = self.table.oldest_incomplete() {
            self.give_up(slot, why);
        }
    }

    fn unit_of(&mut self, first: &LogRecord<'_>, records: &[u8], now: Duration) {
        if first.vxid == Vxid(0) {
            self.leave_out(first.vxid, records.len());
            return;
        }
        let slot = match self.table.find(first.vxid) {
            Some(slot) => Some(slot),
            None if self.is_candidate(first) => Some(self.open_new(first.vxid, now)),
            None => None,
        };
        if let Some(slot) = slot {
            if self.table[slot].complete {
                self.add(slot, records);
            } else {
                self.scan(slot, records, now);
            }
        } else {
            self.leave_out(first.vxid, records.len());
        }
        self.enforce_limits(now);
    }

    /// Counts records that no open transaction takes.
    fn leave_out(&mut self, vxid: Vxid, len_bytes: usize) {
        let count = match vxid {
            Vxid(0) => &mut self.account.outside_bytes,
            _ => &mut self.account.unopened_bytes,
        };
        *count += len_bytes as u64;
    }

    fn open_new(&mut self, vxid: Vxid, now: Duration) -> Slot {
        let bytes = self.spare.bytes.pop().unwrap_or_default();
        self.table.insert(Open::new(vxid, now, bytes))
    }

    /// Whether a unit that starts with this record, of a transaction that nobody has heard of, opens it.
    fn is_candidate(&self, first: &LogRecord<'_>) -> bool {
        if first.tag != Some(Tag::Begin) {
            return false;
        }
        let chosen = !self.sides.all();
        let all = self.grouping == Grouping::Session
            || (self.grouping == Grouping::Vxid && self.compat == Compat::V7 && !chosen);
        if all {
            return true;
        }
        if self.grouping == Grouping::Vxid
            && self.sides.only().is_some_and(|side| side != first.side)
        {
            return false;
        }
        let Some(begin) = Relation::parse(first.text()) else { return false };
        match (self.grouping, begin.kind, self.compat) {
            (_, Kind::Unknown, _) | (Grouping::Request, Kind::Session, _) => false,
            (Grouping::Vxid, Kind::Session, Compat::V7) => false,
            (Grouping::Vxid, _, Compat::V7) => self.sides.includes || begin.reason != Reason::Esi,
            (Grouping::Vxid, _, Compat::V9) => self.sides.includes || begin.esi_level == 0,
            _ => true,
        }
    }

    /// Called for what has just become complete: lets it and what waited for it go.
    fn completed(&mut self, slot: Slot) {
        let mut slot = slot;
        loop {
            let open = &mut self.table[slot];
            if !open.complete || open.ready_children < open.children.len() {
                return;
            }
            let Some(parent) = open.parent else { break };
            self.table[parent].ready_children += 1;
            slot = parent;
        }
        self.finish(slot);
    }

    /// Takes a complete transaction out of the table.
    fn remove(&mut self, slot: Slot) -> Open {
        let open = self.table.remove(slot);
        self.held_bytes -= open.bytes.len();
        open
    }

    /// Takes the tree under `top` out of the table.
    fn finish(&mut self, top: Slot) {
        let wanted = match self.grouping {
            Grouping::Session => self.table[top].kind == Kind::Session,
            Grouping::Request => self.table[top].kind == Kind::Request,
            Grouping::Vxid | Grouping::Raw => true,
        };
        if wanted {
            self.finish_group(top);
        } else {
            self.finish_without_top(top);
        }
    }

    /// Takes the tree under `top` out of the table as a group, breadth first.
    fn finish_group(&mut self, top: Slot) {
        let mut group = self.spare.groups.pop().unwrap_or_default();
        self.levels.push_back((top, 0));
        while let Some((slot, parent_level)) = self.levels.pop_front() {
            let open = self.remove(slot);
            let level = match open.reason {
                Reason::Restart if parent_level > 0 => parent_level,
                _ => parent_level + 1,
            };
            self.levels.extend(open.children.iter().map(|&child| (child, level)));
            group.transactions.push(open.into_transaction(self.dialect, level));
        }
        self.ready.push_back(group);
    }

    fn keep_raw(&mut self, row: &[u8]) -> usize {
        if self.raw_at == self.raw.len() {
            self.raw.clear();
            self.raw_at = 0;
        }
        let mut heads = Heads::new(self.dialect.layout(), row);
        for place in heads.by_ref() {
            self.raw.extend_from_slice(&row[place.start..place.end]);
        }
        heads.position()
    }

    fn pop_raw(&mut self) -> Option<Group> {
        let rest = &self.raw[self.raw_at..];
        let Some((record, whole)) = LogRecords::new(self.dialect, rest).with_bytes().next() else {
            self.raw_at = self.raw.len();
            return None;
        };
        let mut bytes = self.spare.bytes.pop().unwrap_or_default();
        bytes.extend_from_slice(whole);
        self.raw_at += whole.len();
        let vxid = record.vxid;
        let mut transaction = Transaction::from_parts(self.dialect, vxid, bytes);
        transaction.kind = Kind::Raw;
        let mut group = self.spare.groups.pop().unwrap_or_default();
        group.transactions.push(transaction);
        Some(group)
    }
}

#[cfg(test)]
mod tests;
