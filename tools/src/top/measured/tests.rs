use shellac_format::record::encode_text;
use shellac_format::{Dialect, Side, Tag, Vxid};
use shellac_log::{Group, Transaction};

use super::{By, Measured};
use crate::reading::pass::Sink;

const DIALECT: Dialect = Dialect::V7_3;

fn transaction(begin: &str, lines: &[(Tag, &str)]) -> Transaction {
    let mut bytes = Vec::new();
    for (tag, text) in [&[(Tag::Begin, begin)], lines].concat() {
        let number = tag.number(DIALECT).unwrap();
        let (layout, side) = (DIALECT.layout(), Side::Client);
        encode_text(&mut bytes, layout, number, Vxid(9), side, text.as_bytes(), 1024);
    }
    Transaction::from_records(DIALECT, 1, bytes).unwrap()
}

pub(crate) fn request(client: &str, url: &str, status: &str, seconds: &str) -> Group {
    let resp = format!("Resp: 1000.5 {seconds} 0.1");
    let lines = [
        (Tag::ReqStart, client),
        (Tag::ReqUrl, url),
        (Tag::RespStatus, status),
        (Tag::Timestamp, &*resp),
    ];
    Group { transactions: vec![transaction("req 1 rxreq", &lines)] }
}

fn measured(by: By, most: usize, groups: &[Group]) -> Measured {
    let mut measured = Measured::new(by, DIALECT, most);
    for group in groups {
        measured.group(group).unwrap();
    }
    measured
}

/// Name, count, errors and the longest time in microseconds of each kind.
fn found(measured: &Measured) -> Vec<(String, u64, u64, Option<u64>)> {
    let mut found: Vec<_> = measured
        .kinds()
        .map(|(name, kind)| (name, kind.count, kind.errors, kind.times.range().map(|it| it.1)))
        .collect();
    found.sort();
    found
}

#[test]
fn requests_are_put_together_by_url_status_and_client() {
    let groups = [
        request("10.0.0.1 1 a", "/item/17?x=1", "200", "0.5"),
        request("10.0.0.2 2 a", "/item/18?y=2", "503", "1.5"),
        request("10.0.0.1 3 a", "/\u{1b}[J", "200", "0.25"),
    ];
    let by = |by| found(&measured(by, 10, &groups));
    let kind = |name: &str, count, errors, longest| (name.to_owned(), count, errors, Some(longest));
    assert_eq!(
        by(By::UrlPattern),
        [kind("/\\x1b[J", 1, 0, 250_000), kind("/item/#?*", 2, 1, 1_500_000)]
    );
    assert_eq!(by(By::Status), [kind("200", 2, 0, 500_000), kind("503", 1, 1, 1_500_000)]);
    assert_eq!(
        by(By::Client),
        [kind("10.0.0.1", 2, 0, 500_000), kind("10.0.0.2", 1, 1, 1_500_000)]
    );
    assert_eq!(by(By::Backend), []);
}

#[test]
fn attempts_are_put_together_by_backend_and_failed_ones_have_no_time() {
    let open = (Tag::BackendOpen, "15 boot.b0 127.0.0.1 1 127.0.0.1 2 connect");
    let attempt = |lines: &[(Tag, &str)]| Group {
        transactions: vec![transaction("bereq 1 pass", &[&[open], lines].concat())],
    };
    let groups = [
        attempt(&[(Tag::Timestamp, "Beresp: 1000.5 0.9 0.002"), (Tag::BerespStatus, "200")]),
        attempt(&[(Tag::FetchError, "HTC eof (-1)"), (Tag::Timestamp, "Beresp: 1000.5 0.9 0.9")]),
        request("10.0.0.1 1 a", "/", "200", "0.5"),
    ];
    let found = found(&measured(By::Backend, 10, &groups));
    assert_eq!(found, [("b0".to_owned(), 2, 1, Some(2000))]);
}

#[test]
fn more_kinds_than_there_is_room_for_give_bounds() {
    let mut groups = Vec::new();
    for number in 0..40 {
        groups.push(request(&format!("10.0.0.{number} 1 a"), "/", "200", "0.5"));
        groups.push(request("10.1.1.1 1 a", "/", "200", "0.5"));
    }
    let measured = measured(By::Client, 8, &groups);
    assert_eq!(measured.all().count, 80);
    assert!(measured.kinds().count() <= 8 && measured.floor() > 0);
    let (_, kind) = measured.kinds().find(|(name, _)| name == "10.1.1.1").unwrap();
    assert!(kind.count >= 40 && kind.count - kind.over <= 40, "{kind:?}");
    for (name, kind) in measured.kinds() {
        assert!(kind.count - kind.over <= if name == "10.1.1.1" { 40 } else { 1 }, "{name}");
    }
}
