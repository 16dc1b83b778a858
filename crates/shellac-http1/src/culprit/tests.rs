use super::culprit;
use crate::{Limits, parse_request, parse_response};

const LIMITS: Limits = Limits { head_bytes: 1000, headers: 3 };

fn of_response(input: &[u8]) -> Option<&str> {
    let error = parse_response(input, &LIMITS).expect_err("it is refused");
    culprit(input, error, &LIMITS).map(|line| std::str::from_utf8(line).expect("text"))
}

fn of_request(input: &[u8]) -> Option<&str> {
    let error = parse_request(input, &LIMITS).expect_err("it is refused");
    culprit(input, error, &LIMITS).map(|line| std::str::from_utf8(line).expect("text"))
}

#[test]
fn the_line_is_named_that_a_response_was_refused_for() {
    for (lines, found) in [
        ("A: b\r\nno colon\r\nC: d\r\n\r\n", "no colon"),
        ("A: b\r\nA name: b\r\n\r\n", "A name: b"),
        ("A : b\r\n\r\n", "A : b"),
        ("A: b\r\nC: \x01\r\n\r\n", "C: \x01"),
        ("A: b\r\nC: \0\r\n\r\n", "C: \0"),
        // No more has come, and no more is waited for.
        ("A: b\r\nC: x\0", "C: x\0"),
        ("A: b\r\n folded\r\n\r\n", " folded"),
        ("A: b\r\n\tfol", "\tfol"),
        ("A: b\r\nC: d\n\r\n", "C: d"),
        ("A: b\r\nC: d\re\r\n\r\n", "C: d\re"),
        ("A: b\r\nC: d\r\nE: f\r\nG: h\r\nI: j\r\n\r\n", "G: h"),
    ] {
        let input = format!("HTTP/1.1 200 OK\r\n{lines}");
        assert_eq!(of_response(input.as_bytes()), Some(found), "{input:?}");
    }
}

#[test]
fn the_line_is_named_that_a_request_was_refused_for() {
    for (lines, found) in [
        ("Host: a\r\nhost: b\r\n\r\n", "host: b"),
        ("Host: a/b\r\n\r\n", "Host: a/b"),
        ("Host: a\r\nContent-Length: 1, 2\r\n\r\n", "Content-Length: 1, 2"),
        (
            "Content-Length: 99999999999999999999\r\nHost: a\r\n\r\n",
            "Content-Length: 99999999999999999999",
        ),
        (
            "Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
            "Transfer-Encoding: chunked",
        ),
        ("Host: a\r\nTransfer-Encoding: gzip\r\n\r\n", "Transfer-Encoding: gzip"),
        ("Host: a\r\nno colon\r\n\r\n", "no colon"),
    ] {
        let input = format!("\r\nPOST / HTTP/1.1\r\n{lines}");
        assert_eq!(of_request(input.as_bytes()), Some(found), "{input:?}");
    }
}

#[test]
fn what_is_in_the_first_line_or_nowhere_names_no_line() {
    for input in [
        "HTTP/1.1 abc\r\nA: b\r\n\r\n",
        "HTTP/1.1 200 OK\nA: b\r\n\r\n",
        "<html>",
        "HTTP/3 200\r\n\r\n",
    ] {
        assert_eq!(of_response(input.as_bytes()), None, "{input:?}");
    }
    let long = format!("HTTP/1.1 200 OK\r\nA: {}", "x".repeat(2000));
    assert_eq!(of_response(long.as_bytes()), None);
    for input in
        ["GET\r\n\r\n", "GET / HTTP/1.1\r\nA: b\r\n\r\n", "GET / HTTP/2.0\r\nHost: a\r\n\r\n"]
    {
        assert_eq!(of_request(input.as_bytes()), None, "{input:?}");
    }
}
