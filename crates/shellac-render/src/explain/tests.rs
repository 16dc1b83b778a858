use proptest::prelude::*;

use super::*;
use crate::error_text::{Class, Classes, Phase, Phases};

fn ids(text: &str) -> Vec<&'static str> {
    match explain(text) {
        Explained::Known(known) => {
            known.diagnosis.candidates.iter().map(|cause| cause.id).collect()
        }
        Explained::Xid(xid) => panic!("{text}: number {xid}"),
        Explained::Unknown(nearest) => panic!("{text}: unknown, near {nearest:?}"),
    }
}

/// The data: source, text, causes; with the comments.
const TEXTS: &str = include_str!("../../../../fixtures/errors/texts.txt");

fn texts() -> impl Iterator<Item = (&'static str, &'static str, Vec<&'static str>)> {
    let lines = TEXTS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| {
        let mut columns = line.split(" | ");
        let mut next = || columns.next().unwrap_or_default();
        (next(), next(), next().split_ascii_whitespace().collect())
    })
}

#[test]
fn every_text_of_every_version_and_program_has_its_causes() {
    let found: Vec<_> = texts().map(|(source, text, _)| (source, text, ids(text))).collect();
    if std::env::var_os("SHELLAC_BLESS").is_some() {
        let head = TEXTS.lines().take_while(|line| line.is_empty() || line.starts_with('#'));
        let lines = found
            .iter()
            .map(|(source, text, ids)| format!("{source} | {text} | {}", ids.join(" ")));
        let text: Vec<String> = head.map(str::to_owned).chain(lines).collect();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/errors/texts.txt");
        std::fs::write(path, text.join("\n") + "\n").expect("the fixture can be written");
        return;
    }
    for ((source, text, expected), (_, _, found)) in texts().zip(&found) {
        assert!(!expected.is_empty(), "{source} | {text}: no cause in the fixture");
        assert_eq!(&expected, found, "{source} | {text}");
    }
    assert!(found.len() > 200, "{} texts", found.len());
}

#[test]
fn one_row_claims_a_text_and_every_row_claims_one() {
    let mut claimed: Vec<*const Text> = Vec::new();
    for (source, text, _) in texts() {
        let Explained::Known(known) = explain(text) else { panic!("{text} is unknown") };
        let row = known.row;
        let written = format!("{:?}", row.source);
        let in_place =
            matches!(written.as_str(), "FailedFetch" | "FetchError") && source == "Error";
        let same = written.eq_ignore_ascii_case(&source.replace('_', ""));
        assert!(same || in_place, "{text} is said to be of {written}");
        let rivals = error_text::all().filter(|other| {
            other.pattern.matches(text)
                && other.pattern.weight() == row.pattern.weight()
                && other.pattern != row.pattern
        });
        assert_eq!(rivals.count(), 0, "{text} is claimed twice");
        claimed.push(row);
    }
    for (at, row) in error_text::all().enumerate() {
        assert!(claimed.contains(&std::ptr::from_ref(row)), "no text in the fixture for {row:?}");
        let twice = error_text::all().skip(at + 1).find(|other| other.pattern == row.pattern);
        assert!(twice.is_none(), "{row:?} and {twice:?}");
    }
}

#[test]
fn when_everything_is_recorded_a_text_has_one_cause() {
    for row in error_text::all() {
        let reading = row.reading();
        for &class in Class::ALL.iter().filter(|class| reading.classes.contains(**class)) {
            let mut explained = false;
            for &phase in Phase::ALL.iter().filter(|phase| reading.phases.contains(**phase)) {
                for (reused, taken) in [(false, false), (false, true), (true, false), (true, true)]
                {
                    let evidence = Evidence {
                        phases: Phases::of(&[phase]),
                        classes: Classes::of(&[class]),
                        reused: Some(reused),
                        taken: Some(taken),
                    };
                    let found: Vec<_> =
                        diagnose(&evidence).candidates.iter().map(|cause| cause.id).collect();
                    // What no proxy can know: whether an application has read what its kernel took.
                    let open = class == Class::Reset && reused && taken;
                    let most = if open { 2 } else { 1 };
                    assert!(found.len() <= most, "{row:?} {evidence:?}: {found:?}");
                    explained |= found.len() == 1;
                }
            }
            assert!(explained, "{row:?}: nothing explains {class:?}");
        }
    }
}

