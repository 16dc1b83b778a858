use clap::Args as _;
use shellac_log::Compat;

use super::super::Args;
use super::rows;
use crate::stock::table::optstring;

#[test]
fn the_letters_are_those_of_the_stock_tools() {
    assert_eq!(optstring(&rows(Compat::V7)), "1f:hI:jln:rt:VX:x");
    assert_eq!(optstring(&rows(Compat::V9)), "1cf:hI:jln:rt:VX:x");
}

#[test]
fn our_own_front_end_has_all_of_them() {
    let command = Args::augment_args(clap::Command::new("x"));
    for row in rows(Compat::V7) {
        let has_value = command.get_arguments().find_map(|argument| {
            (argument.get_short() == Some(row.letter)).then(|| argument.get_action().takes_values())
        });
        // Help is clap's.
        assert!(row.letter == 'h' || has_value == Some(row.value.is_some()), "-{}", row.letter);
    }
}
