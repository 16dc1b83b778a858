use shellac_format::{Tag, Vxid};

use super::super::written::transaction;
use super::*;

#[test]
fn a_body_that_stopped_gets_a_piece_of_unknown_end() {
    let request = [
        (Tag::Begin, "req 1 rxreq"),
        (Tag::Timestamp, "Start: 10.000000 0.000000 0.000000"),
        (Tag::Link, "bereq 3 fetch"),
        (Tag::Timestamp, "Resp: 12.000000 2.000000 2.000000"),
        (Tag::End, ""),
    ];
    let attempt = [
        (Tag::Begin, "bereq 2 fetch"),
        (Tag::Timestamp, "Start: 10.000000 0.000000 0.000000"),
        (Tag::BackendOpen, "9 b 127.0.0.1 80 127.0.0.1 4000 connect"),
        (Tag::BerespStatus, "200"),
        (Tag::VclCall, "BACKEND_RESPONSE"),
        (Tag::Timestamp, "Process: 10.500000 0.500000 0.500000"),
        (Tag::FetchError, "straight insufficient bytes"),
        (Tag::End, ""),
    ];
    let log = [transaction(2, &request), transaction(3, &attempt)];
    let trace = Trace::build(&log, Vxid(2)).expect("it is there");
    let waterfall = trace.waterfall().expect("there are times");
    assert_eq!((waterfall.start, waterfall.length), (Micros(10_000_000), Micros(2_000_000)));
    let last = waterfall.bars[1].pieces.last().expect("pieces");
    let expected = Piece {
        phase: Phase::READ_BODY,
        from: Micros(500_000),
        to: Micros(2_000_000),
        failed: true,
        at_most: true,
    };
    assert_eq!(*last, expected);
    assert_eq!((waterfall.bars[0].depth, waterfall.bars[1].depth), (0, 1));
}

#[test]
fn without_times_there_are_no_bars() {
    let log = [transaction(2, &[(Tag::Begin, "req 1 rxreq"), (Tag::End, "")])];
    assert_eq!(Trace::build(&log, Vxid(2)).expect("it is there").waterfall(), None);
}
