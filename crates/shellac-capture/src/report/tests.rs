use shellac_format::Dialect;
use shellac_log::GivenUp;

use super::*;
use crate::made_up::{bad, batches, group, record};

const DIALECT: Dialect = Dialect::V7_3;

#[test]
fn a_failing_group_has_its_line() {
    let group = bad(DIALECT, 20, "/b");
    let failures = Failures::read(&group.transactions);
    let entry = entry_of(&group, failures.as_ref(), Stamp(7));
    assert_eq!((entry.xid, entry.xids, entry.session), (20, vec![20, 21], Some(1)));
    assert_eq!((entry.method.as_deref(), entry.url.as_deref()), (Some("POST"), Some("/b")));
    assert_eq!((entry.status, entry.attempts), (Some(503), 1));
    assert_eq!(
        (entry.backend.as_deref(), entry.error.as_deref()),
        (Some("b0"), Some("HTC eof (-1)"))
    );
    assert_ne!(entry.time, Stamp(7), "the log says when it was");
}

#[test]
fn a_group_in_which_nothing_failed_has_one_too() {
    let entry = entry_of(&group(DIALECT, 20, "/a", 200), None, Stamp(7));
    assert_eq!((entry.xid, entry.status, entry.time), (20, Some(200), Stamp(7)));
    assert_eq!((entry.method.as_deref(), entry.url.as_deref()), (Some("POST"), Some("/a")));
}

#[test]
fn an_attempt_without_its_request_has_its_own_number() {
    let [attempt, _] = batches(DIALECT, 20, "/b", 503, true);
    let limits = shellac_log::Limits::default();
    let mut grouper = shellac_log::Grouper::new(shellac_log::Grouping::Request, DIALECT, limits)
        .with_orphans(true);
    grouper.unit(&attempt, std::time::Duration::ZERO);
    grouper.give_up_all(GivenUp::Flush);
    let group = grouper.pop().expect("an orphan");
    let failures = Failures::read(&group.transactions);
    let entry = entry_of(&group, failures.as_ref(), Stamp(0));
    assert_eq!((entry.xid, entry.session, entry.url.as_deref()), (21, None, Some("/b")));
}

#[test]
fn a_program_is_told_everything_but_secrets() {
    let rule = Rule { owner: Some("web".to_owned()), ..Rule::on_query("FetchError").unwrap() };
    let group = bad(DIALECT, 20, "/b");
    let failures = Failures::read(&group.transactions);
    let entry = entry_of(&group, failures.as_ref(), Stamp(0));
    let told = group_json(&rule, &entry, &group);
    let text = String::from_utf8(told.clone()).unwrap();
    assert!(!text.contains("secret=1") && text.contains("Cookie"), "{text}");
    let told: Value = serde_json::from_slice(&told).unwrap();
    assert_eq!((&told["rule"], &told["owner"]), (&json!("FetchError"), &json!("web")));
    assert_eq!(told["failure"]["xid"], 20);
    assert_eq!(told["transactions"][1]["kind"], "bereq");
    assert_eq!(told["transactions"][0]["records"][3], json!(["ReqURL", "/b"]));
    assert_eq!(told["cut"], false);
}

#[test]
fn what_a_program_is_told_is_bounded_and_says_so() {
    let mut batch = batches(DIALECT, 20, "/b", 503, true);
    let end = batch[1].split_off(batch[1].len() - record(DIALECT, 20, "End", "").len());
    for _ in 0..400 {
        batch[1].extend(record(DIALECT, 20, "VCL_Log", &"\u{1b}[2J".repeat(900)));
    }
    batch[1].extend(end);
    let limits = shellac_log::Limits::default();
    let mut grouper = shellac_log::Grouper::new(shellac_log::Grouping::Request, DIALECT, limits);
    batch.iter().for_each(|batch| grouper.unit(batch, std::time::Duration::ZERO));
    let group = grouper.pop().unwrap();
    let entry = entry_of(&group, None, Stamp(0));
    let told = group_json(&Rule::on_query("Error").unwrap(), &entry, &group);
    // Four bytes of text for each that cannot be shown, and another one for the backslash.
    assert!(told.len() < 6 * MAX_TOLD_BYTES && !told.contains(&0x1b), "{}", told.len());
    let told: Value = serde_json::from_slice(&told).unwrap();
    assert_eq!(told["cut"], true);
}
