use super::*;
use crate::trace::written::transaction;
use shellac_format::Tag;

const REQUEST: &[(Tag, &str)] = &[
    (Tag::Begin, "req 1 rxreq"),
    (Tag::Timestamp, "Start: 100.000000 0.000000 0.000000"),
    (Tag::ReqStart, "192.0.2.7 5000 http"),
    (Tag::ReqMethod, "POST"),
    (Tag::ReqUrl, "/upload?x=1"),
    (Tag::ReqHeader, "Host: example.org"),
    (Tag::ReqUrl, "/rewritten"),
    (Tag::Link, "bereq 3 pass"),
    (Tag::Timestamp, "Fetch: 101.000000 1.000000 1.000000"),
    (Tag::RespStatus, "503"),
    (Tag::End, ""),
];

fn failing(parent: &'static str, more: &[(Tag, &'static str)]) -> Vec<(Tag, &'static str)> {
    let mut records = vec![
        (Tag::Begin, parent),
        (Tag::Timestamp, "Start: 100.000100 0.000000 0.000000"),
        (Tag::BereqMethod, "POST"),
        (Tag::BereqUrl, "/sent"),
        (Tag::BereqHeader, "Host: inner.example"),
        (Tag::BackendOpen, "27 boot.flaky 127.0.0.1 18081 127.0.0.1 48986 connect"),
        (Tag::Timestamp, "Bereq: 100.000200 0.000100 0.000100"),
        (Tag::FetchError, "HTC eof (-1)"),
        (Tag::VclLog, "fetch.phase:first_byte"),
        (Tag::VclLog, "fetch.class:eof"),
        (Tag::BackendClose, "27 boot.flaky close RX_BAD"),
        (Tag::Timestamp, "Beresp: 100.004200 0.004100 0.004000"),
    ];
    records.extend_from_slice(more);
    records.push((Tag::End, ""));
    records
}

#[test]
fn a_group_without_failures_has_none() {
    let good: Vec<_> = REQUEST
        .iter()
        .map(|&(tag, text)| (tag, if tag == Tag::RespStatus { "404" } else { text }))
        .collect();
    assert_eq!(Failures::read(&[transaction(2, &good)]), None);
    assert_eq!(Failures::read(&[]), None);
}

#[test]
fn a_retried_request_names_its_attempts_and_its_last_error() {
    let group = [
        transaction(2, REQUEST),
        transaction(3, &failing("bereq 2 pass", &[(Tag::Link, "bereq 4 retry")])),
        transaction(4, &failing("bereq 3 retry", &[])),
    ];
    let failures = Failures::read(&group).expect("two failed");
    assert_eq!((failures.request, &failures.xids[..]), (Some(2), &[2, 3, 4][..]));
    assert_eq!(failures.time, Some(Micros(100_004_200)));
    assert_eq!(failures.client, "192.0.2.7:5000");
    assert_eq!((&*failures.method, &*failures.url), ("POST", "/upload?x=1"));
    assert_eq!((&*failures.host, failures.status), ("example.org", Some(503)));
    assert_eq!(failures.backend.as_deref(), Some("flaky"));
    assert_eq!(failures.class, "eof_before_byte_fresh");
    assert_eq!(failures.cause, Some("closed-unanswered"));
    let places: Vec<_> =
        failures.attempts.iter().map(|one| (one.xid, one.attempt, one.of)).collect();
    assert_eq!(places, [(3, Some(1), Some(2)), (4, Some(2), Some(2))]);
    let last = &failures.attempts[1];
    assert_eq!((&*last.url, &*last.host), ("/sent", "inner.example"));
    assert_eq!((&*last.client, &*last.addr), ("192.0.2.7:5000", "127.0.0.1:18081"));
    assert_eq!(last.waited, Some(Micros(4000)));
}

