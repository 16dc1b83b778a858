//! The options that reading tools share: one row each. A tool's own table names those that it has, in the order of its
//! usage text; `Row { usage: "...", ..common('b') }` says something else about one.

use crate::stock::table::{Row, flag, valued};

/// Every shared option of the stock tools.
const COMMON: &[Row] = &[
    flag('a', "Append to file", "With -w: append to the file"),
    flag('b', "Only display backend records", "Only what concerns backends"),
    flag('c', "Only display client records", "Only what concerns clients"),
    flag(
        'C',
        "Caseless regular expressions",
        "Upper and lower case are the same: in the query, and in each -I and -X after this",
    ),
    flag(
        'd',
        "Process old log entries and exit",
        "Start with the oldest record that the log still holds and stop at the newest",
    ),
    flag('D', "Daemonize", "With -w: go to the background; SIGHUP opens the file anew"),
    flag('E', "Display ESI transactions", "As -c, with the requests that includes make"),
    valued(
        'g',
        "<session|request|vxid|raw>",
        "Grouping mode (default: vxid)",
        "How records are grouped: raw, vxid (the default), request or session",
    ),
    flag('h', "Usage help", "Print help"),
    valued(
        'i',
        "<taglist>",
        "Include tags",
        "Show these tags; as the first of -i -I -x -X, no others",
    ),
    valued(
        'I',
        "<[taglist:]regex>",
        "Include by regex",
        "Show records that match, of these tags or of any; as the first of -i -I -x -X, no others",
    ),
    valued('k', "<num>", "Limit transactions", "Stop after this many groups"),
    valued(
        'L',
        "<limit>",
        "Incomplete transaction limit",
        "Give up the oldest transactions when more than this many are incomplete (default: as many as --limit-bytes \
         allows)",
    )
    .under_stock_name("Give up the oldest transactions when more than this many are incomplete (default: 1000)"),
    valued(
        'n',
        "<dir>",
        "varnishd working directory",
        "Instance: an absolute path of a working directory, or a name",
    ),
    valued('P', "<file>", "PID file", "Write the number of the process to this file and lock it"),
    valued('Q', "<file>", "VSL query file", "As -q, with the content of a file"),
    valued('q', "<query>", "VSL query", "Only groups that this selects; several are alternatives"),
    valued(
        'r',
        "<filename>",
        "Binary file input",
        "Read a file of records instead of a live log; \"-\" for standard input",
    ),
    valued(
        'R',
        "<limit[/duration]>",
        "Output rate limit",
        "At most this many groups in this time (default: 1s); what is more is left out",
    ),
    valued(
        't',
        "<seconds|off>",
        "VSM connection timeout",
        "How long to wait for the instance (default: 5), or \"off\" for ever",
    ),
    valued(
        'T',
        "<seconds>",
        "Transaction end timeout",
        "Give up transactions that stay incomplete for this long (default: 120, and no limit for sessions)",
    )
    .under_stock_name("Give up transactions that stay incomplete for this long (default: 120)"),
    flag('u', "Unbuffered output", "Write each group at once"),
    flag('v', "Verbose record printing", "Number and side of each record on every line"),
    flag('V', "Version", "Print the version"),
    valued('w', "<filename>", "Output filename", "Write to this file; \"-\" for standard output"),
    valued('x', "<taglist>", "Exclude tags", "Hide these tags"),
    valued(
        'X',
        "<[taglist:]regex>",
        "Exclude by regex",
        "Hide records that match, of these tags or of any",
    ),
];

/// The shared option of this letter. Asked for while compiling: one that is missing is a mistake of ours.
pub(crate) const fn common(letter: char) -> Row {
    let mut at = 0;
    while at < COMMON.len() {
        if COMMON[at].letter == letter {
            return COMMON[at];
        }
        at += 1;
    }
    panic!("no shared option has this letter")
}

/// One option that the stock tools do not have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnRow {
    /// What stands behind two dashes.
    pub(crate) name: &'static str,
    /// What its argument is called, if it has one.
    pub(crate) value: Option<&'static str>,
    /// All that the argument can be, where that is a list.
    pub(crate) choices: &'static [&'static str],
    /// What `--help` says.
    pub(crate) help: &'static str,
}

pub(crate) const fn own(name: &'static str, value: &'static str, help: &'static str) -> OwnRow {
    OwnRow { name, value: Some(value), choices: &[], help }
}

pub(crate) const fn own_flag(name: &'static str, help: &'static str) -> OwnRow {
    OwnRow { name, value: None, choices: &[], help }
}

pub(crate) const fn choice(
    name: &'static str,
    value: &'static str,
    choices: &'static [&'static str],
    help: &'static str,
) -> OwnRow {
    OwnRow { name, value: Some(value), choices, help }
}

pub(crate) const SINCE: OwnRow = own(
    "since",
    "TIME",
    "Only what began at this time or later: 13:29, 13:29:05, -10m (s, m, h or d before now), 2026-11-22, \
     \"2026-11-22 13:29\", or seconds since 1970. A group began at its first Timestamp, a raw record at the last one \
     before it. A live log is read from its oldest record",
);

pub(crate) const UNTIL: OwnRow = own(
    "until",
    "TIME",
    "Only what began at this time or earlier, written as for --since. A live log is followed until then",
);

pub(crate) const TZ: OwnRow = own(
    "tz",
    "ZONE",
    "Whose clock times are read and shown by: local (the default), utc, or +02:00",
);

pub(crate) const LIMIT_BYTES: OwnRow = own(
    "limit-bytes",
    "SIZE",
    "Give up the oldest transactions as incomplete when more than this is held of those that are not \
     complete: bytes, or with K, M or G (default: 256M)",
);

pub(crate) const ORPHANS: OwnRow = own_flag(
    "orphans",
    "With -g request or session: also show attempts, and requests, whose request or session was not read",
);

pub(crate) const ON_FULL: OwnRow = choice(
    "on-full",
    "WHAT",
    &["block", "drop"],
    "What happens to records of a live log when the output is too slow: block leaves them in the log until \
     there is room, drop drops and counts them",
);

pub(crate) const FAIL_ON_LOSS: OwnRow =
    own_flag("fail-on-loss", "End with status 3 if any records of a live log were lost");

pub(crate) const DIALECT: OwnRow = own(
    "dialect",
    "DIALECT",
    "Which table of tags the log uses: 6.0-7.2, 7.3-8.0, 8.0.1-vs or 9.0-vs",
);
