use super::*;

fn words(texts: &[&str]) -> &'static str {
    Reading::of(texts.iter().copied()).map_or("unknown", Reading::words)
}

#[test]
fn texts_of_all_versions_become_plain_words() {
    for (texts, expected) in [
        (&["HTC eof (-1)"][..], "closed before the head of the answer was complete"),
        (
            &["HTC eof (Unexpected end of input)"],
            "closed before the head of the answer was complete",
        ),
        (&["HTC status -1"], "failed"),
        (&["http first read error: EOF"], "closed or timed out before the first byte"),
        (&["backend refused: fail errno 111 (Connection refused)"], "connection refused"),
        (
            &["backend b: fail errno 99 (Cannot assign requested address)"],
            "no free local port for a connection",
        ),
        (
            &["backend refused: fail errno 0 (Success)"],
            "not tried: connecting had failed a moment before",
        ),
        (&["backend busy: busy"], "the backend's connection limit was reached"),
        (&["Director empty returned no backend"], "no healthy backend to send it to"),
        (&["straight insufficient bytes"], "the body of the answer ended early"),
        (&["chunked header non-hex"], "the body of the answer is not what its head announced"),
        (&["chunked read err"], "the body of the answer ended early"),
        (&["a text from the future"], "unknown"),
        (&[], "unknown"),
    ] {
        assert_eq!(words(texts), expected, "{texts:?}");
    }
}

#[test]
fn the_system_error_before_a_short_body_is_its_reason() {
    assert_eq!(
        words(&["Resource temporarily unavailable", "straight insufficient bytes"]),
        "the body of the answer stopped, time-out"
    );
    assert_eq!(
        words(&["Connection reset by peer", "chunked insufficient bytes"]),
        "reset in the middle of the body of the answer"
    );
}

#[test]
fn a_failed_write_is_the_backends_doing_only_with_an_errno() {
    let reset = [
        "req.body read error: 104 (Connection reset by peer)",
        "backend write error: 104 (Connection reset by peer) (Error transaction",
    ];
    assert_eq!(words(&reset), "the backend closed while the request was being sent");
    let abort =
        ["req.body read error: 0 (Success)", "backend write error: 0 (Success) (Error transaction"];
    assert_eq!(words(&abort), "the client went away while its body was being passed on");
}

#[test]
fn a_short_body_after_words_about_tls_is_short_because_of_them() {
    let texts = ["TLS: cannot decrypt peer's message", "straight insufficient bytes"];
    let phases = Phases::of(&[Phase::Body]);
    let reading = Reading { phases, classes: Classes::of(&[Class::Tls]) };
    assert_eq!(Reading::of(texts), Some(reading));
    assert_eq!(
        Reading::of_client(texts).unwrap().words(),
        "TLS with the client broke while its body was being passed on"
    );
}

#[test]
fn errno_is_found_in_both_grammars() {
    assert_eq!(errno_in("backend b: fail errno 111 (Connection refused)"), Some(111));
    assert_eq!(errno_in("backend write error: 104 (Connection reset by peer) ("), Some(104));
    assert_eq!(errno_in("HTC eof (-1)"), None);
    assert_eq!(errno_in("fail errno 99999999999 (x)"), None);
}

#[test]
fn every_row_can_be_put_into_words() {
    for row in FETCH.iter().chain(REMARKS) {
        // Where a number or nothing is all there is, no words are possible.
        let open = matches!(row.pattern, Pattern::Starts("HTC " | "HTC status "));
        assert!(open || row.reading().words() != "failed", "{:?}", row.pattern);
    }
}

#[test]
fn a_set_is_never_narrowed_to_nothing() {
    let eof = Classes::of(&[Class::Eof]);
    assert_eq!(eof.narrowed(Classes::of(&[Class::Reset])), eof);
    assert_eq!(Classes::ANY.narrowed(eof), eof);
    assert!(Classes::ANY.contains(Class::HeldDown) && Phases::ANY.contains(Phase::Body));
}