#[test]
fn an_attempt_without_its_request_works_too() {
    let orphan = transaction(3, &failing("bereq 2 fetch", &[]));
    let failures = Failures::read(&[orphan]).expect("it failed");
    assert_eq!((failures.request, failures.status), (None, None));
    assert_eq!((&*failures.method, &*failures.url, &*failures.client), ("POST", "/sent", ""));
    assert_eq!(failures.attempts[0].attempt, Some(1));
    let retried = [(Tag::Link, "bereq 4 retry")];
    let failures = Failures::read(&[transaction(3, &failing("bereq 2 fetch", &retried))]).unwrap();
    assert_eq!((failures.attempts[0].attempt, failures.attempts[0].of), (Some(1), None));
    let retry = transaction(4, &failing("bereq 3 retry", &[]));
    let failures = Failures::read(&[retry]).expect("it failed");
    assert_eq!((failures.attempts[0].attempt, failures.attempts[0].of), (None, None));
}

#[test]
fn a_replaced_connection_is_a_failure_that_did_no_harm() {
    let second = [
        (Tag::BackendOpen, "28 boot.flaky 127.0.0.1 18081 127.0.0.1 48987 connect"),
        (Tag::BerespStatus, "200"),
    ];
    let mut records = failing("bereq 2 pass", &second);
    records[5].1 = "27 boot.flaky 127.0.0.1 18081 127.0.0.1 48986 reuse";
    let failures = Failures::read(&[transaction(3, &records)]).expect("one did");
    assert_eq!(failures.class, "eof_before_byte_reused");
    assert!(failures.attempts[0].recovered && failures.attempts.len() == 1);
}

#[test]
fn what_the_backend_or_nobody_answered_has_a_class_too() {
    let answer = [
        (Tag::Begin, "bereq 2 pass"),
        (Tag::BackendOpen, "27 boot.app 127.0.0.1 18081 127.0.0.1 48986 connect"),
        (Tag::BerespStatus, "500"),
        (Tag::End, ""),
    ];
    let failures = Failures::read(&[transaction(2, REQUEST), transaction(3, &answer)]).unwrap();
    assert_eq!(failures.class, "answer_500");
    assert_eq!((failures.backend.as_deref(), failures.attempts_total), (Some("app"), 0));
    assert_eq!(failures.attempts_made, 1);
    assert_eq!(failures.time, Some(Micros(101_000_000)));
    let failures = Failures::read(&[transaction(2, REQUEST)]).unwrap();
    assert_eq!(failures.class, "status_503");
}

#[test]
fn a_client_that_does_not_send_its_body_is_no_fault_of_a_backend() {
    let mut records = REQUEST.to_vec();
    records.insert(7, (Tag::FetchError, "straight insufficient bytes"));
    let failures = Failures::read(&[transaction(2, &records)]).unwrap();
    assert_eq!((&*failures.class, failures.attempts_total), ("client_gone", 0));
}

#[test]
fn hostile_logs_are_cut_and_made_visible() {
    let long = "/\u{1b}[2J".repeat(100_000);
    let mut records = failing("bereq 2 pass", &[]);
    let url: &'static str = Box::leak(long.into_boxed_str());
    records[3].1 = url;
    let mut group = vec![transaction(2, &[(Tag::Begin, "req 2 restart"), (Tag::Error, "x")])];
    // Numbers that run in a circle, and more attempts than anybody wants.
    group.push(transaction(3, &failing("bereq 4 retry", &[])));
    group.push(transaction(4, &failing("bereq 3 retry", &[])));
    group.extend((5..500).map(|vxid| transaction(vxid, &records)));
    let failures = Failures::read(&group).unwrap();
    assert_eq!((failures.attempts.len(), failures.attempts_total), (MAX_ATTEMPTS, 497));
    assert_eq!(failures.attempts.last().unwrap().xid, 499);
    assert_eq!(failures.xids.len(), MAX_XIDS);
    let url = &failures.attempts.last().unwrap().url;
    assert!(url.len() <= MAX_TEXT && url.contains("\\x1b[2J") && !url.contains('\u{1b}'));
}
