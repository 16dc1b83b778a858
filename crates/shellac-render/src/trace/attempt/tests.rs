use super::super::written::transaction;
use super::*;

const OPEN: (Tag, &str) = (Tag::BackendOpen, "27 flaky 127.0.0.1 18081 127.0.0.1 48986 connect");

fn attempt(records: &[(Tag, &str)]) -> Attempt {
    let mut all = vec![(Tag::Begin, "bereq 2 pass")];
    all.extend_from_slice(records);
    all.push((Tag::End, ""));
    Attempt::read(&transaction(3, &all))
}

fn causes(attempt: &Attempt) -> Vec<&'static str> {
    let last = attempt.last().expect("an exchange");
    let diagnosis = attempt.failure(last).and_then(|failure| failure.diagnosis);
    diagnosis.map(|it| it.candidates.iter().map(|cause| cause.id).collect()).unwrap_or_default()
}

#[test]
fn the_details_of_a_retried_attempt_leave_one_cause() {
    let attempt = attempt(&[
        (Tag::Timestamp, "Start: 1.000000 0.000000 0.000000"),
        (Tag::BereqHeader, "Content-Length: 4623"),
        (Tag::Timestamp, "Connected: 1.000100 0.000100 0.000100"),
        OPEN,
        (Tag::Timestamp, "Bereq: 1.000200 0.000200 0.000100"),
        (Tag::FetchError, "HTC eof (Unexpected end of input)"),
        (Tag::VclLog, "fetch.phase:first_byte"),
        (Tag::VclLog, "fetch.class:eof"),
        (Tag::VclLog, "fetch.reused:0"),
        (Tag::VclLog, "fetch.sent:4623"),
        (Tag::VclLog, "fetch.acked:0"),
        (Tag::VclLog, "not a detail"),
        (Tag::BackendClose, "27 flaky close RX_BAD"),
        (Tag::Timestamp, "Beresp: 1.004200 0.004200 0.004000"),
        (Tag::Timestamp, "Error: 1.004201 0.004201 0.000001"),
        (Tag::VclCall, "BACKEND_ERROR"),
        (Tag::BereqHeader, "X-Late: belongs to the next attempt"),
        (Tag::VclReturn, "retry"),
        (Tag::Link, "bereq 4 retry"),
    ]);
    assert_eq!(causes(&attempt), ["closed-unanswered"]);
    assert!(attempt.retried && attempt.failed() && !attempt.is_retry);
    assert_eq!(attempt.request.headers.0.len(), 1);
    let exchange = attempt.last().unwrap();
    assert_eq!(exchange.waited, Some(Micros(4000)));
    assert_eq!(exchange.details.sent_bytes, Some(4623));
    assert_eq!(attempt.failure(exchange).unwrap().words, "EOF before the first byte");
}

#[test]
fn bytes_received_tell_before_the_first_byte_from_inside_the_head() {
    for (acct, expected) in [
        ("153 0 153 0 0 0", vec!["closed-unanswered"]),
        ("153 0 153 26 0 26", vec!["head-cut"]),
        ("not numbers", vec!["closed-unanswered", "head-cut"]),
    ] {
        let attempt = attempt(&[OPEN, (Tag::FetchError, "HTC eof (-1)"), (Tag::BereqAcct, acct)]);
        assert_eq!(causes(&attempt), expected, "{acct}");
    }
}

#[test]
fn sums_over_a_chain_of_attempts_prove_nothing_about_one() {
    let attempt = Attempt::read(&transaction(
        3,
        &[
            (Tag::Begin, "bereq 2 retry"),
            OPEN,
            (Tag::FetchError, "HTC eof (-1)"),
            (Tag::BereqAcct, "306 0 306 26 0 26"),
            (Tag::End, ""),
        ],
    ));
    assert!(!attempt.acct_is_its_own());
    assert_eq!(causes(&attempt), ["closed-unanswered", "head-cut"]);
}

