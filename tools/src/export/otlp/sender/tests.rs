use super::*;

#[test]
fn what_an_answer_means() {
    let later = |seconds: Option<u64>, status: u16| Outcome::Later {
        pause: seconds.map(Duration::from_secs),
        why: format!("the collector answers {status}"),
    };
    assert_eq!(Outcome::of_status(200, None, ""), Outcome::Taken { rejected: 0 });
    let partial = "{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"x\"}}";
    assert_eq!(Outcome::of_status(200, None, partial), Outcome::Taken { rejected: 3 });
    assert_eq!(rejected_in("{\"partialSuccess\":{\"rejectedSpans\":4}}"), 4);
    assert_eq!(Outcome::of_status(429, Some(" 7 "), ""), later(Some(7), 429));
    for status in [502, 503, 504] {
        assert_eq!(Outcome::of_status(status, Some("tomorrow"), ""), later(None, status));
    }
    for status in [301, 400, 404, 413, 500, 501] {
        let outcome = Outcome::of_status(status, Some("7"), "no\x1b");
        let why = format!("the collector answers {status}: no\\x1b");
        assert_eq!(outcome, Outcome::Refused { why });
    }
}
