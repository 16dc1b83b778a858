use super::super::collect::tests::{DIALECT, log};
use super::*;

fn find(selection: &Selection, lines: &[&str]) -> Matches {
    let mut finder = Finder::new(selection);
    finder.input(DIALECT, &log(lines));
    finder.finish()
}

fn numbers(matches: &Matches) -> Vec<u64> {
    matches.newest_first.iter().map(|found| found.xid.0).collect()
}

const LOG: &[&str] = &[
    "3 Begin bereq 2 pass",
    "3 BackendOpen 9 boot.one 127.0.0.1 80 127.0.0.1 4000 connect",
    "3 FetchError HTC eof (-1)",
    "3 Link bereq 4 retry",
    "3 End",
    "4 Begin bereq 3 retry",
    "4 BackendOpen 9 boot.two 127.0.0.1 80 127.0.0.1 4001 connect",
    "4 End",
    "2 Begin req 1 rxreq",
    "2 Timestamp Start: 10.000000 0.000000 0.000000",
    "2 ReqMethod POST",
    "2 ReqURL /cart?id=1",
    "2 Link bereq 3 pass",
    "2 RespStatus 200",
    "2 End",
    "6 Begin req 5 rxreq",
    "6 Timestamp Start: 11.000000 0.000000 0.000000",
    "6 ReqMethod GET",
    "6 ReqURL /cart",
    "6 RespStatus 200",
    "6 End",
    "8 Begin bereq 7 pass",
    "8 Timestamp Start: 12.000000 0.000000 0.000000",
    "8 BereqMethod GET",
    "8 BereqURL /alone",
    "8 FetchError backend three: unhealthy",
    "8 End",
];

#[test]
fn a_pattern_is_a_part_or_with_stars_the_whole() {
    let fits = |pattern: &str, text: &str| Pattern::new(pattern).fits(text.as_bytes());
    assert!(fits("art", "/cart") && fits("", "/cart") && fits("?id", "/cart?id=1"));
    assert!(!fits("art", "/card"));
    assert!(fits("/c*", "/cart") && fits("*t", "/cart") && fits("/*r*t", "/cart") && fits("*", ""));
    assert!(!fits("c*", "/cart") && !fits("/c*r", "/cart") && !fits("/ca*art", "/cart"));
    let is = |pattern: &str, name: &str| Pattern::new(pattern).is(name.as_bytes());
    assert!(is("api", "api") && !is("api", "api1") && is("api*", "api1"));
}

#[test]
fn each_kind_of_selection_finds_its_groups_newest_first() {
    let url = |text| Selection { url: Some(Pattern::new(text)), ..Selection::default() };
    assert_eq!(numbers(&find(&url("/cart"), LOG)), [6, 2]);
    assert_eq!(numbers(&find(&url("alone"), LOG)), [8]);
    let backend = |text| Selection { backend: Some(Pattern::new(text)), ..Selection::default() };
    assert_eq!(numbers(&find(&backend("one"), LOG)), [2]);
    assert_eq!(numbers(&find(&backend("two"), LOG)), [2]);
    assert_eq!(numbers(&find(&backend("three"), LOG)), [8], "named in the error only");
    let failed = Selection { failed: true, ..Selection::default() };
    assert_eq!(numbers(&find(&failed, LOG)), [8, 2]);
    let both = Selection { failed: true, ..url("/cart") };
    let found = find(&both, LOG);
    assert_eq!((numbers(&found), found.total, found.groups), (vec![2], 1, 3));
    let first = &found.newest_first[0];
    assert_eq!((first.method.as_str(), first.url.as_str()), ("POST", "/cart?id=1"));
    assert_eq!((first.status, first.backend.as_deref()), (Some(200), Some("one")));
    assert_eq!(first.error.as_deref(), Some("HTC eof (-1)"));
}

#[test]
fn of_many_the_newest_are_remembered_and_all_are_counted() {
    let selection = Selection::default();
    let mut finder = Finder::new(&selection);
    for n in 1..=REMEMBERED as u64 + 5 {
        let stamp = format!("{n} Timestamp Start: {n}.000000 0.000000 0.000000");
        let (begin, end) = (format!("{n} Begin req 0 rxreq"), format!("{n} End"));
        finder.input(DIALECT, &log(&[&begin, &stamp, &end]));
    }
    let found = finder.finish();
    assert_eq!(found.total, REMEMBERED as u64 + 5);
    assert_eq!(found.newest_first.len(), REMEMBERED);
    assert_eq!(found.newest_first[0].xid, Vxid(REMEMBERED as u64 + 5));
}
