//! Which transaction numbers belong to one, from the `Begin` and `Link` records of a file alone.
//!
//! Finding them first and collecting their records in another pass is several times faster than keeping
//! everything until it is known what belongs together: all other records are stepped over by their heads.

use std::collections::{HashSet, VecDeque};

use shellac_format::heads::Heads;
use shellac_format::{Dialect, Tag, Vxid};
use shellac_log::{Reason, Relation};

/// Relations that are remembered in case they turn out to matter; about 10 MB.
const REMEMBERED: usize = 1 << 18;
/// Numbers that are wanted at most. More records of them than are kept anyway.
const MOST_WANTED: usize = 1 << 20;

/// Looks at what is remembered for what one row has made wanted. In two directions, so that chains of any
/// length in either order need no more than two.
const SWEEPS: usize = 8;

/// A `Begin` or a `Link`.
#[derive(Clone, Copy, Debug)]
struct Edge {
    of: Vxid,
    is_begin: bool,
    names: Vxid,
    reason: Reason,
}

/// The numbers around one.
#[derive(Debug)]
pub(super) struct Relatives {
    target: Vxid,
    wanted: HashSet<Vxid>,
    recent: VecDeque<Edge>,
    /// Edges were dropped from `recent` in this pass.
    forgot: bool,
    /// Numbers were found after some edges had been dropped.
    late: bool,
}

impl Relatives {
    /// Nothing is known but the number itself.
    pub(super) fn new(target: Vxid) -> Relatives {
        Relatives {
            target,
            wanted: HashSet::from([target]),
            recent: VecDeque::new(),
            forgot: false,
            late: false,
        }
    }

    /// Takes whole records in.
    pub(super) fn input(&mut self, dialect: Dialect, bytes: &[u8]) {
        let (begin, link) = (Tag::Begin.number(dialect), Tag::Link.number(dialect));
        let mut heads = Heads::new(dialect.layout(), bytes);
        let mut grown = false;
        let is_edge = |number| Some(number) == begin || Some(number) == link;
        while let Some(place) = heads.next_wanted(is_edge) {
            let Some(relation) = Relation::parse(place.record(bytes).text()) else { continue };
            let edge = Edge {
                of: place.vxid,
                is_begin: Some(place.number) == begin,
                names: relation.vxid,
                reason: relation.reason,
            };
            grown |= self.follow(edge);
            self.recent.push_back(edge);
            if self.recent.len() > REMEMBERED {
                self.recent.pop_front();
                self.forgot = true;
            }
        }
        // What has become wanted may have been named before. Once per row is often enough.
        for sweep in 0..SWEEPS {
            if !grown {
                return;
            }
            grown = false;
            let recent = std::mem::take(&mut self.recent);
            // Backwards first: a chain is mostly written from its beginning on.
            if sweep % 2 == 0 {
                recent.iter().rev().for_each(|&edge| grown |= self.follow(edge));
            } else {
                recent.iter().for_each(|&edge| grown |= self.follow(edge));
            }
            self.recent = recent;
        }
        // An order in which every look finds one number more goes on in the next pass.
        self.late |= grown;
    }

    /// Wants what an edge leads to. The answer is whether that is new.
    fn follow(&mut self, edge: Edge) -> bool {
        let Edge { of, is_begin, names, reason } = edge;
        if of == Vxid(0) || names == Vxid(0) {
            return false;
        }
        // The other requests of a connection are of no interest unless the connection is.
        let may_go_down = reason != Reason::Rxreq;
        let (parent, child) = if is_begin { (names, of) } else { (of, names) };
        let up = self.wanted.contains(&child);
        let down = (may_go_down && self.wanted.contains(&parent)) || parent == self.target;
        let mut new = false;
        if up {
            new |= self.want(parent);
        }
        if down {
            new |= self.want(child);
        }
        new
    }

    fn want(&mut self, vxid: Vxid) -> bool {
        let new = self.wanted.len() < MOST_WANTED && self.wanted.insert(vxid);
        self.late |= new && self.forgot;
        new
    }

    /// Prepares for another pass over the same file. The answer is whether it could find more.
    pub(super) fn again(&mut self) -> bool {
        self.recent.clear();
        self.forgot = false;
        std::mem::take(&mut self.late)
    }

    /// All numbers that were found.
    pub(super) fn into_wanted(self) -> HashSet<Vxid> {
        self.wanted
    }
}

#[cfg(test)]
mod tests;
