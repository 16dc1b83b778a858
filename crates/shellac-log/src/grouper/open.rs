//! The table of open transactions: by number, by age, as trees.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::mem::take;
use std::ops::{Index, IndexMut, Range};
use std::time::Duration;

use shellac_format::{Dialect, Vxid};
use shellac_query::Heard;

use crate::transaction::{Kind, Reason, Transaction};

/// A place in the [`Table`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(usize);

/// One open transaction.
#[derive(Debug, Default)]
pub(super) struct Open {
    pub(super) vxid: Vxid,
    /// When it was heard of first, on the reader's clock.
    pub(super) start: Duration,
    pub(super) kind: Kind,
    pub(super) reason: Reason,
    /// The tree it is part of.
    pub(super) parent: Option<Slot>,
    /// Its parent or somebody above that: the way to the top is made shorter each time it is gone.
    pub(super) towards_top: Option<Slot>,
    /// What its `Begin` says, or who linked to it; kept also where groups are not linked.
    pub(super) parent_vxid: Vxid,
    /// In the order in which they became children.
    pub(super) children: Vec<Slot>,
    /// Children that are complete with all that they started.
    pub(super) ready_children: usize,
    /// Whole records.
    pub(super) bytes: Vec<u8>,
    /// More of them, which lie in what is being read.
    pub(super) places: Vec<Range<usize>>,
    /// Bytes of all of them.
    pub(super) held_bytes: usize,
    /// Bytes of made-up records.
    pub(super) made_up: usize,
    /// What its records mean to the query.
    pub(super) heard: Heard,
    /// A record of it was read, whether or not it was kept.
    pub(super) is_read: bool,
    pub(super) begun: bool,
    pub(super) complete: bool,
    /// Its `End` is the reader's.
    pub(super) given_up: bool,
    older: Option<Slot>,
    younger: Option<Slot>,
}

/// A list with room for more than this is given back to the system when its transaction leaves.
const MAX_SPARE_ENTRIES: usize = 256;

impl Open {
    /// Bytes of records that were read.
    pub(super) const fn read_bytes(&self) -> u64 {
        (self.held_bytes - self.made_up) as u64
    }

    /// Makes it a transaction of these records.
    pub(super) fn transaction(&self, dialect: Dialect, level: u32, bytes: Vec<u8>) -> Transaction {
        let mut transaction = Transaction::from_parts(dialect, self.vxid, bytes);
        transaction.level = level;
        transaction.parent = self.parent_vxid;
        transaction.kind = self.kind;
        transaction.reason = self.reason;
        transaction.complete = !self.given_up;
        transaction
    }

    /// Forgets everything but the room for lists.
    fn clear(&mut self) {
        let (mut children, mut places) = (take(&mut self.children), take(&mut self.places));
        *self = Open::default();
        if children.capacity() <= MAX_SPARE_ENTRIES {
            children.clear();
            self.children = children;
        }
        if places.capacity() <= MAX_SPARE_ENTRIES {
            places.clear();
            self.places = places;
        }
    }
}

/// All open transactions. Those that are incomplete form a list, oldest first.
#[derive(Debug, Default)]
pub(super) struct Table {
    places: Vec<Open>,
    free: Vec<usize>,
    by_vxid: HashMap<u64, Slot, BuildHasherDefault<VxidHasher>>,
    /// Records of one transaction come in a row, so the last answer is often the next one, also when it was that there is
    /// no such transaction.
    last: Option<(Vxid, Option<Slot>)>,
    oldest: Option<Slot>,
    youngest: Option<Slot>,
    removed: u64,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.by_vxid.len()
    }

    /// How many were forgotten so far.
    pub(super) const fn removed(&self) -> u64 {
        self.removed
    }

    #[inline]
    pub(super) fn find(&mut self, vxid: Vxid) -> Option<Slot> {
        if let Some((last, slot)) = self.last
            && last == vxid
        {
            return slot;
        }
        let slot = self.by_vxid.get(&vxid.0).copied();
        self.last = Some((vxid, slot));
        slot
    }

    /// Opens a transaction whose number is not in the table.
    pub(super) fn open(&mut self, vxid: Vxid, start: Duration) -> Slot {
        let slot = Slot(self.free.pop().unwrap_or_else(|| {
            self.places.push(Open::default());
            self.places.len() - 1
        }));
        let open = &mut self[slot];
        open.vxid = vxid;
        open.start = start;
        self.by_vxid.insert(vxid.0, slot);
        self.last = Some((vxid, Some(slot)));
        self[slot].older = self.youngest;
        match self.youngest {
            Some(youngest) => self[youngest].younger = Some(slot),
            None => self.oldest = Some(slot),
        }
        self.youngest = Some(slot);
        slot
    }

    pub(super) const fn oldest_incomplete(&self) -> Option<Slot> {
        self.oldest
    }

    /// Marks it complete and takes it off the list of the incomplete.
    pub(super) fn complete(&mut self, slot: Slot) {
        let open = &mut self[slot];
        open.complete = true;
        let (older, younger) = (open.older.take(), open.younger.take());
        match older {
            Some(older) => self[older].younger = younger,
            None => self.oldest = younger,
        }
        match younger {
            Some(younger) => self[younger].older = older,
            None => self.youngest = older,
        }
    }

    /// The top of the tree that `slot` is part of. A tree may be as deep as the limits allow, and this is asked for
    /// each link in it, so it halves the way that it goes.
    pub(super) fn top_of(&mut self, mut slot: Slot) -> Slot {
        while let Some(above) = self[slot].towards_top {
            let Some(further) = self[above].towards_top else { return above };
            self[slot].towards_top = Some(further);
            slot = further;
        }
        slot
    }

    /// Forgets a complete transaction.
    pub(super) fn remove(&mut self, slot: Slot) {
        let open = &mut self.places[slot.0];
        self.by_vxid.remove(&open.vxid.0);
        open.clear();
        self.free.push(slot.0);
        self.removed += 1;
        if self.last.is_some_and(|(_, last)| last == Some(slot)) {
            self.last = None;
        }
    }
}

impl Index<Slot> for Table {
    type Output = Open;

    #[inline]
    fn index(&self, slot: Slot) -> &Open {
        &self.places[slot.0]
    }
}

impl IndexMut<Slot> for Table {
    #[inline]
    fn index_mut(&mut self, slot: Slot) -> &mut Open {
        &mut self.places[slot.0]
    }
}

/// Numbers are given out in rows, so one multiplication spreads them well enough; the table is bounded.
#[derive(Default)]
struct VxidHasher(u64);

impl Hasher for VxidHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        let product = u128::from(self.0 ^ value) * 0x9e37_79b9_7f4a_7c15;
        let bytes = product.to_le_bytes();
        let (low, high) = bytes.split_at(8);
        let half =
            |half: &[u8]| half.iter().rev().fold(0u64, |sum, &byte| sum << 8 | u64::from(byte));
        self.0 = half(low) ^ half(high);
    }
}
