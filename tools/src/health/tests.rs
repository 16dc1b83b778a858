//! What is said of states that are made up.

use chrono::{Local, TimeZone};

use super::report;
use super::state::{Backend, Judgement, State, Verdict};

const VERDICT: &str = "dimension=node\nsince=1700000000\ncount=1\nattempts=200\nfailures=90\nrest_attempts=1600\n\
                       rest_failures=8\nln_p=-99.0\nvalue=n\u{1b}0\nnews=1\nwhat\n";

fn state() -> State {
    let backend = |name: &str, ejected, drained| Backend {
        name: name.to_owned(),
        ejected,
        drained,
        active: true,
    };
    State {
        workdir: "/run/x".to_owned(),
        worker_runs: true,
        judgement: Judgement::of(
            &[("attempts", 1800), ("failures", 98), ("share_percent", 92)],
            &[("fault", 0), ("neighbour_tables_visible", 0)],
            VERDICT,
        ),
        backends: vec![backend("boot.a", false, false), backend("boot.b", true, false)],
    }
}

#[test]
fn a_verdict_is_told_with_its_numbers() {
    let state = state();
    let now = Local.timestamp_opt(1_700_000_100, 0).unwrap();
    let text = report::text(&state, now);
    assert!(state.is_wrong());
    assert!(text.contains("concentrate on node n\\x1b0, since "), "{text}");
    assert!(text.contains(": 92 % of 98 of the last minute; when that was found 45.0 % of its attempts failed, 0.5 %"), "{text}");
    assert!(text.contains("a node fault cannot be excluded from here"), "{text}");
    assert!(text.contains("2, 1 ejected: boot.b\n"), "{text}");
    let json = report::json(&state);
    assert_eq!(json["verdict"]["dimension"], "node");
    assert_eq!(json["verdict"]["failures"], 90);
    assert_eq!((&json["wrong"], &json["node_fault"]), (&true.into(), &false.into()));
    assert_eq!(json["ejected"], serde_json::json!(["boot.b"]));
}

#[test]
fn nothing_wrong_and_nothing_known_are_two_things() {
    let now = Local.timestamp_opt(1_700_000_100, 0).unwrap();
    let mut fine = state();
    fine.judgement.verdict = None;
    assert!(!fine.is_wrong());
    assert!(
        report::text(&fine, now)
            .contains("98 of 1800 first attempts of the last minute failed, not on anything")
    );
    fine.judgement.node.insert("fault".to_owned(), 1);
    assert!(fine.is_wrong());
    assert!(report::text(&fine, now).contains("packets do not leave this node"));
    let other = State { worker_runs: true, ..State::default() };
    assert!(!other.is_wrong());
    assert!(report::text(&other, now).contains("does not say"));
    assert_eq!(report::json(&other)["node_fault"], serde_json::Value::Null);
    assert!(State::default().is_wrong(), "no worker");
}

#[test]
fn what_is_no_verdict_is_none() {
    for text in
        ["", "dimension=node\n", "value=x\n", "=\n=\n", "count=99999999999999999999\nvalue=x"]
    {
        assert_eq!(Verdict::parse(text), None, "{text:?}");
    }
}
