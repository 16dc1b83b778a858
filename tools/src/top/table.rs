//! The options of the tool: those of the stock tool in the order of its usage text, and our own.

use super::measured::By;
use super::report::Sort;
use crate::reading::table::{
    DIALECT, FAIL_ON_LOSS, LIMIT_BYTES, ON_FULL, ORPHANS, OwnRow, SINCE, TZ, UNTIL, choice, common,
    own, own_flag,
};
use crate::stock::table::{Row, flag, valued};

/// Every option of the stock tool.
pub(super) const TABLE: &[Row] = &[
    flag(
        '1',
        "Run once",
        "Read to the end, write the list and exit; a live log from its oldest record",
    ),
    common('b'),
    common('c'),
    common('C'),
    Row {
        usage: "Process old log entries",
        help: "Start with the oldest record that the log still holds; the screen stays at the newest",
        ..common('d')
    },
    common('E'),
    flag('f', "First field only", "Count by the first field of the text: up to a colon or a space"),
    common('g'),
    common('h'),
    common('i'),
    common('I'),
    common('L'),
    common('n'),
    valued(
        'p',
        "<period>",
        "Sampling period",
        "Seconds over which counts on the screen decay (default: 60)",
    ),
    common('Q'),
    common('q'),
    common('r'),
    common('t'),
    common('T'),
    common('x'),
    common('X'),
    common('V'),
];

/// Every option of our own.
pub(super) const OWN: &[OwnRow] = &[
    choice(
        "by",
        "WHAT",
        By::WORDS,
        "Instead of records count requests (attempts, with backend), with their errors and times: by url-pattern, \
         backend, status or client. Grouping is by request then (by vxid with backend), unless -g says otherwise",
    ),
    choice(
        "sort",
        "COLUMN",
        Sort::WORDS,
        "With --by: what the rows are sorted by, the largest first: count (the default), errors, avg, p50, p95, p99 or max",
    ),
    own("lines", "NUMBER", "With -1: at most so many lines (default: all)"),
    own_flag("json", "With -1: as JSON; the list as one object per line"),
    own(
        "limit-keys",
        "NUMBER",
        "Room for so many keys (default: 2000000, with --by 2000). When there are more, counts become upper bounds, \
         which is said",
    ),
    SINCE,
    UNTIL,
    TZ,
    LIMIT_BYTES,
    ORPHANS,
    ON_FULL,
    FAIL_ON_LOSS,
    DIALECT,
];
