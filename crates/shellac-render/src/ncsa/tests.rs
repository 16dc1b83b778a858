use shellac_format::record::encode_text;
use shellac_format::{Dialect, Side, Tag, Vxid};
use shellac_log::{Compat, Group, Transaction};

use super::{Extensions, Format, FormatOptions, LineMaker, Preset};
use crate::lines::Text;
use crate::trace::Zone;

const DIALECT: Dialect = Dialect::Vs9_0;

/// A transaction of these records.
fn transaction(vxid: u64, side: Side, level: u32, records: &[(Tag, &str)]) -> Transaction {
    let mut bytes = Vec::new();
    for (tag, text) in records {
        let number = tag.number(DIALECT).expect("a tag of the dialect");
        let layout = DIALECT.layout();
        encode_text(&mut bytes, layout, number, Vxid(vxid), side, text.as_bytes(), 1024);
    }
    Transaction::from_records(DIALECT, level, bytes).expect("they are whole")
}

fn options(compat: Compat) -> FormatOptions {
    FormatOptions { compat, extensions: Extensions::Own, json: false, zone: Zone::Utc }
}

fn filled(format: &Format, transactions: Vec<Transaction>) -> String {
    let mut out = Text::default();
    LineMaker::new(format, DIALECT).group(&Group { transactions }, &mut out);
    String::from_utf8(out.as_bytes().to_vec()).expect("text")
}

fn line(format: &str, compat: Compat, transactions: Vec<Transaction>) -> String {
    filled(&Format::parse(format.as_bytes(), options(compat)).expect("a format"), transactions)
}

/// A request whose headers are changed on the way.
fn request() -> Transaction {
    transaction(
        2,
        Side::Client,
        1,
        &[
            (Tag::Begin, "req 1 rxreq"),
            (Tag::Timestamp, "Start: 1795304833.999999 0.000000 0.000000"),
            (Tag::ReqStart, "192.0.2.1 40000 a0 https"),
            (Tag::ReqUrl, "/first?a=1"),
            (Tag::ReqHeader, "Host: first"),
            (Tag::ReqHeader, "X: 1"),
            (Tag::ReqHeader, "Y: 1"),
            (Tag::ReqUnset, "Y: 1"),
            (Tag::VclCall, "RECV"),
            (Tag::ReqUrl, "/second"),
            (Tag::ReqUnset, "X: 1"),
            (Tag::ReqHeader, "X: 2"),
            (Tag::RespStatus, "200"),
            (Tag::RespHeader, "X: a"),
            (Tag::RespUnset, "X: a"),
            (Tag::VclCall, "DELIVER"),
            (Tag::Timestamp, "Resp: 1795304834.249999 0.250000 0.250000"),
            (Tag::End, ""),
        ],
    )
}

#[test]
fn the_newer_generation_shows_what_the_client_sent_and_got() {
    let format = "%U%q %{X}i %{Y}i %{X}o %{X:last}i %{X:first}i %{Y:last}i";
    assert_eq!(line(format, Compat::V9, vec![request()]), "/first?a=1 1 1 - 2 1 -\n");
    let format = "%U%q %{X}i %{Y}i %{X}o %{X:last}i";
    assert_eq!(line(format, Compat::V7, vec![request()]), "/first?a=1 2 1 a 2\n");
}

#[test]
fn the_newer_generation_knows_the_scheme() {
    assert!(line("%r", Compat::V9, vec![request()]).starts_with("- https://first/first?a=1 "));
    assert!(line("%r", Compat::V7, vec![request()]).starts_with("- http://first/first?a=1 "));
}

#[test]
fn moments_are_cut_and_not_rounded() {
    let format = "%{%S}t %{msec_frac}t %{usec_frac}t %{ms}T %T %{request_time}x %{time_iso8601}x";
    let expected = "13 999 999999 250 0 0.250 2026-11-21T23:47:13+00:00\n";
    assert_eq!(line(format, Compat::V9, vec![request()]), expected);
}

#[test]
fn a_line_whose_moment_is_not_recorded_is_none() {
    let bare = || transaction(2, Side::Client, 1, &[(Tag::Begin, "req 1 rxreq"), (Tag::End, "")]);
    assert_eq!(line("%h %t", Compat::V9, vec![bare()]), "");
    assert_eq!(line("%h", Compat::V9, vec![bare()]), "-\n");
}

