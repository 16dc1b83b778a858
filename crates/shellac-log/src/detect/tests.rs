use proptest::prelude::*;
use shellac_format::record::{encode, encode_text};
use shellac_format::{Dialect, Side, Tag, Vxid};

use super::{CANDIDATES, Detector, ENOUGH_RECORDS};

/// Texts as proxies write them; `N` is a number, `W` a word.
const SAMPLES: [(Tag, &str); 40] = [
    (Tag::Begin, "req N rxreq"),
    (Tag::Begin, "bereq N fetch"),
    (Tag::Begin, "sess 0 HTTP/1"),
    (Tag::Link, "bereq N pass"),
    (Tag::Link, "req N esi"),
    (Tag::End, ""),
    (Tag::SessOpen, "127.0.0.1 N a0 127.0.0.1 80 1.000001 12"),
    (Tag::SessClose, "REM_CLOSE 0.001"),
    (Tag::Timestamp, "Start: 1747000000.000001 0.000000 0.000000"),
    (Tag::Timestamp, "W of mine: 1747000000.1 0.1 0.1"),
    (Tag::ReqStart, "192.0.2.1 N a0 http"),
    (Tag::ReqMethod, "GET"),
    (Tag::BereqMethod, "M-SEARCH"),
    (Tag::ReqUrl, "/W/N"),
    (Tag::BereqUrl, "http://W/"),
    (Tag::ReqProtocol, "HTTP/1.1"),
    (Tag::BerespProtocol, "HTTP/1.1"),
    (Tag::RespStatus, "200"),
    (Tag::BerespStatus, "503"),
    (Tag::RespReason, "OK"),
    (Tag::ReqHeader, "W: N"),
    (Tag::ReqUnset, "W: W"),
    (Tag::RespHeader, "Content-Length: N"),
    (Tag::BereqHeader, "Host: W"),
    (Tag::BerespUnset, "W:"),
    (Tag::VclCall, "BACKEND_RESPONSE"),
    (Tag::VclReturn, "deliver"),
    (Tag::VclUse, "boot"),
    (Tag::VclLog, "W:W"),
    (Tag::Hit, "N 10.000000 10.000000 0.000000"),
    (Tag::HitMiss, "N 119.999"),
    (Tag::Ttl, "RFC 120 10 0 N N N 0 0 cacheable"),
    (Tag::FetchBody, "3 length stream"),
    (Tag::Storage, "malloc W"),
    (Tag::Length, "N"),
    (Tag::BackendOpen, "25 boot.W 127.0.0.1 N 127.0.0.1 N connect"),
    (Tag::BackendHealth, "W Still healthy 4---X-RH 8 3 8 0.000100 0.000100 \"HTTP/1.1 200 OK\""),
    (Tag::ReqAcct, "N 0 N 10 N N"),
    (Tag::BereqAcct, "N 0 N 10 N N"),
    (Tag::FetchError, "http first read error: W"),
];

fn record(out: &mut Vec<u8>, dialect: Dialect, tag: Tag, text: &str) {
    let number = tag.number(dialect).expect("a tag that all of them have");
    encode_text(out, dialect.layout(), number, Vxid(7), Side::Client, text.as_bytes(), 65535);
}

fn answer(records: &[u8]) -> (Dialect, bool) {
    let mut detector = Detector::default();
    detector.input(records);
    let answer = detector.answer();
    (answer.dialect, answer.is_tie)
}

proptest! {
    #[test]
    fn records_of_a_table_are_recognised(
        rows in prop::collection::vec((0..SAMPLES.len(), "[a-zA-Z]{1,8}", any::<u32>()), 1..60),
        which in 0..CANDIDATES.len(),
        first in 0..2usize,
        with_target in 0..60usize,
    ) {
        let dialect = CANDIDATES[which];
        let mut bytes = Vec::new();
        record(&mut bytes, dialect, SAMPLES[first].0, "req 12 rxreq");
        for (index, (sample, word, number)) in rows.iter().enumerate() {
            if dialect == Dialect::Vs8_0_1 && index == with_target.min(rows.len() - 1) {
                record(&mut bytes, dialect, Tag::ReqTarget, "http://example.org/");
            }
            let (tag, text) = SAMPLES[*sample];
            let text = text.replace('N', &number.to_string()).replace('W', word);
            record(&mut bytes, dialect, tag, &text);
        }
        prop_assert_eq!(answer(&bytes), (dialect, false));
    }

    #[test]
    fn any_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        let mut detector = Detector::default();
        detector.input(&bytes);
        prop_assert!(detector.records() <= ENOUGH_RECORDS);
        prop_assert!(CANDIDATES.contains(&detector.answer().dialect));
    }
}

#[test]
fn every_sample_speaks_for_its_table_or_for_none() {
    for (tag, text) in SAMPLES {
        for dialect in CANDIDATES {
            let mut bytes = Vec::new();
            record(&mut bytes, dialect, tag, &text.replace('N', "12").replace('W', "word"));
            let mut detector = Detector::default();
            detector.input(&bytes);
            let index = CANDIDATES.iter().position(|it| *it == dialect).unwrap();
            let best = detector.scores.iter().max().unwrap();
            let own = detector.scores[index];
            // A table may be better off for a record by chance, but never by as much as the first record of a
            // transaction is worth.
            assert!(best - own < 8, "{tag} {text:?} as {dialect}: {:?}", detector.scores);
        }
    }
}

#[test]
fn one_record_can_be_enough() {
    let mut bytes = Vec::new();
    record(&mut bytes, Dialect::V7_3, Tag::ReqUrl, "/foo");
    assert_eq!(answer(&bytes), (Dialect::V7_3, false));
}

#[test]
fn what_looks_the_same_in_all_is_a_tie_and_nothing_is_none() {
    let mut bytes = Vec::new();
    record(&mut bytes, Dialect::V7_3, Tag::Debug, "anything");
    assert_eq!(answer(&bytes), (Dialect::Vs9_0, true));
    assert_eq!(answer(&[]), (Dialect::Vs9_0, false));
}

#[test]
fn a_tag_of_one_table_only_makes_the_difference() {
    let mut bytes = Vec::new();
    record(&mut bytes, Dialect::V7_3, Tag::Begin, "req 1 rxreq");
    assert_eq!(answer(&bytes), (Dialect::V7_3, false));
    record(&mut bytes, Dialect::Vs8_0_1, Tag::ReqTarget, "/a");
    assert_eq!(answer(&bytes), (Dialect::Vs8_0_1, false));
}

#[test]
fn no_more_records_are_looked_at_than_needed() {
    let mut bytes = Vec::new();
    for _ in 0..2 * ENOUGH_RECORDS {
        encode(&mut bytes, Dialect::Vs9_0.layout(), 1, Vxid(0), Side::None, b"x\0");
    }
    let mut detector = Detector::default();
    detector.input(&bytes);
    assert_eq!(detector.records(), ENOUGH_RECORDS);
    assert!(detector.is_clear(), "more would not help");
}
