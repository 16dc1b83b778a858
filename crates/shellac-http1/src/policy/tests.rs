//! Which fields pass, and which connections live on.

use super::*;

type Fields<'a> = &'a [(&'a str, &'a str)];

fn names(headers: &Headers) -> Vec<String> {
    headers.iter().map(|header| String::from_utf8_lossy(header.name).into_owned()).collect()
}

#[test]
fn fields_of_one_connection_do_not_pass() {
    let mut headers: Headers = [
        ("Host", "a"),
        ("Connection", "close, X-Private ,upgrade,,host"),
        ("Keep-Alive", "timeout=5"),
        ("Proxy-Connection", "keep-alive"),
        ("Proxy-Authenticate", "Basic"),
        ("Proxy-Authorization", "Basic eA=="),
        ("TE", "trailers"),
        ("Trailer", "X-Sum"),
        ("Transfer-Encoding", "chunked"),
        ("Upgrade", "websocket"),
        ("HTTP2-Settings", "AAAA"),
        ("x-private", "1"),
        ("X-PRIVATE", "2"),
        ("connection", "x-other, content-length"),
        ("X-Other", "3"),
        ("Content-Length", "4"),
        ("Close", "a field of this name is an ordinary one"),
        ("Via", "1.1 x"),
    ]
    .into_iter()
    .collect();
    strip_hop_by_hop(&mut headers);
    assert_eq!(names(&headers), ["Host", "Content-Length", "Close", "Via"]);
}

#[test]
fn a_known_field_that_was_named_away_is_known_to_be_gone() {
    let mut headers: Headers =
        [("Via", "1.0 a"), ("Connection", "via"), ("Date", "x"), ("via", "1.0 b"), ("Date", "y")]
            .into_iter()
            .collect();
    strip_hop_by_hop(&mut headers);
    assert!(!headers.contains(Known::Via) && !headers.contains(Known::Connection));
    assert_eq!(headers.get(Known::Via), None);
    assert!(headers.contains(Known::Date));
    assert_eq!(headers.values(Known::Date).collect::<Vec<_>>(), [b"x", b"y"]);
}

#[test]
fn an_interim_head_says_no_length() {
    let mut headers: Headers =
        [("Link", "</a>"), ("Content-Length", "5"), ("Transfer-Encoding", "chunked"), ("X", "1")]
            .into_iter()
            .collect();
    strip_interim(&mut headers);
    assert_eq!(names(&headers), ["Link", "X"]);
}

#[test]
fn clients_that_keep_their_connection() {
    let cases: &[(Version, &[&str], bool)] = &[
        (Version::Http11, &[], true),
        (Version::Http11, &["close"], false),
        (Version::Http11, &["Keep-Alive, Close"], false),
        (Version::Http11, &["x", "CLOSE"], false),
        (Version::Http11, &["closed"], true),
        (Version::Http10, &[], false),
        (Version::Http10, &["keep-alive"], true),
        (Version::Http10, &["Keep-Alive", "close"], false),
        (Version::Http10, &["close"], false),
    ];
    for (version, values, expected) in cases {
        let headers = values.iter().map(|value| ("Connection", *value)).collect();
        let head = RequestHead { version: *version, headers, ..RequestHead::default() };
        assert_eq!(client_keeps_alive(&head), *expected, "{version:?} {values:?}");
    }
}

#[test]
fn backends_whose_connection_can_be_used_again() {
    const LENGTH: BodyFraming = BodyFraming::Length(5);
    let cases: &[(Version, Fields, BodyFraming, bool)] = &[
        (Version::Http11, &[], LENGTH, true),
        (Version::Http11, &[], BodyFraming::Chunked, true),
        (Version::Http11, &[], BodyFraming::None, true),
        (Version::Http11, &[], BodyFraming::Eof, false),
        (Version::Http11, &[("Connection", "close")], LENGTH, false),
        (Version::Http10, &[("Content-Length", "5")], LENGTH, false),
        (Version::Http10, &[("Connection", "keep-alive")], LENGTH, true),
        (
            Version::Http11,
            &[("Transfer-Encoding", "chunked"), ("Content-Length", "5")],
            BodyFraming::Chunked,
            false,
        ),
        (
            Version::Http10,
            &[("Transfer-Encoding", "chunked"), ("Connection", "keep-alive")],
            BodyFraming::Chunked,
            false,
        ),
    ];
    for (version, fields, framing, expected) in cases {
        let head = ResponseHead {
            version: *version,
            status: 200,
            reason: String::new(),
            headers: fields.iter().copied().collect(),
        };
        assert_eq!(
            response_persistent(&head, *framing),
            *expected,
            "{version:?} {fields:?} {framing:?}"
        );
    }
}

#[test]
fn a_204_that_announces_a_body_ends_its_connection() {
    let cases: &[(Fields, bool)] = &[
        (&[], true),
        (&[("Content-Length", "0")], true),
        (&[("Content-Length", "00")], true),
        (&[("Content-Length", "8")], false),
        (&[("Transfer-Encoding", "chunked")], false),
    ];
    for (fields, expected) in cases {
        let headers = fields.iter().copied().collect();
        let head = ResponseHead { status: 204, headers, ..ResponseHead::default() };
        assert_eq!(response_persistent(&head, BodyFraming::None), *expected, "{fields:?}");
    }
}

#[test]
fn heads_of_answers_to_the_client() {
    use BodyFraming::{Chunked, Eof, Length, None};
    let cases: &[(u16, BodyFraming, Version, bool, &[&str])] = &[
        (200, Length(5), Version::Http11, true, &["Content-Length: 5"]),
        (200, Length(5), Version::Http11, false, &["Content-Length: 5", "Connection: close"]),
        (200, Length(5), Version::Http10, true, &["Content-Length: 5", "Connection: keep-alive"]),
        (200, Chunked, Version::Http11, true, &["Transfer-Encoding: chunked"]),
        (200, Eof, Version::Http10, true, &["Connection: close"]),
        (200, None, Version::Http11, true, &["Content-Length: 9"]),
        (304, None, Version::Http11, true, &["Content-Length: 9"]),
        (204, None, Version::Http11, true, &[]),
        (103, None, Version::Http11, true, &[]),
    ];
    for (status, towards, client, keep, expected) in cases {
        let mut headers: Headers = [
            ("Content-Length", "9"),
            ("Content-Length", "9"),
            ("Transfer-Encoding", "chunked"),
            ("Connection", "close"),
        ]
        .into_iter()
        .collect();
        strip_hop_by_hop(&mut headers);
        frame_response(&mut headers, *status, *towards, *client, *keep);
        let lines: Vec<_> =
            headers.iter().map(|header| String::from_utf8_lossy(header.line)).collect();
        assert_eq!(lines, *expected, "{status} {towards:?} {client:?} {keep}");
    }
}

#[test]
fn only_http_1_1_knows_interim_answers() {
    let mut head = RequestHead { version: Version::Http11, ..RequestHead::default() };
    assert!(!expects_continue(&head) && takes_interim(&head));
    head.headers.push("Expect", "100-Continue");
    assert!(expects_continue(&head));
    head.version = Version::Http10;
    assert!(!expects_continue(&head) && !takes_interim(&head));
}

#[test]
fn methods_that_can_be_repeated() {
    for method in ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"] {
        assert!(is_idempotent(method), "{method}");
    }
    for method in ["POST", "PATCH", "CONNECT", "get", ""] {
        assert!(!is_idempotent(method), "{method}");
    }
}
