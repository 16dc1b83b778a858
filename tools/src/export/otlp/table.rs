//! The options of `shellac export otlp`.

use crate::reading::options::Table;
use crate::reading::table::{
    DIALECT, FAIL_ON_LOSS, LIMIT_BYTES, ON_FULL, ORPHANS, OwnRow, SINCE, TZ, UNTIL, common, own,
    own_flag,
};
use crate::stock::table::Row;

/// The options that there are.
#[derive(Clone, Debug)]
pub(crate) struct OtlpTable;

impl Table for OtlpTable {
    const ROWS: &'static [Row] = &[
        common('C'),
        common('d'),
        Row {
            help: "How records are grouped: request (the default), or session, with a span for the connection",
            ..common('g')
        },
        common('h'),
        common('k'),
        common('L'),
        common('n'),
        common('Q'),
        common('q'),
        common('r'),
        common('t'),
        common('T'),
    ];
    const OWN: &'static [OwnRow] = &[
        own(
            "endpoint",
            "URL",
            "Where the collector listens: http[s]://HOST:PORT, which is asked at /v1/traces, or with a path \
             (default: OTEL_EXPORTER_OTLP_ENDPOINT, else http://127.0.0.1:4318)",
        ),
        own(
            "ca",
            "FILE",
            "With https: believe the certificates in this PEM file instead of the system's \
             (default: OTEL_EXPORTER_OTLP_CERTIFICATE)",
        ),
        own(
            "header",
            "NAME: VALUE",
            "Sent with each request, commas and all; may be given several times",
        ),
        own(
            "headers",
            "NAME=VALUE,...",
            "Sent with each request (default: OTEL_EXPORTER_OTLP_HEADERS)",
        ),
        own(
            "service",
            "NAME",
            "service.name of the spans (default: OTEL_SERVICE_NAME, else shellac)",
        ),
        own(
            "max-failing",
            "COUNT",
            "At most so many failing groups in a second of the log; the others are counted (default: 100)",
        ),
        own(
            "sample",
            "SHARE",
            "Also this share of the groups that did not fail, from 0 to 1 (default: 0)",
        ),
        own(
            "give-up",
            "SECONDS",
            "A batch that the collector does not take for so long is counted as lost (default: 60)",
        ),
        own("redact", "NAME,...", "Replace the values of these query parameters too"),
        own_flag("redact-query", "Replace token=, key=, password= and the like in URLs"),
        own_flag("no-redact", "Replace nothing"),
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