#[test]
fn lines_are_taken_apart_wherever_they_come_from() {
    for (line, expected) in [
        ("-   FetchError     backend b0: busy", "busy"),
        ("--  FetchError     req.body read error: 0 (Success)", "client-gone"),
        ("         3 FetchError     c straight insufficient bytes", "client-gone"),
        ("         3 FetchError     b straight insufficient bytes", "body-cut"),
        ("FetchError: first byte timeout (reused connection)", "first-byte-timeout"),
        (
            "2026/11/22 05:31:25 [error] 7#7: *45 upstream timed out (110: Connection timed out) while \
             connecting to upstream, client: 192.0.2.7, server: _, request: \"GET / HTTP/1.1\"",
            "connect-timeout",
        ),
        (
            "Nov 22 05:31:25 lb haproxy[7]: 192.0.2.7:5000 [22/Nov/2026:05:31:25.000] fe be/s1 \
             0/0/-1/-1/3 503 212 - - sC-- 1/1/0/0/3 0/0 \"GET / HTTP/1.1\"",
            "connect-timeout",
        ),
        ("[2026-11-22T05:31:25.123Z] \"GET / HTTP/1.1\" 503 UO 0 81 0 - \"-\" \"curl/8\"", "busy"),
        ("[2026-11-22T05:31:25.123Z] \"GET / HTTP/1.1\" 503 URX,UH 0 81 0 -", "tried-out"),
        ("app: varnish said 'backend closed: ' and 'backend b: unhealthy'", "sick"),
        (
            "time=x xid=1 phase=first_byte how=eof reused=1 taken=0 error=\"HTC eof (-1)\"",
            "reused-closed",
        ),
        (
            "time=x xid=1 phase=first_byte how=eof reused=1 taken=99 error=\"HTC eof (-1)\"",
            "closed-unanswered",
        ),
    ] {
        assert_eq!(ids(line), [expected], "{line}");
    }
}

#[test]
fn a_number_is_a_transaction_and_nonsense_has_neighbours_or_none() {
    for text in ["576325623", "XID: 576325623", "X-Varnish: 576325623 576325600", "xid=576325623"] {
        assert!(matches!(explain(text), Explained::Xid(576_325_623)), "{text}");
    }
    let Explained::Unknown(nearest) = explain("straight insufficient byte count") else { panic!() };
    assert_eq!(nearest[0].pattern.shown(), "straight insufficient bytes");
    for text in ["", "42", "\u{1b}[2J\u{85}\u{2028}", "xyzzy"] {
        assert!(
            matches!(explain(text), Explained::Unknown(nearest) if nearest.is_empty()),
            "{text}"
        );
    }
    let long = "\u{e9} ".repeat(10_000) + "first byte timeout";
    assert!(
        matches!(explain(&long), Explained::Unknown(_)),
        "what is behind the limit is left out"
    );
}

#[test]
fn what_would_decide_is_named_with_its_candidates() {
    let Explained::Known(known) = explain("HTC eof (-1)") else { panic!() };
    let ids: Vec<_> = known.diagnosis.candidates.iter().map(|cause| cause.id).collect();
    assert_eq!(ids, ["closed-unanswered", "reused-closed", "head-cut"]);
    assert_eq!(known.diagnosis.missing, [Missing::Reuse, Missing::Phase]);
    let Explained::Known(known) = explain("straight insufficient bytes") else { panic!() };
    assert_eq!(known.diagnosis.missing, [Missing::Side]);
}

/// Pieces that lines are made of, and some that they should not be.
fn piece() -> impl Strategy<Value = String> {
    let known: Vec<String> = texts().map(|(_, text, _)| text.to_owned()).collect();
    prop_oneof![
        3 => proptest::sample::select(known),
        1 => Just(" error=\"".to_owned()),
        1 => Just("-   FetchError     ".to_owned()),
        1 => Just("XID: 9".to_owned()),
        1 => Just("phase=head how=eof reused=1 taken=0 errno=32".to_owned()),
        2 => any::<String>(),
        1 => "[ \"'=:\\\\-]{0,4}",
    ]
}

proptest! {
    #[test]
    fn any_line_gives_a_page_of_its_width_that_is_safe_to_look_at(
        pieces in proptest::collection::vec(piece(), 0..6),
        width in 60_usize..200,
    ) {
        let line = pieces.concat();
        let page = screen(&line, &explain(&line), width, false);
        for shown in page.lines() {
            prop_assert!(shown.chars().count() <= width, "{shown}");
            prop_assert!(shown.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{shown:?}");
        }
    }
}
