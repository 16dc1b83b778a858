use std::time::Duration;

use shellac_format::record::encode_text;
use shellac_format::{Dialect, Side, Tag, Vxid};

use super::{stamps, timestamp};
use crate::{Group, Transaction};

const DIALECT: Dialect = Dialect::Vs9_0;

fn transaction(level: u32, records: &[(Tag, &str)]) -> Transaction {
    let mut bytes = Vec::new();
    for (tag, text) in records {
        let number = tag.number(DIALECT).unwrap();
        let (layout, text) = (DIALECT.layout(), text.as_bytes());
        encode_text(&mut bytes, layout, number, Vxid(7), Side::Client, text, 255);
    }
    Transaction::from_records(DIALECT, level, bytes).unwrap()
}

#[test]
fn times_are_taken_from_any_text_or_not_at_all() {
    assert_eq!(
        timestamp(b"Start: 1747000000.123456 0 0"),
        Some(Duration::new(1_747_000_000, 123_456_000))
    );
    assert_eq!(timestamp(b"L: 1.1234567891 0 0"), Some(Duration::new(1, 123_456_789)));
    for text in [&b""[..], b"Start", b"Start:", b"Start: x.y", b"Start: 1", b"S: 1.", b"\xff: 1.0"]
    {
        assert_eq!(timestamp(text), None, "{}", text.escape_ascii());
    }
}

#[test]
fn a_group_began_at_its_first_timestamp_that_says_when() {
    let stamps = [
        (Tag::Begin, "req 1 rxreq"),
        (Tag::ReqUrl, "/: 3.0"),
        (Tag::Timestamp, "Start: broken"),
        (Tag::Timestamp, "Start: 5.25 0 0"),
        (Tag::Timestamp, "Resp: 4.0 0 0"),
    ];
    let silent = transaction(1, &[(Tag::Begin, "sess 0 HTTP/1")]);
    let group = Group { transactions: vec![silent.clone(), transaction(2, &stamps)] };
    assert_eq!(group.time(), Some(Duration::from_millis(5250)));
    assert_eq!(Group { transactions: vec![silent] }.time(), None);
}

#[test]
fn stamps_are_those_of_whole_records_in_their_order() {
    let rows = [(Tag::Timestamp, "a: 1.0 0 0"), (Tag::ReqUrl, "b: 2.0 0 0"), (Tag::Timestamp, "c")];
    let row = transaction(1, &rows).into_bytes();
    let texts = |row: &[u8]| -> Vec<String> {
        stamps(DIALECT, row).map(|it| String::from_utf8(it.text().to_vec()).unwrap()).collect()
    };
    assert_eq!(texts(&row), ["a: 1.0 0 0", "c"]);
    assert_eq!(texts(&row[..row.len() - 1]), ["a: 1.0 0 0"]);
    assert!(texts(&[0; 64]).is_empty());
}
