use shellac_format::record::encode_text;
use shellac_format::{Dialect, Side, Tag, Vxid};
use shellac_log::{Group, Sides, Transaction};

use super::{MOST_SHOWN, Samples};
use crate::hist::profile::Profile;
use crate::reading::pass::Sink;

const DIALECT: Dialect = Dialect::V7_3;

fn group(begin: &str, lines: &[(Tag, &str)]) -> Group {
    let mut bytes = Vec::new();
    for (tag, text) in [&[(Tag::Begin, begin)], lines].concat() {
        let number = tag.number(DIALECT).unwrap();
        let (layout, side) = (DIALECT.layout(), Side::Client);
        encode_text(&mut bytes, layout, number, Vxid(9), side, text.as_bytes(), 1024);
    }
    Group { transactions: vec![Transaction::from_records(DIALECT, 1, bytes).unwrap()] }
}

fn samples() -> Samples {
    let sides = Sides { client: true, ..Sides::default() };
    Samples::new(Profile::default(), sides, DIALECT)
}

/// Buckets that are not empty, with hits and misses.
fn found(samples: &Samples) -> Vec<(usize, u64, u64)> {
    let shown = samples.shown();
    let all = shown.hits.iter().zip(&shown.misses).enumerate();
    all.map(|(at, (hits, misses))| (at, *hits, *misses))
        .filter(|(_, hits, misses)| hits + misses > 0)
        .collect()
}

fn process(seconds: &str) -> String {
    format!("Process: 1000.5 {seconds} 0.1")
}

#[test]
fn the_last_value_counts_and_a_hit_anywhere_makes_it_a_hit() {
    let mut samples = samples();
    let (first, last) = (process("0.5"), process("0.001"));
    let lines =
        [(Tag::Timestamp, &*first), (Tag::Timestamp, "Resp: 1 2 3"), (Tag::Timestamp, &*last)];
    samples.group(&group("req 1 rxreq", &lines)).unwrap();
    // 10^-3 of a range that begins at 10^-6.
    assert_eq!(found(&samples), [(300, 0, 1)]);
    samples.group(&group("req 1 rxreq", &[(Tag::Hit, "5 1 2 3"), lines[2]])).unwrap();
    assert_eq!(found(&samples), [(300, 1, 1)]);
    assert_eq!(
        (samples.values(true).count(), samples.values(false).range()),
        (1, Some((1000, 1000)))
    );
}

#[test]
fn what_goes_on_as_another_transaction_is_no_sample() {
    let mut samples = samples();
    let value = process("1.0");
    let value = (Tag::Timestamp, &*value);
    for begin in ["req 1 esi", "bereq 1 fetch", "sess 0 HTTP/1", "what"] {
        samples.group(&group(begin, &[value])).unwrap();
    }
    for word in ["restart", "retry"] {
        samples.group(&group("req 1 rxreq", &[value, (Tag::VclReturn, word)])).unwrap();
    }
    let (zero, less) = (process("0.0"), process("-1"));
    for text in ["Process:", &zero, &less] {
        samples.group(&group("req 1 rxreq", &[(Tag::Timestamp, text)])).unwrap();
    }
    assert_eq!(found(&samples), []);
    samples.group(&group("req 1 rxreq", &[value, (Tag::VclReturn, "deliver")])).unwrap();
    assert_eq!(found(&samples), [(600, 0, 1)]);
}

#[test]
fn values_beyond_the_ends_are_in_the_last_bucket_of_that_side() {
    let mut samples = samples();
    for text in ["1e-30", "1e30", "1e999", "999"] {
        samples.group(&group("req 1 rxreq", &[(Tag::Timestamp, &process(text))])).unwrap();
    }
    assert_eq!(found(&samples), [(0, 0, 1), (899, 0, 3)]);
}

#[test]
fn the_newest_are_shown_and_all_are_counted() {
    let mut samples = samples();
    let (old, new) = (process("0.001"), process("0.1"));
    for _ in 0..MOST_SHOWN {
        samples.group(&group("req 1 rxreq", &[(Tag::Timestamp, &old), (Tag::Hit, "1")])).unwrap();
    }
    for _ in 0..3 {
        samples.group(&group("req 1 rxreq", &[(Tag::Timestamp, &new)])).unwrap();
    }
    assert_eq!(found(&samples), [(300, MOST_SHOWN as u64 - 3, 0), (500, 0, 3)]);
    assert_eq!(samples.count(), MOST_SHOWN);
    assert_eq!(samples.all().hits[300], MOST_SHOWN as u64);
}

#[test]
fn the_time_of_the_log_is_known_while_somebody_asks() {
    let mut samples = samples();
    let newer = group("req 1 rxreq", &[(Tag::Timestamp, "Process: 2000.5 1.0 1.0")]);
    samples.group(&newer).unwrap();
    assert_eq!(samples.newest_time, None);
    samples.watches_time = true;
    samples.group(&newer).unwrap();
    samples.group(&group("req 1 rxreq", &[(Tag::Timestamp, "Process: 1000.5 1.0 1.0")])).unwrap();
    assert_eq!(samples.newest_time.map(|time| time.as_millis()), Some(2_000_500));
}
