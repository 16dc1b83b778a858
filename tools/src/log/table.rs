//! The options of the log tool: one table, from which come what both front ends accept, the usage text
//! and the help. It has two parts, as only one of the front ends has options of our own.

use crate::stock::table::{Row, flag, valued};

/// Every option, in the order of the usage text.
pub(super) const TABLE: &[Row] = &[
    flag('a', "Append to file", "With -w: append to the file"),
    flag('A', "Text output", "With -w: write text instead of records"),
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
        "Give up the oldest transactions when more than this many are incomplete (default: as varnishlog 1000, \
         else as many as --limit-bytes allows)",
    ),
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
        "Give up transactions that stay incomplete for this long (default: 120, but no limit for sessions unless \
         called varnishlog)",
    ),
    flag('u', "Unbuffered output", "Write each group at once"),
    flag('v', "Verbose record printing", "Number and side of each record on every line"),
    flag('V', "Version", "Print the version"),
    valued(
        'w',
        "<filename>",
        "Output filename",
        "Write records, for -r, to this file; \"-\" for standard output",
    ),
    valued('x', "<taglist>", "Exclude tags", "Hide these tags"),
    valued(
        'X',
        "<[taglist:]regex>",
        "Exclude by regex",
        "Hide records that match, of these tags or of any",
    ),
];

/// One option of `shellac log` that the stock tools do not have.
pub(super) struct OwnRow {
    /// What stands behind two dashes.
    pub(super) name: &'static str,
    /// What its argument is called, if it has one.
    pub(super) value: Option<&'static str>,
    /// All that the argument can be, where that is a list.
    pub(super) choices: &'static [&'static str],
    /// What `shellac log --help` says.
    pub(super) help: &'static str,
}

const fn own(name: &'static str, value: &'static str, help: &'static str) -> OwnRow {
    OwnRow { name, value: Some(value), choices: &[], help }
}

const fn own_flag(name: &'static str, help: &'static str) -> OwnRow {
    OwnRow { name, value: None, choices: &[], help }
}

const fn choice(
    name: &'static str,
    value: &'static str,
    choices: &'static [&'static str],
    help: &'static str,
) -> OwnRow {
    OwnRow { name, value: Some(value), choices, help }
}

/// Every option of our own.
pub(super) const OWN: &[OwnRow] = &[
    own(
        "since",
        "TIME",
        "Only what began at this time or later: 13:29, 13:29:05, -10m (s, m, h or d before now), 2026-11-22, \
         \"2026-11-22 13:29\", or seconds since 1970. A group began at its first Timestamp, a raw record at the last one \
         before it. A live log is read from its oldest record",
    ),
    own(
        "until",
        "TIME",
        "Only what began at this time or earlier, written as for --since. A live log is followed until then",
    ),
    own(
        "tz",
        "ZONE",
        "Whose clock times are read and shown by: local (the default), utc, or +02:00",
    ),
    choice(
        "color",
        "WHEN",
        &["auto", "always", "never"],
        "Colour on standard output: auto (the default) on a terminal unless NO_COLOR is set, always or never. With \
         colour, bytes that are not printable are shown as \\xNN",
    ),
    own(
        "limit-bytes",
        "SIZE",
        "Give up the oldest transactions as incomplete when more than this is held of those that are not \
         complete: bytes, or with K, M or G (default: 256M)",
    ),
    own_flag(
        "orphans",
        "With -g request or session: also show attempts, and requests, whose request or session was not read",
    ),
    choice(
        "on-full",
        "WHAT",
        &["block", "drop"],
        "What happens to records of a live log when the output is too slow: block leaves them in the log until \
         there is room, drop drops and counts them",
    ),
    own_flag("fail-on-loss", "End with status 3 if any records of a live log were lost"),
    own(
        "dialect",
        "DIALECT",
        "Which table of tags the log uses: 6.0-7.2, 7.3-8.0, 8.0.1-vs or 9.0-vs",
    ),
];

#[cfg(test)]
mod tests;
