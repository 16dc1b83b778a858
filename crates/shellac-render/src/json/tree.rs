//! Which transaction lies in which object: attempts in their request, requests in the one that caused them.

use std::collections::HashMap;

use shellac_format::Vxid;
use shellac_log::{Kind, Transaction};

/// Requests lie in each other no deeper than this, so that every reader of JSON can follow: what would lie deeper
/// lies beside the one above it, and says by its `parent` where it belongs.
const MAX_DEPTH: usize = 16;
/// Groups up to this size are searched one by one.
const FEW: usize = 8;

/// What lies below each transaction of a group.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    /// For each transaction, the first that lies in it and the next one beside it, by position, attempts and requests
    /// apart.
    first: Vec<[Option<usize>; 2]>,
    last: Vec<[Option<usize>; 2]>,
    next: Vec<Option<usize>>,
    /// In whose list of attempts those that follow belong, and how deep it lies.
    owner: Vec<usize>,
    depth: Vec<usize>,
    by_vxid: HashMap<Vxid, usize>,
}

/// Which of the two lists.
pub(super) const ATTEMPTS: usize = 0;
pub(super) const REQUESTS: usize = 1;

impl Tree {
    /// Looks at the transactions of a group, whose first one is the top.
    pub(super) fn build(&mut self, transactions: &[Transaction]) {
        let count = transactions.len();
        self.first.clear();
        self.first.resize(count, [None; 2]);
        self.last.clear();
        self.last.resize(count, [None; 2]);
        self.next.clear();
        self.next.resize(count, None);
        self.owner.clear();
        self.owner.push(0);
        self.depth.clear();
        self.depth.push(0);
        let is_large = count > FEW;
        if is_large {
            self.by_vxid.clear();
            for (at, transaction) in transactions.iter().enumerate().rev() {
                self.by_vxid.insert(transaction.vxid, at);
            }
        }
        for (at, transaction) in transactions.iter().enumerate().skip(1) {
            let parent = transaction.parent;
            let found = if is_large {
                self.by_vxid.get(&parent).copied()
            } else {
                transactions[..at].iter().position(|it| it.vxid == parent)
            };
            // A parent comes first; what says otherwise lies below the top.
            let above = found.filter(|&found| found < at).map_or(0, |found| self.owner[found]);
            let is_attempt = transaction.kind == Kind::Backend;
            let list = if is_attempt { ATTEMPTS } else { REQUESTS };
            match self.last[above][list] {
                Some(last) => self.next[last] = Some(at),
                None => self.first[above][list] = Some(at),
            }
            self.last[above][list] = Some(at);
            let depth = self.depth[above] + 1;
            // Attempts that follow an attempt stand beside it.
            let owns = !is_attempt && depth < MAX_DEPTH;
            self.owner.push(if owns { at } else { above });
            self.depth.push(if owns { depth } else { self.depth[above] });
        }
    }

    /// The first that lies in a list of the transaction at this position.
    pub(super) fn first(&self, at: usize, list: usize) -> Option<usize> {
        self.first[at][list]
    }

    /// The one beside it.
    pub(super) fn next(&self, at: usize) -> Option<usize> {
        self.next[at]
    }
}
