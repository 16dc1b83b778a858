//! What a grouper did not hand out as it came, in numbers.

use std::ops::Add;

/// What became of records that are in no group, and of transactions that were cut.
///
/// Bytes are those of whole records, headers included. Together with what is open and what came out (without what
/// the grouper made up) they are what was fed in, exactly, unless [`Grouper::with_kept`](super::Grouper::with_kept)
/// skips records. Raw grouping leaves nothing out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Records that belong to no transaction: their number is 0.
    pub outside_bytes: u64,
    /// Records of transactions that were never opened: they began before reading did or in a gap, or are of a kind
    /// that the grouping has no place for.
    pub unopened_bytes: u64,
    /// Transactions whose tree has no such top as the grouping asks for, and that were left out for it.
    pub orphans: u64,
    /// Those of them that began: attempts, and requests that another request made. The others are nothing but
    /// names of parents that were not read, with what was still logged about them.
    pub orphans_begun: u64,
    /// Bytes of `orphans`.
    pub orphan_bytes: u64,
    /// Transactions given up as too old.
    pub timeouts: u64,
    /// Transactions given up because too many, or too many bytes of them, were open.
    pub overflows: u64,
    /// Transactions given up because records were lost.
    pub gaps: u64,
}

impl Add for Account {
    type Output = Account;

    /// What two groupers did, one after the other.
    fn add(self, other: Account) -> Account {
        Account {
            outside_bytes: self.outside_bytes + other.outside_bytes,
            unopened_bytes: self.unopened_bytes + other.unopened_bytes,
            orphans: self.orphans + other.orphans,
            orphans_begun: self.orphans_begun + other.orphans_begun,
            orphan_bytes: self.orphan_bytes + other.orphan_bytes,
            timeouts: self.timeouts + other.timeouts,
            overflows: self.overflows + other.overflows,
            gaps: self.gaps + other.gaps,
        }
    }
}
