//! Which framing a head announces, and which one goes on.

use super::*;

type Fields<'a> = &'a [(&'a str, &'a str)];

fn response(version: Version, status: u16, fields: Fields) -> ResponseHead {
    ResponseHead {
        version,
        status,
        reason: String::new(),
        headers: fields.iter().copied().collect(),
    }
}

#[test]
fn framings_of_responses() {
    use BodyFraming::{Chunked, Eof, Length, None};
    const CL: (&str, &str) = ("Content-Length", "5");
    const TE: (&str, &str) = ("Transfer-Encoding", "Chunked");
    let cases: &[(&str, u16, Fields, Result<BodyFraming, FramingError>)] = &[
        ("GET", 200, &[CL], Ok(Length(5))),
        ("GET", 200, &[CL, CL], Ok(Length(5))),
        ("GET", 200, &[("content-length", "0")], Ok(Length(0))),
        ("GET", 200, &[TE], Ok(Chunked)),
        ("GET", 200, &[CL, TE], Ok(Chunked)),
        ("GET", 200, &[], Ok(Eof)),
        ("HEAD", 200, &[CL], Ok(None)),
        ("HEAD", 200, &[TE], Ok(None)),
        ("HEAD", 200, &[], Ok(None)),
        ("head", 200, &[CL], Ok(Length(5))),
        ("GET", 204, &[CL], Ok(None)),
        ("GET", 304, &[CL], Ok(None)),
        ("GET", 304, &[TE], Ok(None)),
        ("GET", 103, &[], Ok(None)),
        ("GET", 101, &[], Err(FramingError::UnexpectedUpgrade)),
        ("GET", 200, &[("Content-Length", "abc")], Err(FramingError::BadContentLength)),
        ("GET", 200, &[("Content-Length", "-1")], Err(FramingError::BadContentLength)),
        (
            "GET",
            200,
            &[("Content-Length", "99999999999999999999")],
            Err(FramingError::BadContentLength),
        ),
        ("GET", 200, &[CL, ("Content-Length", "6")], Err(FramingError::BadContentLength)),
        ("GET", 200, &[TE, ("Content-Length", "abc")], Err(FramingError::BadContentLength)),
        ("HEAD", 200, &[("Content-Length", "abc")], Err(FramingError::BadContentLength)),
        ("GET", 200, &[("Transfer-Encoding", "gzip")], Err(FramingError::UnknownTransferEncoding)),
        (
            "GET",
            200,
            &[("Transfer-Encoding", "gzip, chunked")],
            Err(FramingError::UnknownTransferEncoding),
        ),
        ("GET", 200, &[TE, TE], Err(FramingError::UnknownTransferEncoding)),
    ];
    for (method, status, fields, expected) in cases {
        let head = response(Version::Http11, *status, fields);
        assert_eq!(response_framing(&head, method), *expected, "{method} {status} {fields:?}");
    }
}

#[test]
fn framings_of_requests() {
    let cases: &[(Fields, BodyFraming)] = &[
        (&[], BodyFraming::None),
        (&[("Content-Length", "0")], BodyFraming::Length(0)),
        (&[("Content-Length", "9223372036854775807")], BodyFraming::Length(i64::MAX as u64)),
        (&[("Transfer-Encoding", "chunked")], BodyFraming::Chunked),
    ];
    for (fields, expected) in cases {
        let head =
            RequestHead { headers: fields.iter().copied().collect(), ..RequestHead::default() };
        assert_eq!(request_framing(&head), Ok(*expected), "{fields:?}");
    }
}

#[test]
fn a_length_that_others_read_as_negative_is_refused() {
    for length in ["9223372036854775808", "18446744073709551615", "18446744073709551616"] {
        let headers: Headers = [("Content-Length", length)].into_iter().collect();
        let head = RequestHead { headers, ..RequestHead::default() };
        assert_eq!(request_framing(&head), Err(HeadError::ContentLengthTooLarge), "{length}");
        let head = response(Version::Http11, 200, &[("Content-Length", length)]);
        assert_eq!(response_framing(&head, "GET"), Err(FramingError::BadContentLength), "{length}");
    }
}

#[test]
fn an_http_1_0_client_never_gets_chunks() {
    use BodyFraming::{Chunked, Eof, Length, None};
    let cases = [
        (None, None, None),
        (Length(5), Length(5), Length(5)),
        (Chunked, Chunked, Eof),
        (Eof, Chunked, Eof),
    ];
    for (framing, to_11, to_10) in cases {
        assert_eq!(framing.towards_client(Version::Http11), to_11);
        assert_eq!(framing.towards_client(Version::Http10), to_10);
    }
}

#[test]
fn a_framing_that_is_set_is_the_only_one() {
    for framing in [BodyFraming::None, BodyFraming::Length(7), BodyFraming::Chunked] {
        let mut head = RequestHead::default();
        for (name, value) in [("content-length", "1"), ("A", "b"), ("transfer-encoding", "chunked")]
        {
            head.headers.push(name, value);
        }
        framing.set(&mut head.headers);
        assert_eq!(request_framing(&head), Ok(framing));
        assert_eq!(head.headers.get("a"), Some(&b"b"[..]));
    }
}

#[test]
fn lengths_that_are_known() {
    let cases = [
        (BodyFraming::None, Some(0), true),
        (BodyFraming::Length(0), Some(0), true),
        (BodyFraming::Length(9), Some(9), false),
        (BodyFraming::Chunked, None, false),
        (BodyFraming::Eof, None, false),
    ];
    for (framing, len, empty) in cases {
        assert_eq!((framing.len_bytes(), framing.is_empty()), (len, empty), "{framing:?}");
    }
}
