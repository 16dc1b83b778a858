//! Tests of what is read of a group: properties, outcomes, and what is no unit.

use shellac_format::Tag;
use shellac_log::Transaction;

use super::{Account, Is, Outcome, Unit, Units, classes};
use crate::trace::Micros;
use crate::trace::written::transaction;

type Records = Vec<(Tag, &'static str)>;

fn request(status: &'static str) -> Records {
    vec![
        (Tag::Begin, "req 1 rxreq"),
        (Tag::Timestamp, "Start: 100.000000 0.000000 0.000000"),
        (Tag::ReqStart, "192.0.2.7 5000 http"),
        (Tag::ReqMethod, "POST"),
        (Tag::ReqUrl, "/api/v2/user/4711/0123456789abcdef.png?token=secret"),
        (Tag::ReqProtocol, "HTTP/1.1"),
        (Tag::ReqHeader, "Content-Length: 4000"),
        (Tag::ReqHeader, "Cookie: sid=secret"),
        (Tag::VclCall, "RECV"),
        (Tag::ReqHeader, "X-Made-Here: 1"),
        (Tag::VclCall, "PASS"),
        (Tag::Link, "bereq 3 pass"),
        (Tag::Timestamp, "Fetch: 101.000000 1.000000 1.000000"),
        (Tag::RespStatus, status),
        (Tag::End, ""),
    ]
}

fn attempt(begin: &'static str, open: &'static str, error: Option<&'static str>) -> Records {
    let mut records = vec![
        (Tag::Begin, begin),
        (Tag::Timestamp, "Start: 100.000100 0.000000 0.000000"),
        (Tag::BereqMethod, "POST"),
        (Tag::BereqUrl, "/sent"),
        (Tag::BereqProtocol, "HTTP/1.1"),
    ];
    if !open.is_empty() {
        records.push((Tag::BackendOpen, open));
    }
    records.extend(error.map(|error| (Tag::FetchError, error)));
    records.push((Tag::Timestamp, "Beresp: 100.004200 0.004100 0.004000"));
    records.push((Tag::End, ""));
    records
}

const NEW: &str = "27 boot.b1 127.0.0.1 8080 127.0.0.1 4444 connect";
const REUSED: &str = "27 boot.b1 127.0.0.1 8080 127.0.0.1 4444 reuse";

/// Transactions from 2 on.
fn group(transactions: &[Records]) -> Vec<Transaction> {
    (2..).zip(transactions).map(|(vxid, records)| transaction(vxid, records)).collect()
}

fn units(transactions: &[Records]) -> Vec<Unit> {
    Units::default().read(&group(transactions), Some("web1"), None)
}

fn outcomes(transactions: &[Records]) -> Vec<Outcome> {
    units(transactions).iter().map(|unit| unit.outcome).collect()
}

#[test]
fn everything_that_may_have_to_do_with_it_is_read() {
    let units = units(&[request("200"), attempt("bereq 2 pass", NEW, None)]);
    let [unit] = &units[..] else { panic!("{units:?}") };
    assert_eq!((unit.outcome, unit.has_attempt), (Outcome::Good, true));
    assert_eq!(unit.at, Some(Micros(100_000_000)));
    for (dimension, value) in [
        (Is::Connection, Some("reused=0")),
        (Is::Body, Some("a body")),
        (Is::ConnectionBody, Some("reused=0 and a body")),
        (Is::Age, None),
        (Is::Idle, None),
        (Is::BodySize, Some("up to 10 KB")),
        (Is::Method, Some("POST")),
        (Is::Backend, Some("b1")),
        (Is::Address, Some("127.0.0.1:8080")),
        (Is::Handling, Some("pass")),
        (Is::Url, Some("/api/v2/user/#/#.png?*")),
        (Is::Path, Some("/api")),
        (Is::Protocol, Some("HTTP/1.1")),
        (Is::Client, Some("192.0.2.0/24")),
        (Is::Listener, Some("http")),
        (Is::Instance, Some("web1")),
    ] {
        assert_eq!(unit.get(dimension), value, "{dimension:?}");
    }
    assert_eq!(unit.headers, ["content-length", "cookie"]);
    assert!(!format!("{unit:?}").contains("secret"));
}

#[test]
fn failures_have_names() {
    let good = || attempt("bereq 2 pass", NEW, None);
    let bad = |text| attempt("bereq 2 pass", NEW, Some(text));
    assert_eq!(outcomes(&[request("200"), good()]), [Outcome::Good]);
    assert_eq!(outcomes(&[request("404"), good()]), [Outcome::Good]);
    assert_eq!(outcomes(&[request("500"), good()]), [Outcome::Failed]);
    assert_eq!(outcomes(&[request("503"), bad("HTC eof (-1)")]), [Outcome::Failed]);
    assert_eq!(
        outcomes(&[request("400"), bad("req.body read error: 0 (Success)")]),
        [Outcome::Client]
    );
    assert_eq!(outcomes(&[request("503"), bad("Client closed")]), [Outcome::Client]);
    assert_eq!(outcomes(&[request("503")]), [Outcome::Failed]);
}

#[test]
fn a_request_that_its_retry_saved_has_failed_on_its_first_attempt() {
    let group = group(&[
        request("200"),
        attempt("bereq 2 pass", REUSED, Some("HTC eof (-1)")),
        attempt("bereq 3 retry", NEW, None),
    ]);
    let mut reader = Units::default();
    let units = reader.read(&group, None, None);
    let [unit] = &units[..] else { panic!("{units:?}") };
    assert_eq!((unit.outcome, unit.get(Is::Connection)), (Outcome::Failed, Some("reused=1")));
    let expected = Account { retries: 1, retries_failed: 0, unfinished: 0 };
    assert_eq!(reader.account(), expected);
}

#[test]
fn a_restart_is_the_same_request() {
    let mut restart = request("503");
    restart[0].1 = "req 2 restart";
    restart.retain(|(tag, _)| *tag != Tag::Link);
    let units = units(&[
        request(""),
        restart,
        attempt("bereq 3 pass", NEW, Some("HTC eof (-1)")),
        attempt("bereq 2 pass", REUSED, None),
    ]);
    assert_eq!(units.len(), 1, "{units:?}");
    assert_eq!(units[0].outcome, Outcome::Failed);
}

#[test]
fn fetches_nobody_waits_for_and_orphans_stand_for_themselves() {
    let units = units(&[
        request("200"),
        attempt("bereq 2 bgfetch", NEW, Some("first byte timeout")),
        attempt("bereq 99 pass", NEW, None),
        attempt("bereq 98 retry", NEW, Some("first byte timeout")),
    ]);
    let seen: Vec<_> =
        units.iter().map(|unit| (unit.outcome, unit.has_attempt, unit.get(Is::Client))).collect();
    assert_eq!(
        seen,
        [
            (Outcome::Good, false, Some("192.0.2.0/24")),
            (Outcome::Failed, true, Some("192.0.2.0/24")),
            (Outcome::Good, true, None),
        ]
    );
    assert_eq!(units[2].get(Is::Url), Some("/sent"));
}

#[test]
fn what_is_not_over_has_no_outcome() {
    let mut cut_off = attempt("bereq 2 pass", NEW, None);
    cut_off.pop();
    let mut reader = Units::default();
    assert_eq!(reader.read(&group(&[request("200"), cut_off]), None, None), []);
    assert_eq!(reader.account().unfinished, 1);
}

#[test]
fn a_query_decides_over_the_group_as_a_whole() {
    let group = group(&[
        request("200"),
        attempt("bereq 2 pass", NEW, None),
        attempt("bereq 2 bgfetch", NEW, Some("first byte timeout")),
    ]);
    for (chosen, outcome) in [(true, Outcome::Failed), (false, Outcome::Good)] {
        let units = Units::default().read(&group, None, Some(chosen));
        assert_eq!(units.len(), 1);
        assert_eq!((units[0].outcome, units[0].get(Is::Handling)), (outcome, Some("pass")));
    }
}

#[test]
fn a_connection_is_known_again() {
    let mut reader = Units::default();
    let at = |seconds: &'static str, open| {
        let mut records = attempt("bereq 2 pass", open, None);
        records.retain(|(tag, _)| *tag != Tag::Timestamp);
        records.insert(1, (Tag::Timestamp, seconds));
        group(&[request("200"), records])
    };
    let mut read = |group: &[Transaction]| {
        let unit = reader.read(group, None, None).remove(0);
        [Is::Age, Is::Idle].map(|dimension| unit.get(dimension).map(str::to_owned))
    };
    assert_eq!(read(&at("Start: 100.000000 0.000000 0.000000", REUSED)), [None, None]);
    assert_eq!(read(&at("Start: 101.000000 0.000000 0.000000", NEW)), [None, None]);
    let [age, idle] = read(&at("Start: 103.000000 0.000000 0.000000", REUSED));
    assert_eq!((age.as_deref(), idle.as_deref()), (Some("1 to 5 s"), Some("1 to 5 s")));
    let [age, idle] = read(&at("Start: 108.500000 0.000000 0.000000", REUSED));
    assert_eq!((age.as_deref(), idle.as_deref()), (Some("5 to 15 s"), Some("5 to 15 s")));
    // A clock that was set back, and another connection.
    assert_eq!(read(&at("Start: 50.000000 0.000000 0.000000", REUSED)), [None, None]);
    let other = "27 boot.b1 127.0.0.1 8080 127.0.0.1 4445 reuse";
    assert_eq!(read(&at("Start: 109.000000 0.000000 0.000000", other)), [None, None]);
}

