//! Groups for the tests of this crate.

use std::time::Duration;

use shellac_format::{Dialect, Side, TAGS, Vxid, record as format};
use shellac_log::{Group, Grouper, Grouping, Limits};

/// One record.
pub(crate) fn record(dialect: Dialect, vxid: u64, tag: &str, text: &str) -> Vec<u8> {
    let row = TAGS.iter().find(|row| row.name == tag).expect("a tag");
    let number = row.tag.number(dialect).expect("a tag of this dialect");
    let mut bytes = Vec::new();
    format::encode_text(
        &mut bytes,
        dialect.layout(),
        number,
        Vxid(vxid),
        Side::None,
        text.as_bytes(),
        4096,
    );
    bytes
}

/// Records of one transaction.
pub(crate) fn records(dialect: Dialect, vxid: u64, lines: &[(&str, &str)]) -> Vec<u8> {
    lines.iter().flat_map(|(tag, text)| record(dialect, vxid, tag, text)).collect()
}

/// A request with one attempt, `vxid + 1`: the batches in the order in which they are published.
pub(crate) fn batches(
    dialect: Dialect,
    vxid: u64,
    url: &str,
    status: u16,
    error: bool,
) -> [Vec<u8>; 2] {
    let status = status.to_string();
    let (begin, link) = (format!("bereq {vxid} pass"), format!("bereq {} pass", vxid + 1));
    let mut attempt = vec![
        ("Begin", begin.as_str()),
        ("Timestamp", "Start: 1504590151.903285 0.000000 0.000000"),
        ("BereqMethod", "POST"),
        ("BereqURL", url),
        ("BackendOpen", "25 b0 127.0.0.1 80 127.0.0.1 40000 connect"),
    ];
    if error {
        attempt.push(("FetchError", "HTC eof (-1)"));
    }
    attempt.push(("BackendClose", "25 b0 close"));
    attempt.push(("End", ""));
    let request = [
        ("Begin", "req 1 rxreq"),
        ("Timestamp", "Start: 1504590151.903285 0.000000 0.000000"),
        ("ReqMethod", "POST"),
        ("ReqURL", url),
        ("ReqHeader", "Cookie: secret=1"),
        ("Link", link.as_str()),
        ("RespStatus", status.as_str()),
        ("Timestamp", "Resp: 1504590151.905285 0.002000 0.001000"),
        ("End", ""),
    ];
    [records(dialect, vxid + 1, &attempt), records(dialect, vxid, &request)]
}

fn grouped(dialect: Dialect, batches: &[Vec<u8>]) -> Group {
    let mut grouper = Grouper::new(Grouping::Request, dialect, Limits::default());
    batches.iter().for_each(|batch| grouper.unit(batch, Duration::ZERO));
    grouper.pop().expect("a whole group")
}

/// A request that was answered with this status.
pub(crate) fn group(dialect: Dialect, vxid: u64, url: &str, status: u16) -> Group {
    grouped(dialect, &batches(dialect, vxid, url, status, false))
}

/// A request whose attempt failed.
pub(crate) fn bad(dialect: Dialect, vxid: u64, url: &str) -> Group {
    grouped(dialect, &batches(dialect, vxid, url, 503, true))
}
