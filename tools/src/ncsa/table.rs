//! The options of the ncsa tool: those of each generation, and our own.

use crate::reading::table::{
    DIALECT, FAIL_ON_LOSS, LIMIT_BYTES, ON_FULL, OwnRow, SINCE, TZ, UNTIL, choice, common, own,
};
use crate::stock::table::{Row, flag, valued};

const BACKEND: Row = Row {
    usage: "Backend mode",
    help: "Lines for what is asked of backends; with -c also for clients",
    ..common('b')
};
const CLIENT: Row =
    Row { usage: "Client mode", help: "Lines for what clients ask: the default", ..common('c') };
const INCLUDES: Row = Row {
    usage: "Show ESI requests",
    help: "As -c, with lines for the requests that includes make",
    ..common('E')
};
const FORMAT: Row = valued(
    'F',
    "<format>",
    "Set output format",
    "The format: %h %l %u %t %r %s %b %D %H %I %m %O %q %T %U, %{NAME}i, %{NAME}o, %{FORMAT}t, %{s|ms|us}T, %{NAME}x",
);
const FORMAT_FILE: Row = valued(
    'f',
    "<formatfile>",
    "Read output format from file",
    "As -F, with the first line of a file",
);
const GROUPING: Row = Row {
    value: Some("<request|vxid>"),
    help: "How records are grouped for the query: vxid (the default) or request, where all requests and attempts of a group \
           have lines",
    ..common('g')
};
const JSON: Row = flag(
    'j',
    "Make output JSON-compatible",
    "Escape as JSON does; what is missing is an empty text, or 0",
);
const WRITE: Row = Row { help: "Write to this file; \"-\" for standard output", ..common('w') };

/// Those of the older generation, in the order of its usage text.
pub(super) const TABLE: &[Row] = &[
    common('a'),
    BACKEND,
    CLIENT,
    common('C'),
    common('d'),
    common('D'),
    INCLUDES,
    FORMAT,
    FORMAT_FILE,
    GROUPING,
    common('h'),
    JSON,
    common('L'),
    common('n'),
    common('P'),
    common('Q'),
    common('q'),
    common('r'),
    common('R'),
    common('t'),
    common('V'),
    WRITE,
];

/// Those of the newer one, and of ours: it can stop by itself.
pub(super) const NEWER: &[Row] = &[
    common('a'),
    BACKEND,
    CLIENT,
    common('C'),
    common('d'),
    common('D'),
    INCLUDES,
    FORMAT,
    FORMAT_FILE,
    GROUPING,
    common('h'),
    JSON,
    common('k'),
    common('L'),
    common('n'),
    common('P'),
    common('Q'),
    common('q'),
    common('r'),
    common('R'),
    common('t'),
    common('V'),
    WRITE,
];

/// Our own.
pub(super) const OWN: &[OwnRow] = &[
    choice(
        "format",
        "NAME",
        &["ltsv", "combined", "json"],
        "A format by name: combined, as web servers write it; ltsv or json, with all attempts of a request",
    ),
    own(
        "rotate",
        "SIZE|TIME",
        "With -w: begin a new file when this one has so many bytes (K, M or G), or when so much time of the clock is over \
         (m, h or d); the old one becomes FILE.1, that one FILE.2",
    ),
    own("keep", "NUMBER", "With --rotate: keep so many old files (default: 7)"),
    SINCE,
    UNTIL,
    TZ,
    LIMIT_BYTES,
    ON_FULL,
    FAIL_ON_LOSS,
    DIALECT,
];