#[test]
fn without_a_connection_the_error_names_the_backend() {
    let text = "backend b7: fail errno 111 (Connection refused)";
    let units = units(&[request("503"), attempt("bereq 2 pass", "", Some(text))]);
    assert_eq!(units[0].get(Is::Backend), Some("b7"));
    assert_eq!(units[0].get(Is::Connection), None, "there was none: that is the outcome itself");
}

#[test]
fn of_a_connection_that_was_replaced_the_first_counts() {
    let mut records =
        attempt("bereq 2 pass", REUSED, Some("first byte timeout (reused connection)"));
    let at = records.len() - 2;
    records.insert(at, (Tag::BackendOpen, NEW));
    records.insert(at + 1, (Tag::FetchError, "HTC eof (-1)"));
    let units = units(&[request("503"), records]);
    assert_eq!(units[0].outcome, Outcome::Failed);
    assert_eq!(units[0].get(Is::Connection), Some("reused=1"));
}

#[test]
fn urls_collapse_to_patterns() {
    for (url, expected) in [
        ("/", "/"),
        ("", ""),
        ("*", "*"),
        ("/a?b=1", "/a?*"),
        ("/a#b", "/a"),
        ("/item/42", "/item/#"),
        ("/item42/x9y10", "/item#/x#y#"),
        ("/v1/v20/v300", "/v1/v20/v#"),
        ("/f/123e4567-e89b-12d3-a456-426614174000", "/f/#"),
        ("/f/deadbeef/dead1234", "/f/deadbeef/#"),
        ("/img/0123456789abcdef.jpg", "/img/#.jpg"),
        ("/a.b/c.1234567", "/a.b/c.#"),
        ("/1/2/3/4/5/6/7/8", "/#/#/#/#/#/#/..."),
        ("/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/b", "/#/b"),
        ("\\xff\\x1b[2J", "\\xff\\x#b[#J"),
    ] {
        assert_eq!(classes::pattern(url), expected, "{url}");
    }
    for (url, expected) in [("/api/user", "/api"), ("/", "/"), ("/9?x", "/#"), ("", ""), ("*", "*")]
    {
        assert_eq!(classes::first_segment(url), expected, "{url}");
    }
}

#[test]
fn classes_have_edges() {
    assert_eq!(classes::time(Micros(0)), "less than 0.1 s");
    assert_eq!(classes::time(Micros(1_000_000)), "1 to 5 s");
    assert_eq!(classes::time(Micros(i64::MAX)), "5 min or more");
    assert_eq!(classes::bytes(100), "up to 100 bytes");
    assert_eq!(classes::bytes(101), "up to 1 KB");
    assert_eq!(classes::bytes(u64::MAX), "more than 10 MB");
    assert_eq!(classes::net("10.1.2.3:80").as_deref(), Some("10.1.2.0/24"));
    assert_eq!(classes::net("[2001:db8:1:2:3::4]:80").as_deref(), Some("2001:db8:1:2::/64"));
    assert_eq!(classes::net("[::ffff:10.1.2.3]:80").as_deref(), Some("10.1.2.0/24"));
    assert_eq!(classes::net("\\x1b:80"), None);
}

proptest::proptest! {
    #[test]
    fn no_url_is_too_strange(url in "\\PC{0,80}") {
        proptest::prop_assert!(classes::pattern(&url).len() <= url.len() + 5);
        proptest::prop_assert!(classes::first_segment(&url).len() <= url.len() + 5);
    }
}
