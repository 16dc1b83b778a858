//! Tests of the words.

use shellac_measure::concentration::Cell;
use shellac_measure::study::{Clause, Explanation, Findings, Subject};
use shellac_render::dimensions::{Account, DIMENSIONS};
use shellac_render::trace::Micros;

use super::super::compare::Verdict;
use super::{chance, percent, text};

fn dimension(key: &str) -> usize {
    DIMENSIONS.iter().position(|row| row.key == key).expect("a dimension")
}

fn of(keys: &[&str]) -> Vec<Subject> {
    keys.iter().map(|key| Subject::Dimension(dimension(key))).collect()
}

fn verdict(attempts: u64, failures: u64) -> Verdict {
    Verdict {
        findings: Findings { total: Cell { attempts, failures }, ..Findings::default() },
        query: None,
        asked: Vec::new(),
        asked_headers: false,
        failed_without_attempt: 0,
        with_all: false,
        client: 0,
        account: Account::default(),
        span: Some(Micros(32_100_000)),
    }
}

fn found(values: &[&str]) -> Explanation {
    let values = values.iter().map(|&value| value.to_owned()).collect();
    Explanation {
        clauses: vec![Clause::Is { dimension: dimension("connection_body"), values }],
        these: Cell { attempts: 564, failures: 400 },
        share_of_failed: 400.0 / 412.0,
        share_of_good: 0.06,
        ln_p: -100.0,
        subsumes: vec![Subject::Dimension(dimension("method")), Subject::Flag("expect".to_owned())],
    }
}

#[test]
fn a_finding_is_one_sentence_with_its_numbers() {
    let mut verdict = verdict(8211, 412);
    verdict.findings.explanations.push(found(&["reused=0 and a body"]));
    verdict.findings.even = of(&["backend", "url"]);
    verdict.findings.even.push(Subject::Flag("accept".to_owned()));
    verdict.findings.even.push(Subject::Flag("host".to_owned()));
    verdict.findings.same = of(&["listener"]);
    verdict.account = Account { retries: 409, retries_failed: 3, unfinished: 1 };
    let expected = "\
412 of 8211 requests that asked a backend failed (5.0 %), in 32.100 s of log.

97 % of 412 failures have reused=0 and a body (6.0 % of good ones), p < 1e-12
    71 % of the requests with that fail, 0.2 % of the others

method, header expect: only as a consequence
backend, URL, headers accept host: no difference
listener: the same everywhere, or not recorded

1 request without an end, not compared
409 retries, 3 failed; what is compared are first attempts
";
    assert_eq!(text(&verdict, 80), expected);
    let narrow = text(&verdict, 40);
    assert!(narrow.lines().all(|line| line.chars().count() <= 40), "{narrow}");
    assert!(narrow.contains("p < 1e-12"), "a number is not torn apart: {narrow}");
}

#[test]
fn many_values_are_counted() {
    let mut verdict = verdict(8211, 412);
    verdict.findings.explanations.push(found(&["a", "b", "c", "d", "e", "f", "g", "h"]));
    let text = text(&verdict, 200);
    assert!(text.contains(" have a or b or c or d or e or f or 2 more ("), "{text}");
}

#[test]
fn nothing_found_has_its_words() {
    let mut evenly = verdict(1000, 50);
    evenly.findings.even = of(&["backend"]);
    assert!(text(&evenly, 80).contains("spread evenly"));
    evenly.findings.uneven = of(&["url"]);
    let mixed = text(&evenly, 80);
    assert!(!mixed.contains("spread evenly"), "{mixed}");
    evenly.findings.unsure = of(&["method"]);
    let unsure = text(&evenly, 80);
    assert!(unsure.contains("method: perhaps different, too few failures"), "{unsure}");
    assert!(mixed.contains("URL: different, but explains little"), "{mixed}");
    let mut few = verdict(1000, 3);
    few.findings.too_few = of(&["backend"]);
    assert!(text(&few, 80).contains("too few failures to say"));
    assert!(text(&verdict(0, 0), 80).starts_with("No requests that asked a backend were seen."));
    assert!(text(&verdict(9, 0), 80).starts_with("None of 9 requests that asked a backend failed"));
    assert!(text(&verdict(9, 9), 80).contains("no good ones to compare them with"));
}

#[test]
fn a_query_is_asked_for_in_its_own_words() {
    let mut verdict = verdict(1000, 50);
    verdict.query = Some("ReqURL ~ \"\x1b\"".to_owned());
    verdict.with_all = true;
    verdict.asked = vec![dimension("url"), dimension("path")];
    let text = text(&verdict, 80);
    let expected = "50 of 1000 requests are selected by ReqURL ~ \"\\x1b\" (5.0 %)";
    assert!(text.starts_with(expected), "{text}");
    let expected = "URL, first path segment: not compared, for the query asks about it";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn shares_and_chances_do_not_round_to_certainty() {
    let shown = |share| percent(share).replace('\u{a0}', " ");
    for (share, expected) in [
        (0.0, "0 %"),
        (0.0004, "< 0.1 %"),
        (0.04, "4.0 %"),
        (0.0999, "10 %"),
        (0.5, "50 %"),
        (0.9999, "> 99 %"),
        (1.0, "100 %"),
    ] {
        assert_eq!(shown(share), expected, "{share}");
    }
    assert_eq!(chance(-7.0).replace('\u{a0}', " "), "p < 1e-3");
    assert_eq!(chance(f64::NEG_INFINITY).replace('\u{a0}', " "), "p < 1e-12");
}

#[test]
fn what_explains_the_rest_is_not_compared_with_what_is_explained() {
    let mut verdict = verdict(8211, 412);
    verdict.findings.explanations = vec![found(&["a"]), found(&["b"])];
    let text = text(&verdict, 80);
    let (first, second) =
        text.split_once("\nAnd, of what that leaves unexplained:\n").expect("two parts");
    assert!(
        first.ends_with("    71 % of the requests with that fail, 0.2 % of the others"),
        "{text}"
    );
    assert!(second.contains("\n    71 % of the requests with that fail\n"), "{text}");
}
