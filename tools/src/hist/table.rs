//! The options of the tool: those of the stock tool in the order of its usage text, and our own.

use crate::reading::table::{
    DIALECT, FAIL_ON_LOSS, LIMIT_BYTES, ON_FULL, ORPHANS, OwnRow, SINCE, TZ, UNTIL, common,
    own_flag,
};
use crate::stock::table::{Row, valued};

/// What `--help` says of `-P`, once for all its lines in the usage text.
const PROFILE_HELP: &str = "What is measured: responsetime (the default), reqbodytime, size, Bereqtime, Beresptime, \
     BerespBodytime, Besize, or [c:|b:|E:]TAG:[PREFIX]:FIELD[:LOW:HIGH], a number in the records with this tag whose \
     text starts so; the axis goes from 10^LOW to 10^HIGH";

const fn profile(value: &'static str, usage: &'static str) -> Row {
    valued('P', value, usage, PROFILE_HELP)
}

/// Every option of the stock tool.
pub(super) const TABLE: &[Row] = &[
    valued(
        'B',
        "<factor>",
        "Time bending",
        "Read so that the time of the log goes this many times as fast as ours",
    ),
    common('C'),
    common('d'),
    Row {
        value: Some("<request|vxid>"),
        help: "How records are grouped: vxid (the default) or request",
        ..common('g')
    },
    common('h'),
    common('L'),
    common('n'),
    valued(
        'p',
        "<period>",
        "Refresh period",
        "Seconds between two pictures, with a fraction if need be (default: 1)",
    ),
    profile("responsetime", "Predefined client profile"),
    profile("reqbodytime", "Predefined client profile"),
    profile("size", "Predefined client profile"),
    profile("Bereqtime", "Predefined backend profile"),
    profile("Beresptime", "Predefined backend profile"),
    profile("BerespBodytime", "Predefined backend profile"),
    profile("Besize", "Predefined backend profile"),
    profile("<[cb:]tag:[prefix]:field_num[:min:max]>", "Custom profile definition"),
    common('Q'),
    common('q'),
    common('r'),
    common('t'),
    common('T'),
    common('V'),
];

/// Every option of our own.
pub(super) const OWN: &[OwnRow] = &[
    own_flag(
        "batch",
        "Read to the end, write the histogram of all samples as text and exit; a live log from its oldest record",
    ),
    own_flag("json", "As --batch, as JSON"),
    SINCE,
    UNTIL,
    TZ,
    LIMIT_BYTES,
    ORPHANS,
    ON_FULL,
    FAIL_ON_LOSS,
    DIALECT,
];
