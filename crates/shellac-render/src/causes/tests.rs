use super::*;
use crate::error_text::Reading;

fn ids(texts: &[&str], reused: Option<bool>) -> (Vec<&'static str>, Vec<Missing>) {
    let reading = Reading::of(texts.iter().copied()).expect("a known text");
    let diagnosis =
        diagnose(&Evidence { phases: reading.phases, classes: reading.classes, reused });
    (diagnosis.candidates.iter().map(|cause| cause.id).collect(), diagnosis.missing)
}

#[test]
fn the_ten_most_common_causes_are_told_from_their_text() {
    for (texts, reused, expected) in [
        (&["backend closed"][..], Some(false), "new-closed"),
        (&["backend closed"], Some(true), "reused-closed"),
        (&["backend b: fail errno 111 (Connection refused)"], None, "refused"),
        (&["backend b: fail errno 110 (Connection timed out)"], None, "connect-timeout"),
        (&["first byte timeout"], Some(false), "first-byte-timeout"),
        (&["first byte timeout (reused connection)"], Some(true), "first-byte-timeout"),
        (&["timeout"], Some(false), "stalled"),
        (&["Resource temporarily unavailable", "straight insufficient bytes"], None, "stalled"),
        (&["straight insufficient bytes"], Some(true), "body-cut"),
        (&["req.body read error: 0 (Success)"], Some(true), "client-gone"),
        (&["backend b: unhealthy"], None, "sick"),
        (&["backend b: busy"], None, "busy"),
        (&["http format error"], Some(false), "not-http"),
        (&["backend b: fail errno 0 (Success)"], None, "held-down"),
        (&["backend b: fail errno 99 (Cannot assign requested address)"], None, "local"),
        (&["backend write error: 104 (Connection reset by peer) ("], Some(false), "send-failed"),
        (&["backend b: fail errno 113 (No route to host)"], None, "unreachable"),
    ] {
        assert_eq!(ids(texts, reused), (vec![expected], vec![]), "{texts:?}");
    }
}

#[test]
fn what_is_not_recorded_leaves_candidates_and_says_what_would_decide() {
    let early = ids(&["backend closed"], None);
    assert_eq!(early, (vec!["new-closed", "reused-closed"], vec![Missing::Reuse]));

    // "HTC eof" is written before the first byte and inside the head alike.
    let eof = ids(&["HTC eof (-1)"], Some(false));
    assert_eq!(eof, (vec!["new-closed", "head-cut"], vec![Missing::Phase]));
    let reused = ids(&["HTC eof (-1)"], Some(true));
    assert_eq!(reused, (vec!["reused-closed", "head-cut"], vec![Missing::Phase]));
}

#[test]
fn every_row_has_a_name_of_its_own_and_something_to_do() {
    for (at, cause) in CAUSES.iter().enumerate() {
        assert!(CAUSES[..at].iter().all(|other| other.id != cause.id), "{} twice", cause.id);
        assert!(!cause.todo.is_empty() && !cause.means.is_empty() && !cause.sign.is_empty());
        assert!(cause.title.len() <= 74, "{} does not fit a line", cause.id);
    }
}
