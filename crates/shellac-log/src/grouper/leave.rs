//! How complete trees leave: as groups, if the query wants them.

use std::mem::take;

use shellac_query::HeardTransaction;

use super::Grouper;
use super::open::Slot;
use super::row::Feed;
use crate::transaction::{Group, Grouping, Kind, Reason};

impl Grouper {
    /// Called for what has just become complete: lets it and what waited for it go.
    pub(super) fn completed(&mut self, slot: Slot, feed: Feed<'_>) {
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
        self.finish(slot, feed);
    }

    /// Takes the tree under `top` out of the table.
    fn finish(&mut self, top: Slot, feed: Feed<'_>) {
        let wanted = match self.grouping {
            Grouping::Session => self.table[top].kind == Kind::Session,
            Grouping::Request => self.table[top].kind == Kind::Request,
            Grouping::Vxid | Grouping::Raw => true,
        };
        if wanted {
            self.finish_group(top, feed);
        } else {
            self.finish_without_top(top, feed);
        }
    }

    /// Takes the tree under `top` out of the table as a group, breadth first.
    pub(super) fn finish_group(&mut self, top: Slot, feed: Feed<'_>) {
        let mut tree = take(&mut self.tree);
        tree.push((top, 0));
        let mut at = 0;
        while let Some((slot, level)) = tree.get_mut(at) {
            let open = &self.table[*slot];
            // So far it is the level of the parent.
            if open.reason != Reason::Restart || *level == 0 {
                *level += 1;
            }
            let level = *level;
            tree.extend(open.children.iter().map(|&child| (child, level)));
            at += 1;
        }
        let verdict = self.verdict(&tree);
        if verdict != Some(false) {
            let group = self.make_group(&tree, feed);
            let is_wanted = match &self.listener {
                Some(listener) if verdict.is_none() => listener.selects(&group.transactions),
                _ => true,
            };
            if is_wanted {
                self.ready.push_back(group);
            } else {
                self.recycle(group);
            }
        }
        for &(slot, _) in &tree {
            self.forget(slot);
        }
        tree.clear();
        self.tree = tree;
    }

    /// Whether the query wants the tree, as far as what was heard of it says.
    fn verdict(&mut self, tree: &[(Slot, u32)]) -> Option<bool> {
        let Some(listener) = &self.listener else { return Some(true) };
        self.tree_heard.clear();
        self.tree_heard.extend(tree.iter().map(|&(slot, level)| {
            let open = &self.table[slot];
            HeardTransaction { level, vxid: open.vxid, heard: open.heard }
        }));
        listener.verdict(&self.tree_heard)
    }

    fn make_group(&mut self, tree: &[(Slot, u32)], feed: Feed<'_>) -> Group {
        let mut group = self.spare.groups.pop().unwrap_or_default();
        for &(slot, level) in tree {
            self.copy(slot, feed);
            let open = &mut self.table[slot];
            let bytes = take(&mut open.bytes);
            group.transactions.push(open.transaction(self.dialect, level, bytes));
        }
        group
    }

    /// Takes a complete transaction out of the table.
    pub(super) fn forget(&mut self, slot: Slot) {
        let open = &mut self.table[slot];
        self.held_bytes -= open.held_bytes;
        self.spare.give(take(&mut open.bytes));
        self.table.remove(slot);
    }
}