#[test]
fn a_silently_replaced_connection_is_not_a_failed_attempt() {
    let attempt = attempt(&[
        (Tag::BackendOpen, "27 b 127.0.0.1 1 127.0.0.1 2 reuse 0.250000 3"),
        (Tag::Timestamp, "Bereq: 1.000200 0.000200 0.000100"),
        (Tag::FetchError, "HTC eof (-1)"),
        (Tag::BackendClose, "27 b close RX_BAD"),
        (Tag::Timestamp, "Connected: 1.000500 0.000500 0.000300"),
        OPEN,
        (Tag::BerespProtocol, "HTTP/1.1"),
        (Tag::BerespStatus, "200"),
        (Tag::BerespReason, "OK"),
        (Tag::VclCall, "BACKEND_RESPONSE"),
        (Tag::BackendClose, "27 b recycle"),
    ]);
    assert!(!attempt.failed());
    assert_eq!(attempt.exchanges.len(), 2);
    assert_eq!(attempt.exchanges[0].age(), Some(Micros(250_000)));
    assert_eq!(attempt.exchanges[0].waited, Some(Micros(300)));
    assert_eq!(attempt.exchanges[1].close, Some(Close::Recycled));
    assert_eq!(attempt.answer.and_then(|answer| answer.line()).as_deref(), Some("200 OK"));
    assert_eq!(attempt.page, None);
}

#[test]
fn a_failed_connect_is_an_exchange_without_a_connection() {
    let attempt = attempt(&[
        (Tag::Timestamp, "Fetch: 1.000020 0.000020 0.000020"),
        (Tag::FetchError, "backend b: fail errno 111 (Connection refused)"),
        (Tag::VclLog, "fetch.addr:127.0.0.1:9"),
        (Tag::Timestamp, "Beresp: 1.000070 0.000070 0.000050"),
        (Tag::VclCall, "BACKEND_ERROR"),
        (Tag::BerespStatus, "503"),
    ]);
    assert_eq!(causes(&attempt), ["refused"]);
    let exchange = attempt.last().unwrap();
    assert_eq!((exchange.open.as_ref(), exchange.waited), (None, Some(Micros(50))));
    assert_eq!(exchange.details.address.as_deref(), Some("127.0.0.1:9"));
    assert_eq!(attempt.page.and_then(|page| page.status), Some(503));
}

#[test]
fn an_unknown_text_gets_no_cause() {
    let attempt = attempt(&[OPEN, (Tag::FetchError, "a text from the future")]);
    let failure = attempt.failure(attempt.last().unwrap()).unwrap();
    assert_eq!((failure.words, failure.diagnosis), ("failed", None));
}

#[test]
fn a_wait_that_is_long_leaves_a_time_out_possible_in_old_texts() {
    for (took, expected) in [
        ("0.004635", vec!["closed-unanswered", "reused-closed"]),
        // A dead connection says so long before.
        ("60.000000", vec!["closed-unanswered", "first-byte-timeout"]),
    ] {
        let beresp = format!("Beresp: 100.000000 60.000000 {took}");
        let attempt = attempt(&[
            (Tag::BackendOpen, "46 vcl.name 192.0.2.1 80 192.0.2.2 56894"),
            (Tag::FetchError, "http first read error: EOF"),
            (Tag::BackendClose, "46 vcl.name"),
            (Tag::Timestamp, &beresp),
        ]);
        assert_eq!(causes(&attempt), expected, "{took}");
    }
}

#[test]
fn tls_that_breaks_later_is_no_disagreement() {
    for (phase, text) in [
        ("first_byte", "TLS: cannot decrypt peer's message"),
        ("body", "TLS: cannot decrypt peer's message"),
    ] {
        let phase = format!("fetch.phase:{phase}");
        let mut records = vec![
            (Tag::BackendOpen, "25 api1 192.0.2.7 80 192.0.2.1 40000 connect 0 0"),
            (Tag::FetchError, text),
        ];
        if phase.ends_with("body") {
            records.push((Tag::FetchError, "straight insufficient bytes"));
        }
        records.extend([(Tag::VclLog, &*phase), (Tag::VclLog, "fetch.class:tls")]);
        assert_eq!(causes(&attempt(&records)), ["tls-broken"], "{phase}");
    }
}

#[test]
fn too_many_headers_are_too_much_and_no_other_protocol() {
    // As varnish 7.1 writes it, and as we do.
    for bogus in ["Too many headers: X: y", "too many headers: X: y"] {
        let mut records = vec![
            (Tag::BackendOpen, "25 api1 192.0.2.7 80 192.0.2.1 40000 connect"),
            (Tag::BogoHeader, bogus),
            (Tag::HttpGarbage, "HTTP/1.1"),
            (Tag::FetchError, "http format error"),
        ];
        let found = attempt(&records);
        assert_eq!(causes(&found), ["head-too-large"], "{bogus}");
        assert_eq!(found.exchanges[0].refused(), Some(bogus));
        assert_eq!(found.exchanges[0].garbage.as_deref(), Some("HTTP/1.1"));
        records.remove(1);
        assert_eq!(causes(&attempt(&records)), ["not-http"]);
    }
}
