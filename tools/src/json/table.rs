//! The options of `shellac json`: those of the log tool, and the schema.

use crate::reading::options::Table;
use crate::reading::table::{
    DIALECT, FAIL_ON_LOSS, LIMIT_BYTES, ON_FULL, ORPHANS, OwnRow, SINCE, TZ, UNTIL, choice, common,
    own_flag,
};
use crate::stock::table::Row;

/// The options that there are.
#[derive(Clone, Debug)]
pub(crate) struct JsonTable;

impl Table for JsonTable {
    const ROWS: &'static [Row] = &[
        common('a'),
        common('b'),
        common('c'),
        common('C'),
        common('d'),
        common('D'),
        common('E'),
        Row {
            help: "How records are grouped, a line for each group: request (the default), vxid (the default with \
                   --schema varnishlog-json), session or raw",
            ..common('g')
        },
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
        Row { help: "Number and side in each record", ..common('v') },
        common('V'),
        common('w'),
        common('x'),
        common('X'),
    ];
    const OWN: &'static [OwnRow] = &[
        choice(
            SCHEMA,
            "NAME",
            &["shellac", "varnishlog-json"],
            "What a line looks like: shellac (the default; every record with its fields, attempts below their request, \
             see --print-schema) or varnishlog-json",
        ),
        own_flag(PRINT_SCHEMA, "Print the JSON Schema of the lines of --schema shellac"),
        SINCE,
        UNTIL,
        TZ,
        LIMIT_BYTES,
        ORPHANS,
        ON_FULL,
        FAIL_ON_LOSS,
        DIALECT,
    ];
}

/// The name of the option that chooses the schema.
pub(super) const SCHEMA: &str = "schema";
/// The name of the option that prints ours.
pub(super) const PRINT_SCHEMA: &str = "print-schema";
