use shellac_format::{Side, TAGS, record};

use super::*;

pub(in crate::trace) const DIALECT: Dialect = Dialect::V7_3;

/// `vxid Tag payload` lines as records.
pub(in crate::trace) fn log(lines: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines {
        let mut fields = line.splitn(3, ' ');
        let vxid = fields.next().unwrap().parse().unwrap();
        let name = fields.next().unwrap();
        let tag = TAGS.iter().find(|row| row.name == name).unwrap().tag;
        let payload = fields.next().unwrap_or_default().as_bytes();
        let number = tag.number(DIALECT).unwrap();
        record::encode_text(
            &mut bytes,
            DIALECT.layout(),
            number,
            Vxid(vxid),
            Side::None,
            payload,
            1024,
        );
    }
    bytes
}

pub(in crate::trace) const STORY: &[&str] = &[
    "1 Begin sess 0 HTTP/1",
    "1 Link req 2 rxreq",
    "2 Begin req 1 rxreq",
    "2 Timestamp Start: 100.000000 0.000000 0.000000",
    "2 Link bereq 3 pass",
    "3 Begin bereq 2 pass",
    "3 Link bereq 4 retry",
    "3 End",
    "9 Begin req 8 rxreq",
    "9 End",
    "4 Begin bereq 3 retry",
    "4 End",
    "2 Timestamp Resp: 102.500000 2.500000 2.500000",
    "2 End",
    "1 End",
];

fn collect(target: u64, bounds: Bounds, lines: &[&str]) -> Collector {
    let mut collector = Collector::new(Vxid(target), HashSet::new(), bounds);
    collector.input(DIALECT, &log(lines));
    collector.give_up_open(DIALECT);
    collector
}

fn numbers(trace: &Trace) -> Vec<u64> {
    trace.nodes().iter().map(|node| node.vxid.0).collect()
}

#[test]
fn every_number_of_a_tree_leads_to_all_of_it() {
    for target in [1, 2, 3, 4] {
        let collector = collect(target, Bounds::default(), STORY);
        let traces = collector.traces();
        assert_eq!(traces.len(), 1);
        assert_eq!(numbers(&traces[0]), [1, 2, 3, 4], "{target}");
        assert!(collector.is_complete());
        assert_eq!(collector.another_pass(), None);
    }
    assert_eq!(collect(7, Bounds::default(), STORY).traces(), vec![]);
}

#[test]
fn the_span_is_that_of_all_timestamps() {
    let span = collect(7, Bounds::default(), STORY).span();
    assert_eq!(span.oldest, Some(Micros(100_000_000)));
    assert_eq!(span.newest, Some(Micros(102_500_000)));
    assert_eq!(span.transactions, 5);
}

#[test]
fn what_a_small_window_forgot_is_found_in_another_pass() {
    let bounds = Bounds { window_bytes: 0, ..Bounds::default() };
    let mut collector = collect(4, bounds, STORY);
    assert_eq!(numbers(&collector.traces()[0]), [3, 4]);
    let mut passes = 0;
    while let Some(wanted) = collector.another_pass() {
        passes += 1;
        assert!(passes < 5, "no end");
        let known = wanted.len();
        collector = Collector::new(Vxid(4), wanted, bounds);
        collector.input(DIALECT, &log(STORY));
        collector.give_up_open(DIALECT);
        if collector.another_pass().is_none_or(|more| more.len() == known) {
            break;
        }
    }
    assert_eq!(numbers(&collector.traces()[0]), [1, 2, 3, 4]);
}

#[test]
fn a_number_that_came_again_gives_two_trees_of_their_own() {
    let mut lines = STORY.to_vec();
    let again: Vec<&str> = STORY.iter().filter(|line| !line.starts_with('4')).copied().collect();
    lines.extend(again);
    let traces = collect(3, Bounds::default(), &lines).traces();
    assert_eq!(traces.len(), 2);
    for (trace, is_there) in traces.iter().zip([false, true]) {
        assert_eq!(numbers(trace), [1, 2, 3, 4]);
        assert_eq!(trace.nodes()[3].what != What::Missing, is_there);
    }
}

#[test]
fn a_transaction_without_beginning_or_end_is_shown() {
    let lines = ["5 BereqMethod GET", "5 Timestamp Start: 1.000000 0.000000 0.000000"];
    let collector = collect(5, Bounds::default(), &lines);
    let traces = collector.traces();
    let node = traces[0].focused().unwrap();
    assert!(!node.has_begin && !node.has_end);
    assert!(!collector.is_complete());
}

#[test]
fn memory_stays_within_its_bounds() {
    let bounds = Bounds {
        open_bytes: 2_000,
        window_bytes: 2_000,
        kept_bytes: 2_000,
        transaction_bytes: 500,
    };
    let mut collector = Collector::new(Vxid(1), HashSet::new(), bounds);
    for n in 2..500u64 {
        let begin = format!("{n} Begin bereq 1 pass");
        let url = format!("{n} BereqURL /{}", "x".repeat(300));
        let end = format!("{n} End");
        let mut lines = vec![begin.as_str(), &url, &url, &url, &url];
        if n % 2 == 0 {
            lines.push(&end);
        }
        collector.input(DIALECT, &log(&lines));
        let other = format!("{} Begin req 0 rxreq", n + 1000);
        collector.input(DIALECT, &log(&[&other, &format!("{} End", n + 1000)]));
        assert!(collector.open_bytes <= bounds.open_bytes);
        assert!(collector.window_bytes <= bounds.window_bytes);
        assert!(collector.kept_bytes <= bounds.kept_bytes);
        assert!(collector.open.values().all(|open| open.bytes.len() <= 500 + 400));
    }
    collector.give_up_open(DIALECT);
    assert_eq!(collector.open_bytes, 0);
}
