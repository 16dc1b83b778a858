use std::time::Duration;

use shellac_format::Dialect;

use super::*;
use crate::made_up::{bad, group, record};

const DIALECT: Dialect = Dialect::V7_3;

fn watch(rules: &[Rule]) -> Watch {
    Watch::new(rules, DIALECT).unwrap()
}

fn rules(queries: &[&str]) -> Vec<Rule> {
    queries.iter().map(|query| Rule::on_query(query).unwrap()).collect()
}

#[test]
fn a_good_group_is_nobodys_business() {
    let watch = watch(&rules(&["FetchError", "RespStatus >= 500"]));
    assert!(watch.look(&group(DIALECT, 2, "/a", 200)).is_none());
}

#[test]
fn a_failing_group_is_seen_whether_or_not_a_rule_wants_it() {
    let seen =
        watch(&rules(&["ReqURL eq \"/b\"", "FetchError"])).look(&bad(DIALECT, 2, "/a")).unwrap();
    assert_eq!(seen.fired, [1]);
    assert_eq!(seen.failures.unwrap().request, Some(2));
    let seen = watch(&[]).look(&group(DIALECT, 2, "/a", 503)).unwrap();
    assert!(seen.fired.is_empty() && seen.failures.is_some());
}

#[test]
fn a_query_about_what_is_not_there_is_still_asked() {
    let watch = watch(&rules(&["not FetchError", "vxid == 2", "RespHeader"]));
    let seen = watch.look(&group(DIALECT, 2, "/a", 200)).unwrap();
    assert_eq!(seen.fired, [0, 1]);
    assert!(watch.look(&bad(DIALECT, 4, "/a")).unwrap().fired.is_empty());
}

#[test]
fn terms_of_rates_are_counted_and_all_is_everything() {
    let rates = [Rule::on_rate("ratio(RespStatus >= 500, all) > 1%").unwrap()];
    let watch = watch(&rates);
    assert_eq!(watch.look(&group(DIALECT, 2, "/a", 200)).unwrap().counted, [(0, 1)]);
    assert_eq!(watch.look(&group(DIALECT, 2, "/a", 503)).unwrap().counted, [(0, 0), (0, 1)]);
}

#[test]
fn a_query_of_another_generation_is_an_error_that_names_the_rule() {
    let (rule, _) = Watch::new(&rules(&["BackendStart"]), DIALECT).unwrap_err();
    assert_eq!(rule, "BackendStart");
    assert!(Watch::new(&rules(&["BackendStart"]), Dialect::V6_0).is_ok());
}

#[test]
fn the_last_time_is_read_from_timestamps() {
    let mut records = record(DIALECT, 2, "Timestamp", "Start: 1504590151.903285 0.000000 0.000000");
    records.extend(record(DIALECT, 2, "Timestamp", "Resp: 1504590152.5 0.1 0.1"));
    records.extend(record(DIALECT, 2, "ReqURL", "/a"));
    assert_eq!(last_time(DIALECT, &records), Some(Duration::new(1_504_590_152, 500_000_000)));
    for wrong in ["", "Resp", "Resp: 1", "Resp: a.b", "Resp: 99999999999999999999.0 1 1"] {
        assert_eq!(last_time(DIALECT, &record(DIALECT, 2, "Timestamp", wrong)), None, "{wrong}");
    }
}

#[test]
fn the_backend_is_that_of_the_last_connection() {
    assert_eq!(backend_of(&bad(DIALECT, 2, "/a")).as_deref(), Some("b0"));
}
