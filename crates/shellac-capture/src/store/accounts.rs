//! What became of the failures that were handed in, per class.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::index::Outcome;

/// Classes that are counted by themselves; further ones are counted under [`OTHER_CLASSES`].
pub const MAX_CLASSES: usize = 4096;
/// Where failures are counted whose class was one too many. Classes are made of letters, digits and `_`.
pub const OTHER_CLASSES: &str = "(other)";

/// Failures of one class, or of all.
///
/// `handed_in == full + index + suppressed + lost` always holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Failing groups that were handed in.
    pub handed_in: u64,
    /// Those whose records were written to a capture.
    pub full: u64,
    /// Those that have a line in the index, as intended.
    pub index: u64,
    /// Those that a limit kept out of the captures; they have a line in the index.
    pub suppressed: u64,
    /// Those that should have been written and could not be: the records of captures, or a line that is all there would have been.
    pub lost: u64,
}

impl Account {
    /// Whether the numbers add up.
    pub const fn balances(&self) -> bool {
        self.handed_in == self.full + self.index + self.suppressed + self.lost
    }

    fn of(&mut self, outcome: Outcome) -> &mut u64 {
        match outcome {
            Outcome::Full => &mut self.full,
            Outcome::Index => &mut self.index,
            Outcome::Suppressed => &mut self.suppressed,
            Outcome::Lost => &mut self.lost,
        }
    }
}

/// The accounts of all classes since the store was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounts {
    /// By class.
    pub classes: BTreeMap<String, Account>,
    /// Lines of the index that could not be written and are not held any more. Their failures are counted as lost
    /// unless their records are in a capture.
    pub lines_lost: u64,
    /// Failures whose lines wait for the disk to take them.
    pub lines_held: u64,
    /// Capture files that were removed to make room.
    pub evicted: u64,
    /// Index files that were removed because the index had used up its budget.
    pub index_files_removed: u64,
}

impl Accounts {
    /// All classes together.
    pub fn total(&self) -> Account {
        self.classes.values().fold(Account::default(), |mut sum, account| {
            sum.handed_in += account.handed_in;
            sum.full += account.full;
            sum.index += account.index;
            sum.suppressed += account.suppressed;
            sum.lost += account.lost;
            sum
        })
    }

    /// Counts a failure that was handed in with what became of it.
    pub(crate) fn count(&mut self, class: &str, outcome: Outcome) {
        let account = self.account(class);
        account.handed_in += 1;
        *account.of(outcome) += 1;
    }

    /// The line of a failure that was counted cannot be written and is given up.
    pub(crate) fn lose_line(&mut self, class: &str, outcome: Outcome) {
        self.lines_lost += 1;
        if matches!(outcome, Outcome::Index | Outcome::Suppressed) {
            let account = self.account(class);
            *account.of(outcome) -= 1;
            account.lost += 1;
        }
    }

    fn account(&mut self, class: &str) -> &mut Account {
        let is_one_too_many =
            !self.classes.contains_key(class) && self.classes.len() >= MAX_CLASSES;
        let class = if is_one_too_many { OTHER_CLASSES } else { class };
        // Not `entry`, which would want an owned name for every failure.
        if !self.classes.contains_key(class) {
            self.classes.insert(class.to_owned(), Account::default());
        }
        self.classes.get_mut(class).expect("it was put there a line above")
    }
}

#[cfg(test)]
mod tests;
