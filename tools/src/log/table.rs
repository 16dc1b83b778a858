//! The options of the log tool: one table, from which come what both front ends accept, the usage text
//! and the help. It has two parts, as only one of the front ends has options of our own.

use crate::reading::table::{
    DIALECT, FAIL_ON_LOSS, LIMIT_BYTES, ON_FULL, ORPHANS, OwnRow, SINCE, TZ, UNTIL, choice, common,
};
use crate::stock::table::{Row, flag};

/// Every option, in the order of the usage text.
pub(super) const TABLE: &[Row] = &[
    common('a'),
    flag('A', "Text output", "With -w: write text instead of records"),
    common('b'),
    common('c'),
    common('C'),
    common('d'),
    common('D'),
    common('E'),
    common('g'),
    common('h'),
    common('i'),
    common('I'),
    common('k'),
    common('L'),
    common('n'),
    common('P'),
    common('Q'),
    common('q'),
    common('r'),
    common('R'),
    common('t'),
    common('T'),
    common('u'),
    common('v'),
    common('V'),
    Row { help: "Write records, for -r, to this file; \"-\" for standard output", ..common('w') },
    common('x'),
    common('X'),
];

/// Every option of our own.
pub(super) const OWN: &[OwnRow] = &[
    SINCE,
    UNTIL,
    TZ,
    choice(
        "color",
        "WHEN",
        &["auto", "always", "never"],
        "Colour on standard output: auto (the default) on a terminal unless NO_COLOR is set, always or never. With \
         colour, bytes that are not printable are shown as \\xNN",
    ),
    LIMIT_BYTES,
    ORPHANS,
    ON_FULL,
    FAIL_ON_LOSS,
    DIALECT,
];

#[cfg(test)]
mod tests;
