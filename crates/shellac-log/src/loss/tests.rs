use std::time::Duration;

use shellac_format::record::encode_text;
use shellac_format::{Dialect, Side, Tag, Vxid};

use super::{Cause, Ledger, Loss, Lost};

const DIALECT: Dialect = Dialect::Vs9_0;

fn stamp(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let number = Tag::Timestamp.number(DIALECT).unwrap();
    encode_text(&mut bytes, DIALECT.layout(), number, Vxid(1), Side::Client, text.as_bytes(), 255);
    bytes
}

fn lost(bytes: u64, exact: bool, cause: Cause) -> Lost {
    Lost { loss: Loss { bytes, exact }, cause }
}

#[test]
fn a_loss_is_reported_with_the_times_on_both_sides() {
    let mut ledger = Ledger::default();
    ledger.records(DIALECT, &stamp("Start: 10.000001 0.000000 0.000000"));
    ledger.records(DIALECT, &stamp("Resp: 11.5 1.5 1.5"));
    ledger.lose(lost(100, true, Cause::Overrun));
    ledger.lose(lost(28, true, Cause::Overrun));
    assert_eq!(ledger.take_ready(), [], "the time behind it is not known yet");
    ledger.records(DIALECT, &[stamp("a: b: 20.25 0.0 0.0"), stamp("Resp: 30.0 0.0 0.0")].concat());
    let reports = ledger.take_ready();
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0].lost, lost(128, true, Cause::Overrun));
    assert_eq!(reports[0].since, Some(Duration::from_millis(11_500)));
    assert_eq!(reports[0].until, Some(Duration::from_millis(20_250)));
    assert_eq!(ledger.total(), Some(Loss { bytes: 128, exact: true }));
    assert_eq!(ledger.take_ready(), [], "once each");
}

#[test]
fn the_last_time_is_found_from_behind() {
    let mut ledger = Ledger::default();
    let pieces = [
        stamp("Start: 10.0 0.0 0.0"),
        [stamp("Fetch: 20.0 0.0 0.0"), stamp("Resp: 30.0 0.0 0.0")].concat(),
        Vec::new(),
    ];
    ledger.look_back(DIALECT, pieces.iter().rev().map(Vec::as_slice));
    ledger.look_back(DIALECT, [&[][..]].into_iter());
    assert!(!ledger.is_waiting());
    ledger.lose(lost(100, true, Cause::Overrun));
    assert!(ledger.is_waiting());
    ledger.close();
    assert_eq!(ledger.take_ready()[0].since, Some(Duration::from_secs(30)));
}

#[test]
fn what_has_another_reason_is_another_loss_and_unknown_times_are_none() {
    let mut ledger = Ledger::default();
    assert_eq!(ledger.total(), None);
    ledger.lose(lost(4, true, Cause::Output));
    ledger.lose(lost(8, false, Cause::Hole));
    ledger.close();
    let causes: Vec<_> = ledger.take_ready().iter().map(|it| (it.lost.cause, it.since)).collect();
    assert_eq!(causes, [(Cause::Output, None), (Cause::Hole, None)]);
    assert_eq!(ledger.total(), Some(Loss { bytes: 12, exact: false }));
}
