use shellac_format::Tag;

use super::super::fields::Stamp;
use super::super::written::transaction;
use super::*;
use crate::trace::Step;

fn attempt(records: &[(Tag, &str)]) -> Attempt {
    let mut all = vec![(Tag::Begin, "bereq 2 pass")];
    all.extend_from_slice(records);
    Attempt::read(&transaction(3, &all))
}

const EOF: (Tag, &str) = (Tag::FetchError, "HTC eof (-1)");
const RETRY: (Tag, &str) = (Tag::Link, "bereq 4 retry");
const PAGE: [(Tag, &str); 2] = [(Tag::BerespStatus, "503"), (Tag::VclCall, "BACKEND_ERROR")];

#[test]
fn a_retry_names_the_error_and_what_decided() {
    let varnish = attempt(&[EOF, PAGE[0], PAGE[1], RETRY]);
    let expected = "closed before the head of the answer was complete; decided in BACKEND_ERROR";
    assert_eq!(varnish.follow(), Some(Follow::Retried(expected.to_owned())));
    let ours = attempt(&[
        EOF,
        (Tag::VclLog, "fetch.phase:first_byte"),
        (Tag::VclLog, "fetch.class:eof"),
        (Tag::VclLog, "fetch.reused:1"),
        RETRY,
    ]);
    let expected =
        "EOF before the first byte; the policy covers it (on: eof_before_byte or reused)";
    assert_eq!(ours.follow(), Some(Follow::Retried(expected.to_owned())));
    let status = attempt(&[(Tag::BerespStatus, "503"), (Tag::VclCall, "BACKEND_RESPONSE"), RETRY]);
    let expected = "answered 503; decided in BACKEND_RESPONSE";
    assert_eq!(status.follow(), Some(Follow::Retried(expected.to_owned())));
}

