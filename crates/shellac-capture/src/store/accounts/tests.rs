use super::{Account, Accounts, MAX_CLASSES, OTHER_CLASSES};
use crate::index::Outcome;

#[test]
fn a_line_that_is_given_up_makes_its_failure_lost_unless_its_records_are_kept() {
    let mut accounts = Accounts::default();
    for outcome in Outcome::ALL {
        accounts.count("timeout", outcome);
        accounts.lose_line("timeout", outcome);
    }
    let account = accounts.classes["timeout"];
    assert_eq!(account, Account { handed_in: 4, full: 1, index: 0, suppressed: 0, lost: 3 });
    assert!(account.balances());
    assert_eq!(accounts.lines_lost, 4);
}

#[test]
fn classes_without_number_end_in_one_account() {
    let mut accounts = Accounts::default();
    for number in 0..MAX_CLASSES + 500 {
        accounts.count(&format!("class{number}"), Outcome::Index);
    }
    accounts.lose_line("never_counted_by_itself", Outcome::Index);
    assert_eq!(accounts.classes.len(), MAX_CLASSES + 1);
    assert_eq!(
        accounts.classes[OTHER_CLASSES],
        Account { handed_in: 500, index: 499, lost: 1, ..Account::default() }
    );
    assert!(accounts.total().balances());
    assert_eq!(accounts.total().handed_in, MAX_CLASSES as u64 + 500);
}
