//! Records in the order in which they were written, out come groups.
//!
//! A transaction is open from its `Begin`, or from the `Link` or `Begin` of a relative that names it,
//! until it and everything it started is complete. Then the whole tree leaves as one [`Group`].

mod account;
mod leave;
mod limits;
mod made_up;
mod open;
mod orphans;
mod roles;
mod row;
mod scan;

use std::collections::VecDeque;
use std::time::Duration;

use shellac_format::{Dialect, Heads, TagSet, Vxid};
use shellac_query::{HeardTransaction, Listener, Query};

use crate::begin::Relation;
use crate::filter::{CompiledFilter, Sides};
use crate::transaction::{Group, Grouping, Kind, LogRecord, LogRecords, Reason, Transaction};
pub use account::Account;
pub use limits::{Limits, OPEN_BYTES};
use open::{Slot, Table};
use roles::{Linking, Roles};
use row::Feed;

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
    /// What records mean to it, by the number of their tag.
    roles: Roles,
    /// Which records are kept; `None`: all.
    kept: Option<CompiledFilter>,
    ready: VecDeque<Group>,
    /// What to ask before a group is made.
    listener: Option<Listener>,
    /// The tree that leaves, with levels, and what the query heard of it; empty otherwise.
    tree: Vec<(Slot, u32)>,
    tree_heard: Vec<HeardTransaction>,
    /// Transactions that may have places in what is being read.
    touched: Vec<Slot>,
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
        // One without room would be taken for one that spares an allocation.
        if (1..=MAX_SPARE_BYTES).contains(&bytes.capacity()) && self.bytes.len() < MAX_SPARE {
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
            roles: Roles::new(grouping, dialect, None, TagSet::EMPTY, TagSet::EMPTY),
            kept: None,
            ready: VecDeque::new(),
            listener: None,
            tree: Vec::new(),
            tree_heard: Vec::new(),
            touched: Vec::new(),
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
    pub fn with_kept(mut self, filter: CompiledFilter) -> Grouper {
        self.kept = Some(filter);
        self.with_roles()
    }

    /// Groups that `query` does not select do not come out. It listens while records pass by, so that nothing is
    /// made of such a group; it sees also what is not kept.
    #[must_use]
    pub fn with_query(mut self, query: Query) -> Grouper {
        self.listener = Some(Listener::new(query));
        self.with_roles()
    }

    fn with_roles(mut self) -> Grouper {
        let (asked, needed) = match &self.listener {
            Some(listener) => (listener.tags(), listener.kept_tags()),
            None => (TagSet::EMPTY, TagSet::EMPTY),
        };
        self.roles = Roles::new(self.grouping, self.dialect, self.kept.as_ref(), needed, asked);
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
        } else {
            self.grouped_unit(Feed { bytes: records, now });
        }
    }

    /// Takes records each of which is a unit by itself, as a file holds them, up to the first bytes that are no
    /// whole record, and says how many bytes they have.
    pub fn row(&mut self, row: &[u8], now: Duration) -> usize {
        if self.grouping == Grouping::Raw {
            self.keep_raw(row)
        } else {
            self.grouped_row(Feed { bytes: row, now })
        }
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
            self.give_up(slot, why, Feed::NOTHING);
        }
    }

    /// Counts records that no open transaction takes.
    fn leave_out(&mut self, vxid: Vxid, len_bytes: usize) {
        let count = match vxid {
            Vxid(0) => &mut self.account.outside_bytes,
            _ => &mut self.account.unopened_bytes,
        };
        *count += len_bytes as u64;
    }

    /// Whether a unit that starts with this record, of a transaction that nobody has heard of, opens it, if it does at all:
    /// what the record says is looked at only then.
    fn is_candidate(
        &self,
        linking: Linking,
        first: &LogRecord<'_>,
        begin: impl FnOnce() -> Option<Relation>,
    ) -> bool {
        if linking != Linking::Begin || first.vxid == Vxid(0) {
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
        let Some(begin) = begin() else { return false };
        match (self.grouping, begin.kind, self.compat) {
            (_, Kind::Unknown, _) | (Grouping::Request, Kind::Session, _) => false,
            (Grouping::Vxid, Kind::Session, Compat::V7) => false,
            (Grouping::Vxid, _, Compat::V7) => self.sides.includes || begin.reason != Reason::Esi,
            (Grouping::Vxid, _, Compat::V9) => self.sides.includes || begin.esi_level == 0,
            _ => true,
        }
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
        let (bytes, vxid) = loop {
            let rest = &self.raw[self.raw_at..];
            let Some((record, whole)) = LogRecords::new(self.dialect, rest).with_bytes().next()
            else {
                self.raw_at = self.raw.len();
                return None;
            };
            self.raw_at += whole.len();
            let is_wanted = self.listener.as_ref().is_none_or(|listener| {
                listener.query().selects_record(record.vxid, record.tag, record.payload)
            });
            if is_wanted {
                let mut bytes = self.spare.bytes.pop().unwrap_or_default();
                bytes.extend_from_slice(whole);
                break (bytes, record.vxid);
            }
        };
        let mut transaction = Transaction::from_parts(self.dialect, vxid, bytes);
        transaction.kind = Kind::Raw;
        let mut group = self.spare.groups.pop().unwrap_or_default();
        group.transactions.push(transaction);
        Some(group)
    }
}

#[cfg(test)]
mod tests;
