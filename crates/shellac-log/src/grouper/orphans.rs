//! Trees without the top that the grouping asks for: it was cut off by a loss, or began before reading did.

use super::Grouper;
use super::open::{Open, Slot};
use super::row::Feed;
use crate::transaction::{Grouping, Kind};

impl Grouper {
    /// Hands out, as groups of their own, transactions whose tree has no such top as the grouping asks for.
    ///
    /// An attempt names its request, and a request its session. When the beginning of that parent was never read, it
    /// is held open as an unknown one, with its children, until its `End` comes, until it is given up
    /// ([`Limits`](super::Limits)), or until a flush; then the whole tree is dropped and counted in
    /// [`Account::orphans`](super::Account::orphans), as the original tools drop it. With this:
    ///
    /// * in request grouping each topmost attempt of such a tree (or request, when one request made another) leaves
    ///   as a group with itself at level 1 and with everything that it started below it: a retry is in the group
    ///   of the attempt before it;
    /// * in session grouping each topmost request does so.
    ///
    /// Such groups are known by their top: in request grouping it is a [`Kind::Backend`], or a request whose
    /// [`parent`](crate::Transaction::parent) is not 0 and whose reason is not [`Rxreq`](crate::Reason::Rxreq).
    /// What was read of the parent itself has no beginning and stays out, but is counted. It changes nothing in
    /// vxid and raw grouping, where nobody has a parent.
    #[must_use]
    pub const fn with_orphans(mut self, orphans: bool) -> Grouper {
        self.orphans = orphans;
        self
    }

    /// Takes the tree under `top`, which is not what the grouping asks for, out of the table.
    pub(super) fn finish_without_top(&mut self, top: Slot, feed: Feed<'_>) {
        let mut tops = vec![top];
        while let Some(slot) = tops.pop() {
            let open = &self.table[slot];
            let stands_for_itself = self.stands_for_itself(open);
            if self.orphans && stands_for_itself {
                self.finish_group(slot, feed);
                continue;
            }
            self.account.orphans += 1;
            self.account.orphans_begun += u64::from(stands_for_itself);
            self.account.orphan_bytes += open.read_bytes();
            // The last is taken first: reversed, they come out in their order.
            tops.extend(open.children.iter().rev());
            self.forget(slot);
        }
    }

    /// Whether it can be shown without its parent: something of it was read, and it is known what it is.
    fn stands_for_itself(&self, open: &Open) -> bool {
        let is_shown = match open.kind {
            Kind::Request | Kind::Backend => true,
            Kind::Session => self.grouping == Grouping::Session,
            Kind::Unknown | Kind::Raw => false,
        };
        is_shown && open.is_read
    }
}

#[cfg(test)]
mod tests;
