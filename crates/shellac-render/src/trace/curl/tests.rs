use shellac_format::{Tag, Vxid};

use super::super::written::transaction;
use super::*;
use crate::redact::Redaction;

fn trace(records: &[(Tag, &str)]) -> Trace {
    let session = [
        (Tag::Begin, "sess 0 HTTP/1"),
        (Tag::SessOpen, "192.0.2.9 4711 a0 127.0.0.1 8080 10.000000 20"),
        (Tag::Link, "req 2 rxreq"),
        (Tag::End, ""),
    ];
    let mut request = vec![(Tag::Begin, "req 1 rxreq"), (Tag::ReqStart, "192.0.2.9 4711 a0")];
    request.extend_from_slice(records);
    let mut trace = Trace::build(&[transaction(1, &session), transaction(2, &request)], Vxid(2))
        .expect("there");
    trace.redact(&Redaction::default());
    trace
}

const GET: [(Tag, &str); 3] =
    [(Tag::ReqMethod, "GET"), (Tag::ReqUrl, "/a?b=[1]"), (Tag::ReqProtocol, "HTTP/1.1")];

fn with(headers: &[&'static str]) -> String {
    let mut records = GET.to_vec();
    records.extend(headers.iter().map(|header| (Tag::ReqHeader, *header)));
    curl(&trace(&records)).expect("a command")
}

#[test]
fn a_request_is_repeated_at_the_listener_that_it_came_to() {
    let expected = "# The client's request 2 once more.\n\
                    curl -v --globoff \\\n  --path-as-is \\\n  --http1.1 \\\n  --connect-to '::127.0.0.1:8080' \\\n  \
                    'http://h.example/a?b=[1]' \\\n  --header 'Host: h.example' \\\n  --header 'X-A: it'\\''s' \\\n  \
                    --header 'X-E;' \\\n  --header 'User-Agent:' \\\n  --header 'Accept:'\n";
    assert_eq!(with(&["Host: h.example", "X-A: it's", "X-E:"]), expected);
}

#[test]
fn what_the_proxy_added_is_not_sent_again() {
    assert!(!with(&["X-Forwarded-For: 192.0.2.9"]).contains("Forwarded"));
    let two = with(&["X-Forwarded-For: 198.51.100.1, 192.0.2.9"]);
    assert!(two.contains("'X-Forwarded-For: 198.51.100.1'"), "{two}");
    assert!(!with(&["Via: 1.1 test (Shellac)"]).contains("Via"));
    let via = with(&["Via: 1.1 edge (Varnish/7.1), 1.1 test (Shellac)"]);
    assert!(via.contains("'Via: 1.1 edge (Varnish/7.1)'"), "{via}");
    let other = with(&["X-Forwarded-For: 198.51.100.1"]);
    assert!(other.contains("'X-Forwarded-For: 198.51.100.1'"), "{other}");
}

#[test]
fn a_secret_is_a_variable_that_has_to_be_set() {
    let text = with(&["Authorization: Basic abc", "Cookie: sid=1"]);
    assert!(
        text.contains("# Authorization: (redacted, 9 bytes). Set H_AUTHORIZATION before."),
        "{text}"
    );
    assert!(text.contains("--header 'Authorization: '\"${H_AUTHORIZATION?}\""), "{text}");
    assert!(!text.contains("abc") && !text.contains("sid"), "{text}");
}

#[test]
fn a_body_is_not_recorded_and_that_is_said() {
    let mut records =
        vec![(Tag::ReqMethod, "POST"), (Tag::ReqUrl, "/"), (Tag::ReqProtocol, "HTTP/1.0")];
    records.push((Tag::ReqHeader, "Content-Length: 4623"));
    let text = curl(&trace(&records)).expect("a command");
    assert!(
        text.contains("# Its body (4623 bytes) is not recorded: put one into the file BODY."),
        "{text}"
    );
    assert!(text.contains("--request 'POST'") && text.contains("--data-binary @BODY"), "{text}");
    assert!(text.contains("--http1.0") && !text.contains("Content-Length"), "{text}");
}

#[test]
fn what_cannot_be_sent_is_left_out_or_refused() {
    let text = with(&["X-\x1b: a", "X-B: a\x01b", "X-C: \u{e9}'\\"]);
    assert!(text.contains("# A header whose name is none is left out."), "{text}");
    assert!(text.contains("# X-B is left out: its value has control characters."), "{text}");
    assert!(text.contains("--header $'X-C: \\303\\251\\'\\\\'"), "{text}");
    assert!(text.is_ascii() && !text.contains('\x1b'), "{text}");
    for (method, url) in [("GE T", "/"), ("GET", "/\x1b[2J"), ("", "/"), ("GET", "")] {
        assert!(curl(&trace(&[(Tag::ReqMethod, method), (Tag::ReqUrl, url)])).is_err(), "{url:?}");
    }
    for url in ["*", "http://other/", "/a b", "/#x", "-o/etc/x"] {
        let text =
            curl(&trace(&[(Tag::ReqMethod, "OPTIONS"), (Tag::ReqUrl, url)])).expect("a command");
        assert!(text.contains(&format!("--request-target '{url}'")), "{text}");
    }
}

#[test]
fn an_attempt_without_its_request_is_repeated_at_its_backend() {
    let attempt = [
        (Tag::Begin, "bereq 8 pass"),
        (Tag::BereqMethod, "GET"),
        (Tag::BereqUrl, "/b"),
        (Tag::BackendOpen, "9 b 127.0.0.5 8081 127.0.0.1 4000 connect"),
    ];
    let trace = Trace::build(&[transaction(9, &attempt)], Vxid(9)).expect("there");
    let text = curl(&trace).expect("a command");
    assert!(text.starts_with("# The request to a backend 9 once more."), "{text}");
    assert!(text.contains("'http://127.0.0.5:8081/b'"), "{text}");
    assert_eq!(quoted("a'b\\"), "'a'\\''b\\'");
}