#[test]
fn without_a_retry_the_reason_is_what_the_log_says_and_no_more() {
    let not = |records: &[(Tag, &str)]| match attempt(records).follow() {
        Some(Follow::NotRetried(why)) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(not(&[EOF, PAGE[0], PAGE[1]]), "the reason is not recorded");
    let limit = (Tag::VclError, "Too many retries, delivering 503");
    assert_eq!(not(&[EOF, limit]), "the limit of retries was reached");
    assert_eq!(not(&[EOF, (Tag::Error, "Retry not possible, body")]), "body");
    let begun = [
        (Tag::BerespStatus, "200"),
        (Tag::VclCall, "BACKEND_RESPONSE"),
        (Tag::FetchError, "straight insufficient bytes"),
    ];
    assert_eq!(not(&begun), "the backend's answer had begun");
    let client = [(Tag::VclLog, "fetch.phase:send"), (Tag::VclLog, "fetch.class:client")];
    assert_eq!(not(&[EOF, client[0], client[1], PAGE[0], PAGE[1]]), "the client is at fault");
    let gone = (Tag::FetchError, "req.body read error: 0 (Success)");
    assert_eq!(not(&[gone, PAGE[0], PAGE[1]]), "the client is at fault");
    let ours = [(Tag::VclLog, "fetch.phase:first_byte"), (Tag::VclLog, "fetch.class:timeout")];
    let why = not(&[EOF, ours[0], ours[1], PAGE[0], PAGE[1]]);
    assert!(why.contains("on: first_byte_timeout") && why.ends_with("not recorded"), "{why}");
}

#[test]
fn what_went_well_needs_no_word() {
    assert_eq!(attempt(&[(Tag::BerespStatus, "200")]).follow(), None);
    assert_eq!(attempt(&[]).follow(), None);
}

#[test]
fn a_body_that_stopped_is_bounded_by_the_end_of_the_request() {
    let cut = attempt(&[
        (Tag::Timestamp, "Start: 10.000000 0.000000 0.000000"),
        (Tag::BackendOpen, "9 b 127.0.0.1 80 127.0.0.1 4000 connect"),
        (Tag::BerespStatus, "200"),
        (Tag::VclCall, "BACKEND_RESPONSE"),
        (Tag::Timestamp, "Process: 10.100000 0.100000 0.100000"),
        (Tag::FetchError, "straight insufficient bytes"),
    ]);
    let step = |text: &[u8]| Step { stamp: Stamp::parse(text).expect("a stamp"), failed: false };
    let mut request = Request::default();
    assert_eq!(cut.stopped(None), None);
    assert_eq!(cut.stopped(Some(&request)), None);
    request.steps.push(step(b"Resp: 12.600000 2.600000 2.500000"));
    assert_eq!(cut.stopped(Some(&request)), Some((Micros(2_500_000), true)));
    request.steps[0] = step(b"Resp: 10.000000 0.000000 0.000000");
    assert_eq!(cut.stopped(Some(&request)), None);
}

#[test]
fn the_rule_that_stopped_a_retry_is_named_where_it_is_recorded() {
    let why = |rule: &str, lost: &str| {
        let (rule, lost) = (format!("fetch.retry:no {rule}"), format!("fetch.lost{lost}"));
        let all = [
            (Tag::VclLog, lost.as_str()),
            EOF,
            (Tag::VclLog, "fetch.phase:first_byte"),
            (Tag::VclLog, "fetch.class:eof"),
            (Tag::BackendClose, "9 b close RX_BAD"),
            PAGE[0],
            PAGE[1],
            (Tag::VclLog, rule.as_str()),
        ];
        match attempt(&all).follow() {
            Some(Follow::NotRetried(why)) => why,
            other => panic!("{other:?}"),
        }
    };
    for (rule, expected) in [
        ("cause", "the route's policy does not cover it (`on` lacks eof_before_byte)"),
        ("method", "the route's policy does not name this method (`methods`)"),
        ("body", "the request's body was not kept whole and cannot be sent again"),
        ("max", "the route's limit of retries was reached (`max`)"),
        ("time", "there was no time left for another one"),
    ] {
        assert_eq!(why(rule, ""), expected);
    }
    for (lost, reason) in [
        ("limit", "it is longer than `body.limit`"),
        ("total", "all files of bodies together were as long as `body.total`"),
        (
            "disk, errno 28 (\x1b[2J)",
            "disk, errno 28 (\\x1b[2J); `body.dir` has to be a directory with room that the proxy's user can write to",
        ),
        ("a sector\x1b", "a sector\\x1b"),
    ] {
        let why = why("body", &format!(":{lost}"));
        assert!(why.ends_with(&format!("cannot be sent again: {reason}")), "{why}");
    }
    assert!(why("moon", "").ends_with("not recorded"));
}

#[test]
fn a_failure_that_is_retried_is_told_from_one_that_could_be() {
    let max = (Tag::VclLog, "fetch.retry:no max");
    let limit = (Tag::VclError, "Too many retries, delivering 503");
    for records in [&[EOF, RETRY][..], &[EOF, max], &[EOF, limit]] {
        assert!(attempt(records).is_of_retried_kind(), "{records:?}");
    }
    for records in [&[EOF][..], &[EOF, (Tag::VclLog, "fetch.retry:no method")]] {
        assert!(!attempt(records).is_of_retried_kind(), "{records:?}");
    }
}

#[test]
fn nobody_is_told_to_retry_what_is_retried() {
    let page = |why: &str| {
        let records = [
            (Tag::Begin, "bereq 2 pass"),
            (Tag::BackendOpen, "9 b 127.0.0.1 80 127.0.0.1 4000 connect"),
            EOF,
            (Tag::VclLog, "fetch.phase:first_byte"),
            (Tag::VclLog, "fetch.class:eof"),
            (Tag::VclLog, why),
            (Tag::End, ""),
        ];
        let trace =
            crate::trace::Trace::build(&[transaction(3, &records)], shellac_format::Vxid(3));
        let options = crate::trace::Options {
            width: 1000,
            color: false,
            zone: crate::trace::Zone::Utc,
            bar_width: 80,
        };
        crate::trace::render(&trace.expect("a trace"), &options)
    };
    let (could, is) = (page("fetch.retry:no method"), page("fetch.retry:no max"));
    assert!(could.contains("- Retry it where") && !could.contains("is retried already"), "{could}");
    assert!(is.contains("is retried already") && !is.contains("- Retry it where"), "{is}");
}
