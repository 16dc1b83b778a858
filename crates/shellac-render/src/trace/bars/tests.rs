use shellac_format::{Tag, Vxid};

use super::super::page::Page;
use super::super::written::transaction;
use super::*;

const START: &str = "Start: 100.000000 0.000000 0.000000";

fn trace() -> Trace {
    let request = [
        (Tag::Begin, "req 1 rxreq"),
        (Tag::Timestamp, START),
        (Tag::Timestamp, "Req: 100.000000 0.000000 0.000000"),
        (Tag::Link, "bereq 3 pass"),
        (Tag::Timestamp, "Fetch: 100.090000 0.090000 0.090000"),
        (Tag::Timestamp, "Resp: 100.100000 0.100000 0.010000"),
        (Tag::End, ""),
    ];
    let attempt = [
        (Tag::Begin, "bereq 2 pass"),
        (Tag::Timestamp, "Start: 100.010000 0.000000 0.000000"),
        (Tag::Timestamp, "Connected: 100.020000 0.010000 0.010000"),
        (Tag::BackendOpen, "9 b 127.0.0.1 80 127.0.0.1 4000 connect"),
        (Tag::Timestamp, "Bereq: 100.020001 0.010001 0.000001"),
        (Tag::FetchError, "HTC eof (-1)"),
        (Tag::Timestamp, "Beresp: 100.080000 0.070000 0.059999"),
        (Tag::End, ""),
    ];
    let all = [transaction(2, &request), transaction(3, &attempt)];
    Trace::build(&all, Vxid(2)).expect("it is there")
}

#[test]
fn every_bar_stands_where_its_time_is() {
    let trace = trace();
    let waterfall = trace.waterfall().expect("there are times");
    assert_eq!((waterfall.length, waterfall.bars.len()), (Micros(100_000), 2));
    let drawn = |at: usize| -> String {
        cells(&waterfall.bars[at], waterfall.length, 50).iter().map(|cell| cell.0).collect()
    };
    assert_eq!(drawn(0), format!("{}aaaaa", "b".repeat(45)));
    // The microsecond of sending is in a column that waiting fills.
    assert_eq!(drawn(1).trim_end(), format!("     ccccc{}!", "w".repeat(29)));
}

#[test]
fn the_section_has_scale_and_legend_and_fits() {
    for width in [60, 80, 200] {
        let mut page = Page::new(80, false);
        section(&mut page, &trace(), width);
        let text = page.finish();
        assert!(text.contains("When, over 100.0 ms") && text.contains("|20.0 ms"), "{text}");
        assert!(
            text.contains("a send answer   c connect   w wait") && text.contains("! failed"),
            "{text}"
        );
        let longest = text.lines().map(columns).max();
        assert!(longest.is_some_and(|longest| longest <= width.max(80)), "{text}");
    }
}

#[test]
fn marks_are_round_and_not_too_many() {
    for (length, expected) in [(1, 1), (7, 2), (100, 20), (1_000, 200), (34_567, 5_000)] {
        assert_eq!(step(Micros(length)), expected, "{length}");
    }
    assert!(step(Micros(i64::MAX)) > 0);
}

#[test]
fn clocks_that_were_set_draw_something() {
    let odd = [
        (Tag::Begin, "req 1 rxreq"),
        (Tag::Timestamp, "Start: 100.000000 0.000000 0.000000"),
        (Tag::Timestamp, "Req: 50.000000 -50.000000 -50.000000"),
        (Tag::Timestamp, "Fetch: 9223372036854.000000 1.0 9223372036854.000000"),
        (Tag::Timestamp, "Resp: 100.500000 0.500000 99.000000"),
        (Tag::End, ""),
    ];
    let trace = Trace::build(&[transaction(2, &odd)], Vxid(2)).expect("it is there");
    let waterfall = trace.waterfall().expect("there are times");
    assert_eq!(cells(&waterfall.bars[0], waterfall.length, 33).len(), 33);
}

#[test]
fn a_number_that_does_not_fit_is_left_out_and_not_cut() {
    let big = 1_882_542_288_404_522;
    let attempt = format!("bereq {big} pass");
    let all = [
        transaction(
            big,
            &[
                (Tag::Begin, "req 1 rxreq"),
                (Tag::Timestamp, START),
                (Tag::Link, &format!("bereq {} pass", big + 1)),
                (Tag::Timestamp, "Resp: 100.100000 0.100000 0.010000"),
                (Tag::End, ""),
            ],
        ),
        transaction(
            big + 1,
            &[
                (Tag::Begin, &attempt),
                (Tag::Timestamp, START),
                (Tag::Timestamp, "Beresp: 100.080000 0.080000 0.080000"),
                (Tag::End, ""),
            ],
        ),
    ];
    let trace = Trace::build(&all, Vxid(big)).expect("it is there");
    let waterfall = trace.waterfall().expect("there are times");
    let names: Vec<String> = waterfall.bars.iter().map(name).collect();
    assert_eq!(names, ["request 1882542288404522", "  attempt 1"]);
}
