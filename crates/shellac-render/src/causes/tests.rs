use super::*;
use crate::error_text::{Phase, Reading};

fn ids(texts: &[&str], reused: Option<bool>) -> (Vec<&'static str>, Vec<Missing>) {
    let reading = Reading::of(texts.iter().copied()).expect("a known text");
    let Reading { phases, classes } = reading;
    // Whether a byte was taken is not recorded, but for new connections that is no matter.
    let diagnosis = diagnose(&Evidence { phases, classes, reused, taken: None });
    (diagnosis.candidates.iter().map(|cause| cause.id).collect(), diagnosis.missing)
}

#[test]
fn the_ten_most_common_causes_are_told_from_their_text() {
    for (texts, reused, expected) in [
        (&["backend closed"][..], Some(false), "closed-unanswered"),
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
        (&["backend b: fail errno 99 (Cannot assign requested address)"], None, "no-port"),
        (&["backend write error: 104 (Connection reset by peer) ("], Some(false), "send-failed"),
        (&["backend b: fail errno 113 (No route to host)"], None, "unreachable"),
    ] {
        assert_eq!(ids(texts, reused), (vec![expected], vec![]), "{texts:?}");
    }
}

#[test]
fn what_is_not_recorded_leaves_candidates_and_says_what_would_decide() {
    let early = ids(&["backend closed"], None);
    assert_eq!(early, (vec!["closed-unanswered", "reused-closed"], vec![Missing::Reuse]));

    // "HTC eof" is written before the first byte and inside the head alike.
    let eof = ids(&["HTC eof (-1)"], Some(false));
    assert_eq!(eof, (vec!["closed-unanswered", "head-cut"], vec![Missing::Phase]));
    let reused = ids(&["HTC eof (-1)"], Some(true));
    let all = vec!["closed-unanswered", "reused-closed", "head-cut"];
    assert_eq!(reused, (all, vec![Missing::Taken, Missing::Phase]));
}

#[test]
fn a_kept_connection_was_dead_only_when_nothing_was_taken() {
    let found = |class, taken| {
        let (phases, classes) = (Phases::of(&[Phase::FirstByte]), Classes::of(&[class]));
        let found = diagnose(&Evidence { phases, classes, reused: Some(true), taken: Some(taken) });
        (found.candidates.iter().map(|cause| cause.id).collect::<Vec<_>>(), found.missing)
    };
    assert_eq!(found(Class::Eof, false), (vec!["reused-closed"], vec![]));
    assert_eq!(found(Class::Reset, false), (vec!["reused-closed"], vec![]));
    assert_eq!(found(Class::Eof, true), (vec!["closed-unanswered"], vec![]));
    // The kernel took it, and the application may have closed without a look at it.
    let both = vec!["closed-unanswered", "reused-closed"];
    let reset = Classes::of(&[Class::Reset]);
    assert_eq!(was_taken(0, Classes::of(&[Class::Eof]), None), Some(false));
    assert_eq!(was_taken(0, reset, Some(32)), Some(false), "a reset behind a FIN");
    assert_eq!((was_taken(0, reset, Some(104)), was_taken(1, reset, None)), (None, Some(true)));
    assert_eq!(found(Class::Reset, true), (both, vec![Missing::Read]));
}

#[test]
fn every_row_has_a_name_of_its_own_and_something_to_do() {
    for (at, cause) in all().enumerate() {
        assert!(all().take(at).all(|other| other.id != cause.id), "{} twice", cause.id);
        assert!(!cause.todo.is_empty() && !cause.means.is_empty() && !cause.sign.is_empty());
        assert!(!cause.proof.is_empty() && !cause.needs().is_empty());
        assert!(cause.title.len() <= 74, "{} does not fit a line", cause.id);
    }
}
