use shellac_format::{Tag, Vxid};

use super::super::super::written::transaction;
use super::*;

const LONG: u64 = 1_882_542_288_404_522;

/// The drawing of one request, and where its bar begins.
fn drawn(number: u64) -> (String, f64) {
    let records = [
        (Tag::Begin, "req 1 rxreq"),
        (Tag::Timestamp, "Start: 100.000000 0.000000 0.000000"),
        (Tag::Timestamp, "Resp: 100.100000 0.100000 0.100000"),
        (Tag::End, ""),
    ];
    let trace = Trace::build(&[transaction(number, &records)], Vxid(number)).unwrap();
    let text = drawing(&trace).unwrap();
    let (_, rect) = text.split_once("<rect class=\"").unwrap();
    let (_, x) = rect.split_once(" x=\"").unwrap();
    let x = x.split('"').next().unwrap().parse().unwrap();
    (text, x)
}

#[test]
fn bars_begin_behind_the_longest_name() {
    let (text, short) = drawn(2);
    assert!(text.contains(">request 2</text>"), "{text}");
    assert_eq!(short, NAMES);
    let (text, long) = drawn(LONG);
    let name = format!("request {}", LONG);
    assert!(text.contains(&format!(">{name}</text>")), "{text}");
    assert!(long >= INDENT + NAME_CHARACTER * name.len() as f64, "{long}");
}
