//! How much may be open at once, and what is given up when it is more.

use std::time::Duration;

use super::open::{Open, Slot};
use super::row::Feed;
use super::{GivenUp, Grouper};

/// How long, how many and how large transactions may stay open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// An open transaction of this age is given up (`-T`).
    pub timeout: Duration,
    /// With more than this many open transactions the oldest incomplete ones are given up (`-L`).
    /// Complete ones that wait for a child count.
    pub open_max: usize,
    /// With more than this many bytes of open transactions the oldest incomplete ones are given up, each with the
    /// whole tree it belongs to. Each transaction counts [`OPEN_BYTES`] and the records that are held for it. Their
    /// buffers grow by doubling, so the memory that is used may be up to twice as much.
    pub open_max_bytes: usize,
}

impl Default for Limits {
    /// Those of the original tools: two minutes, 1000 transactions, of any size.
    fn default() -> Limits {
        Limits { timeout: Duration::from_secs(120), open_max: 1000, open_max_bytes: usize::MAX }
    }
}

/// What an open transaction costs without its records, in bytes: its own state, and its places in the table and
/// among the children of its parent, which grow by doubling.
pub const OPEN_BYTES: usize = size_of::<Open>() + 2 * TABLE_ENTRY_BYTES;
/// Number and slot in the table by number, and a slot among the children.
const TABLE_ENTRY_BYTES: usize = 3 * size_of::<u64>();

impl Grouper {
    /// Bytes of open transactions as [`Limits::open_max_bytes`] counts them.
    pub fn open_bytes(&self) -> usize {
        self.held_bytes + self.table.len() * OPEN_BYTES
    }

    /// `left` transactions went with the unit that was just taken. The original tools count before they let a unit's
    /// transactions go, so one that comes and is complete in a single unit has its place among the open ones.
    pub(super) fn enforce_limits(&mut self, feed: Feed<'_>, left: usize) {
        while let Some(slot) = self.table.oldest_incomplete() {
            if feed.now.saturating_sub(self.table[slot].start) < self.limits.timeout {
                break;
            }
            self.give_up(slot, GivenUp::Timeout, feed);
        }
        let mut open = self.table.len().saturating_add(left);
        while open > self.limits.open_max {
            let Some(slot) = self.table.oldest_incomplete() else { break };
            self.give_up(slot, GivenUp::Overflow, feed);
            open = self.table.len();
        }
        while self.open_bytes() > self.limits.open_max_bytes {
            let Some(slot) = self.table.oldest_incomplete() else { break };
            self.give_up_tree(slot, GivenUp::Overflow, feed);
        }
    }

    /// Gives up all that is incomplete in the tree that `slot` is part of. Nothing less sets its memory free: a
    /// session that is given up still waits for the request that is under way.
    fn give_up_tree(&mut self, slot: Slot, why: GivenUp, feed: Feed<'_>) {
        let mut tree = vec![self.table.top_of(slot)];
        let mut at = 0;
        while let Some(&slot) = tree.get(at) {
            tree.extend_from_slice(&self.table[slot].children);
            at += 1;
        }
        // The tree leaves with the last of these, so until then all slots are its own.
        tree.retain(|&slot| !self.table[slot].complete);
        for slot in tree {
            self.give_up(slot, why, feed);
        }
    }
}

#[cfg(test)]
mod tests;