/// An attempt that was given up at `end`, or got this status.
fn attempt(vxid: u64, begin: &str, address: &str, outcome: &str, end: &str) -> Transaction {
    let is_status = outcome.parse::<u16>().is_ok();
    let (opened, ended) =
        (format!("1 b {address} 80 127.0.0.1 4 connect"), format!("Beresp: 1.0 {end} 0.0"));
    let mut records = vec![
        (Tag::Begin, begin),
        (Tag::Timestamp, "Start: 1.0 0.100000 0.0"),
        (Tag::Timestamp, "Fetch: 1.0 0.100000 0.0"),
        (Tag::Timestamp, "Connected: 1.0 0.101500 0.0"),
        (Tag::BackendOpen, &opened),
    ];
    if !is_status {
        records.push((Tag::FetchError, outcome));
    }
    records.push((Tag::Timestamp, &ended));
    records.push((Tag::BerespStatus, if is_status { outcome } else { "503" }));
    records.push((Tag::End, ""));
    transaction(vxid, Side::Backend, 2, &records)
}

#[test]
fn retries_have_commas_between_them_and_restarts_colons() {
    let round = |vxid, begin: &str, more: &[(Tag, &str)]| {
        let first = [(Tag::Begin, begin), (Tag::Timestamp, "Start: 1.0 0.0 0.0")];
        transaction(vxid, Side::Client, 1, &[&first, more, &[(Tag::End, "")]].concat())
    };
    let group = || {
        vec![
            round(2, "req 1 rxreq", &[(Tag::VclReturn, "restart")]),
            attempt(3, "bereq 2 fetch", "192.0.2.1", "first byte timeout", "1.100000"),
            round(4, "req 2 restart", &[]),
            attempt(5, "bereq 3 retry", "::1", "HTC eof (-1)", "0.110000"),
            attempt(6, "bereq 4 fetch", "/run/b", "200", "0.350900"),
            attempt(7, "bereq 4 bgfetch", "192.0.2.9", "200", "0.2"),
        ]
    };
    let format = "%{upstream_addr}x|%{upstream_status}x|%{upstream_connect_time}x|%{upstream_header_time}x|%{upstream_response_time}x";
    let parsed = Format::parse(format.as_bytes(), options(Compat::V9)).expect("a format");
    let mut out = Text::default();
    let client = shellac_log::Sides { client: true, ..Default::default() };
    let mut lines = LineMaker::new(&parsed, DIALECT).with_lines_for(client);
    assert_eq!(lines.group(&Group { transactions: group() }, &mut out), 1);
    assert_eq!(
        String::from_utf8_lossy(out.as_bytes()),
        "192.0.2.1:80, [::1]:80 : unix:/run/b:80|504, 502 : 200|0.001, 0.001 : 0.001|-, - : 0.250|1.000, 0.010 : 0.250\n"
    );
}

#[test]
fn the_json_format_is_json_whatever_the_log_says() {
    let bytes = "req 1 rxreq";
    let mut nasty = transaction(2, Side::Client, 1, &[(Tag::Begin, bytes)]).bytes().to_vec();
    for (tag, text) in [
        (Tag::ReqUrl, &b"/\xff\"\\\x01\x7f\xc3\xa9\t"[..]),
        (Tag::RespStatus, b"0200"),
        (Tag::ReqAcct, b"1 2 x 4 5 6"),
        (Tag::End, b""),
    ] {
        let number = tag.number(DIALECT).expect("a tag of the dialect");
        encode_text(&mut nasty, DIALECT.layout(), number, Vxid(2), Side::Client, text, 1024);
    }
    let nasty = Transaction::from_records(DIALECT, 1, nasty).expect("they are whole");
    let format = Format::preset(Preset::Json, options(Compat::V9)).expect("a preset");
    let text = filled(&format, vec![nasty]);
    let value: serde_json::Value =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(value["uri"], "/\u{ff}\"\\\u{1}\u{7f}\u{e9}");
    assert!(
        value["status"].is_null() && value["request_length"].is_null() && value["time"].is_null()
    );
    assert_eq!(value["body_bytes_sent"], 5);
}
