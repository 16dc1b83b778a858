//! Heads as data: what is taken, what is refused, and that cutting the input changes nothing.

use proptest::prelude::*;

use super::*;
use crate::error::HeadError;
use crate::headers::{Headers, is_token};
use crate::policy::strip_hop_by_hop;
use crate::write;

const LIMITS: Limits = Limits { head_bytes: 1024, headers: 8 };

fn request(wire: &[u8]) -> Result<Parse<RequestHead>, HeadError> {
    parse_request(wire, &LIMITS)
}

fn complete(wire: &[u8]) -> RequestHead {
    match request(wire) {
        Ok(Parse::Complete { head, len_bytes }) if len_bytes == wire.len() => head,
        other => panic!("{:?}: {other:?}", String::from_utf8_lossy(wire)),
    }
}

#[test]
fn requests_that_are_refused() {
    use HeadError::*;
    let cases: &[(&[u8], HeadError)] = &[
        (b"GET / HTTP/1.1\nHost: a\n\n", BareLf),
        (b"GET / HTTP/1.1\r\nHost: a\n\r\n", BareLf),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\n", BareLf),
        (b"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", BareLf),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n", BareCr),
        (b"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", BareCr),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n", Nul),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", ObsFold),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc\r\n\r\n", ObsFold),
        (b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", ObsFold),
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", HeaderLine),
        (b"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", HeaderLine),
        (b"GET / HTTP/1.1\r\nHost: a\r\n: empty\r\n\r\n", HeaderLine),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", HeaderLine),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n", HeaderLine),
        (b"GET /\r\n\r\n", RequestLine),
        (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", RequestLine),
        (b"GET / x HTTP/1.1\r\nHost: a\r\n\r\n", RequestLine),
        (b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", RequestLine),
        (b" GET / HTTP/1.1\r\nHost: a\r\n\r\n", RequestLine),
        (b"G\"T / HTTP/1.1\r\nHost: a\r\n\r\n", RequestLine),
        (b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", RequestLine),
        (b"GET / FOO/1.1\r\nHost: a\r\n\r\n", RequestLine),
        (b"GET / http/1.1\r\nHost: a\r\n\r\n", RequestLine),
        (b"GET / HTTP/11\r\nHost: a\r\n\r\n", RequestLine),
        (b"GET / HTTP/1.2\r\nHost: a\r\n\r\n", Version),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", Version),
        (b"PRI * HTTP/2.0\r\n\r\n", Version),
        (b"GET / HTTP/3\r\nHost: a\r\n\r\n", Version),
        (b"GET index HTTP/1.1\r\nHost: a\r\n\r\n", Target),
        (b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", Target),
        (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", Target),
        (b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", Target),
        (b"CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", Target),
        (b"CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", Target),
        (b"GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", BadHost),
        (b"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", BadHost),
        (b"GET / HTTP/1.1\r\n\r\n", MissingHost),
        (b"GET http://a/ HTTP/1.1\r\n\r\n", MissingHost),
        (b"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", SeveralHosts),
        (b"GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n", SeveralHosts),
        (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", BadHost),
        (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", BadHost),
        (b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", BadHost),
        (b"GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n", BadHost),
        (b"GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", BadHost),
        (b"CONNECT a:100000 HTTP/1.1\r\nHost: a\r\n\r\n", Target),
        (b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", BadHost),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\n", BadContentLength),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\n", BadContentLength),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\n", BadContentLength),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", BadContentLength),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\n", BadContentLength),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3 3\r\n\r\n", BadContentLength),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", BadContentLength),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 03\r\n\r\n", BadContentLength),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n",
            ContentLengthTooLarge,
        ),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", TwoFramings),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\nContent-Length: 3\r\n\r\n", TwoFramings),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", TransferEncodingIn10),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n", BadTransferEncoding),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", BadTransferEncoding),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            BadTransferEncoding,
        ),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", UnknownTransferEncoding),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n", UnknownTransferEncoding),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", UnknownTransferEncoding),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\x0b\r\n\r\n", HeaderLine),
        (b"GET / HTTP/1.1\r\na:1\r\na:2\r\na:3\r\na:4\r\na:5\r\na:6\r\na:7\r\nHost: a\r\nb:9\r\n\r\n", TooManyHeaders),
    ];
    for (wire, expected) in cases {
        let text = String::from_utf8_lossy(wire);
        assert_eq!(request(wire), Err(*expected), "{text:?}");
        let first_answer = (0..=wire.len())
            .map(|len| request(&wire[..len]))
            .find(|answer| *answer != Ok(Parse::Partial));
        assert_eq!(first_answer, Some(Err(*expected)), "cut: {text:?}");
    }
}

#[test]
fn statuses_of_refusals() {
    let cases = [
        (HeadError::BareLf, 400, true),
        (HeadError::MissingHost, 400, true),
        (HeadError::ContentLengthTooLarge, 413, true),
        (HeadError::TargetTooLong, 414, false),
        (HeadError::TooLarge, 431, false),
        (HeadError::TooManyHeaders, 431, true),
        (HeadError::UnknownTransferEncoding, 501, true),
        (HeadError::Version, 505, true),
    ];
    for (error, status, garbage) in cases {
        assert_eq!((error.status(), error.is_garbage()), (status, garbage), "{error}");
        assert!(!error.reason().is_empty());
    }
}

#[test]
fn requests_that_are_taken() {
    let cases: &[(&[u8], &str, &str, Option<&str>)] = &[
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/", Some("a")),
        (b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/", Some("a")),
        (b"GET / HTTP/1.0\r\n\r\n", "GET", "/", None),
        (b"GET //x?y=%00&z HTTP/1.1\r\nHost:a:80\r\n\r\n", "GET", "//x?y=%00&z", Some("a:80")),
        (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET", "/", Some("")),
        (b"GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "GET", "/", Some("[::1]:8080")),
        (b"GET http://b:1/x HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/x", Some("b:1")),
        (b"GET HTTP://b HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/", Some("b")),
        (b"GET http://b?q HTTP/1.0\r\n\r\n", "GET", "/?q", Some("b")),
        (b"OPTIONS https://b HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS", "*", Some("b")),
        (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS", "*", Some("a")),
        (b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT", "a:443", Some("a")),
        (b"get / HTTP/1.1\r\nHost: a\r\n\r\n", "get", "/", Some("a")),
    ];
    for (wire, method, target, host) in cases {
        let head = complete(wire);
        let found = head.headers.get("host").map(String::from_utf8_lossy);
        assert_eq!((head.method.as_str(), head.target.as_str()), (*method, *target));
        assert_eq!(found.as_deref(), *host, "{:?}", String::from_utf8_lossy(wire));
    }
}

#[test]
fn values_lose_the_white_space_around_them_and_keep_their_bytes() {
    let head = complete(b"GET / HTTP/1.1\r\nHost: a\r\nX: \t b \xff c \t\r\nY:\r\nx:2\r\n\r\n");
    let lines: Vec<&[u8]> = head.headers.iter().map(|header| header.line).collect();
    assert_eq!(lines, [&b"Host: a"[..], b"X: b \xff c", b"Y: ", b"x: 2"]);
    assert_eq!(head.headers.values("X").collect::<Vec<_>>(), [&b"b \xff c"[..], b"2"]);
}

#[test]
fn equal_content_lengths_become_one() {
    let head =
        complete(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\ncontent-length: 3\r\n\r\n");
    assert_eq!(head.headers.values("content-length").count(), 1);
}

#[test]
fn a_head_may_have_exactly_the_allowed_size() {
    let wire = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let exactly = Limits { head_bytes: wire.len(), headers: 1 };
    assert!(matches!(parse_request(wire, &exactly), Ok(Parse::Complete { .. })));
    for head_bytes in 0..wire.len() {
        let expected = if head_bytes < 16 { HeadError::TargetTooLong } else { HeadError::TooLarge };
        let limits = Limits { head_bytes, headers: 1 };
        assert_eq!(parse_request(wire, &limits), Err(expected), "{head_bytes}");
        assert_eq!(parse_request(&wire[..head_bytes], &limits), Err(expected), "{head_bytes}");
    }
}

#[test]
fn many_headers_are_parsed_where_the_limit_allows_them() {
    let mut wire = b"GET / HTTP/1.1\r\nHost: a\r\n".to_vec();
    for _ in 0..300 {
        wire.extend_from_slice(b"X: y\r\n");
    }
    wire.extend_from_slice(b"\r\n");
    let limits = Limits { head_bytes: 1 << 16, headers: 301 };
    let Ok(Parse::Complete { head, .. }) = parse_request(&wire, &limits) else { panic!("refused") };
    assert_eq!(head.headers.len(), 301);
    let fewer = Limits { headers: 300, ..limits };
    assert_eq!(parse_request(&wire, &fewer), Err(HeadError::TooManyHeaders));
}

#[test]
fn a_head_that_is_used_again_forgets_the_last_request() {
    let mut head = RequestHead::default();
    parse_request_into(&mut head, b"POST /long/path HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n", &LIMITS)
        .unwrap();
    let wire = b"GET / HTTP/1.0\r\n\r\n";
    assert_eq!(parse_request_into(&mut head, wire, &LIMITS), Ok(Some(wire.len())));
    assert_eq!(head, complete(wire));
}

#[test]
fn responses_that_are_refused() {
    use HeadError::*;
    let cases: &[(&[u8], HeadError)] = &[
        (b"junk\r\n\r\n", NotHttp),
        (b"\r\nHTTP/1.1 200 OK\r\n\r\n", NotHttp),
        (b"HTTQ", NotHttp),
        (b"HTTP/1.1 200 OK\n\n", BareLf),
        (b"HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n", Nul),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", ObsFold),
        (b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", HeaderLine),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", HeaderLine),
        (b"HTTP/2.0 200 OK\r\n\r\n", Version),
        (b"HTTP/1.1 20 OK\r\n\r\n", StatusLine),
        (b"HTTP/1.1 099 OK\r\n\r\n", StatusLine),
        (b"HTTP/1.1 2000 OK\r\n\r\n", StatusLine),
        (b"HTTP/1.1\r\n\r\n", Version),
        (b"HTTP/1.1 200 OK\r\na:1\r\na:2\r\na:3\r\na:4\r\na:5\r\na:6\r\na:7\r\na:8\r\na:9\r\n\r\n", TooManyHeaders),
    ];
    for (wire, expected) in cases {
        let text = String::from_utf8_lossy(wire);
        assert_eq!(parse_response(wire, &LIMITS), Err(*expected), "{text:?}");
        let first_answer = (0..=wire.len())
            .map(|len| parse_response(&wire[..len], &LIMITS))
            .find(|answer| *answer != Ok(Parse::Partial));
        assert_eq!(first_answer, Some(Err(*expected)), "cut: {text:?}");
    }
    let long = [&b"HTTP/1.1 200 "[..], &[b'x'; 2000]].concat();
    assert_eq!(parse_response(&long, &LIMITS), Err(TooLarge));
}

#[test]
fn responses_that_are_taken() {
    let cases: &[(&[u8], u16, &str, Version)] = &[
        (b"HTTP/1.1 200 OK\r\n\r\n", 200, "OK", Version::Http11),
        (b"HTTP/1.0 404 Not Found\r\nA: b\r\n\r\n", 404, "Not Found", Version::Http10),
        (b"HTTP/1.1 204 \r\n\r\n", 204, "", Version::Http11),
        (b"HTTP/1.1 204\r\n\r\n", 204, "", Version::Http11),
        (b"HTTP/1.1 999 x\r\n\r\n", 999, "x", Version::Http11),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", 103, "Early Hints", Version::Http11),
    ];
    for (wire, status, reason, version) in cases {
        let Ok(Parse::Complete { head, len_bytes }) = parse_response(wire, &LIMITS) else {
            panic!("{:?}", String::from_utf8_lossy(wire));
        };
        assert_eq!((head.status, head.reason.as_str(), head.version), (*status, *reason, *version));
        assert_eq!(len_bytes, wire.len());
        assert_eq!(head.is_interim(), *status == 103);
    }
}

/// Bytes that are nearly a head: pieces of heads in any order.
fn nearly_a_head() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        &b"GET / HTTP/1.1\r\n"[..],
        b"GET http://b/ HTTP/1.0\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"Host: a\r\n",
        b"Content-Length: 5\r\n",
        b"A: b\r\n",
        b"A:b\r\n",
        b"A:  b \r\n",
        b"A: \r\n",
        b"A: b\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close, x\r\n",
        b"\r\n",
        b"\r",
        b"\n",
        b" ",
        b"\t",
        b"\0",
        b":",
        b"x",
        b"\xff",
        b"http://b/",
    ]);
    prop_oneof![
        4 => prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat()),
        1 => prop::collection::vec(any::<u8>(), 0..200),
    ]
}

/// A request and a response with the same lines; most are well-formed.
fn heads() -> impl Strategy<Value = [Vec<u8>; 2]> {
    let line = prop::sample::select(vec![
        &b"Content-Length: 5\r\n"[..],
        b"A: b\r\n",
        b"A: c\r\n",
        b"B: c\r\n",
        b"via: c\r\n",
        b"A:b\r\n",
        b"Connection: close, x\r\n",
        b"Cookie: of more than one word of eight bytes\r\n",
    ]);
    let first = prop::sample::select(vec!["GET / HTTP/1.1", "GET http://b/ HTTP/1.0"]);
    (first, prop::collection::vec(line, 0..6)).prop_map(|(first, lines)| {
        let lines = lines.concat();
        [first, "HTTP/1.1 200 OK"]
            .map(|first| [first.as_bytes(), b"\r\nHost: a\r\n", &lines, b"\r\n"].concat())
    })
}

fn token() -> impl Strategy<Value = String> {
    "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}"
}

fn header_list() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = token().prop_filter("framing is tested elsewhere", |name| {
        !["host", "content-length", "transfer-encoding"]
            .iter()
            .any(|own| name.eq_ignore_ascii_case(own))
    });
    prop::collection::vec((name, "([!-~\u{e4}]([ -~\u{e4}]{0,20}[!-~\u{e4}])?)?"), 0..7)
}

/// What happens to a head between two.
fn passed_on(headers: &mut Headers, change: usize) {
    match change {
        0 => {}
        1 => strip_hop_by_hop(headers),
        2 => headers.set("Via", "a\tb"),
        _ => {
            headers.retain(|header| header.name.len() % 2 == 0);
            headers.push("Via", "c");
        }
    }
    for known in ["connection", "Content-Length", "host", "VIA"] {
        let found =
            headers.iter().filter(|header| header.name.eq_ignore_ascii_case(known.as_bytes()));
        let found: Vec<&[u8]> = found.map(|header| header.value).collect();
        assert_eq!(headers.values(known).collect::<Vec<_>>(), found, "{known}");
    }
}

proptest! {
    #[test]
    fn the_first_answer_to_growing_input_is_the_answer_to_all_of_it(wire in nearly_a_head()) {
        let whole = request(&wire);
        let growing = (0..=wire.len()).map(|len| request(&wire[..len])).find(|a| *a != Ok(Parse::Partial));
        prop_assert_eq!(growing.unwrap_or(Ok(Parse::Partial)), whole);
        let whole = parse_response(&wire, &LIMITS);
        let growing =
            (0..=wire.len()).map(|len| parse_response(&wire[..len], &LIMITS)).find(|a| *a != Ok(Parse::Partial));
        prop_assert_eq!(growing.unwrap_or(Ok(Parse::Partial)), whole);
    }

    #[test]
    fn plain_heads_are_read_as_the_scan_reads_them(
        wire in nearly_a_head(),
        head_bytes in prop::sample::select(vec![40, 60, 400]),
    ) {
        let limits = Limits { head_bytes, headers: 8 };
        let (mut short, mut long) = (RequestHead::default(), RequestHead::default());
        let read = parse_request_into(&mut short, &wire, &limits);
        prop_assert_eq!(read, crate::request::parse_scanned(&mut long, &wire, &limits));
        if let Ok(Some(_)) = read {
            prop_assert_eq!(short, long);
        }
        let (mut short, mut long) = (ResponseHead::default(), ResponseHead::default());
        let read = parse_response_into(&mut short, &wire, &limits);
        if read != Err(HeadError::NotHttp) {
            prop_assert_eq!(read, crate::response::parse_scanned(&mut long, &wire, &limits));
        }
        if let Ok(Some(_)) = read {
            prop_assert_eq!(short, long);
        }
    }

    #[test]
    fn what_was_read_before_makes_no_difference(
        wires in prop::collection::vec((heads(), 0_usize..4, 0_usize..60), 1..5),
        head_bytes in prop::sample::select(vec![60, 400]),
        headers in 2_usize..8,
    ) {
        let limits = Limits { head_bytes, headers };
        let (mut request, mut response) = (RequestHead::default(), ResponseHead::default());
        // Each is read as it is, with one byte exchanged, and with one more line in front of all others.
        let similar = wires.into_iter().flat_map(|(wires, change, place)| {
            let mut changed = wires.clone();
            changed.iter_mut().filter_map(|wire| wire.get_mut(place)).for_each(|byte| *byte ^= 1);
            let longer = wires.clone().map(|wire| {
                let first = wire.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
                [&wire[..first], b"Connection: x-y\r\n", &wire[first..]].concat()
            });
            [wires.clone(), longer, wires, changed].map(|wires| (wires, change))
        });
        for ([wire, answer], change) in similar {
            let mut fresh = RequestHead::default();
            let read = parse_request_into(&mut request, &wire, &limits);
            prop_assert_eq!(read, parse_request_into(&mut fresh, &wire, &limits));
            if let Ok(Some(_)) = read {
                prop_assert_eq!(&request, &fresh);
                passed_on(&mut request.headers, change);
                passed_on(&mut fresh.headers, change);
                prop_assert_eq!(&request, &fresh);
            }
            let mut fresh = ResponseHead::default();
            let read = parse_response_into(&mut response, &answer, &limits);
            prop_assert_eq!(read, parse_response_into(&mut fresh, &answer, &limits));
            if let Ok(Some(_)) = read {
                prop_assert_eq!(&response, &fresh);
                passed_on(&mut response.headers, change);
                passed_on(&mut fresh.headers, change);
                prop_assert_eq!(&response, &fresh);
            }
        }
    }

    #[test]
    fn a_small_limit_cuts_growing_input_in_the_same_way(wire in nearly_a_head(), head_bytes in 0_usize..80) {
        let limits = Limits { head_bytes, headers: 8 };
        let growing = (0..=wire.len()).map(|len| parse_request(&wire[..len], &limits)).find(|a| *a != Ok(Parse::Partial));
        prop_assert_eq!(growing.unwrap_or(Ok(Parse::Partial)), parse_request(&wire, &limits));
    }

    #[test]
    fn a_request_that_is_written_is_read_back(
        method in token().prop_filter("CONNECT has its own target", |method| method != "CONNECT"),
        target in "/[!-\"$-~]{0,40}",
        headers in header_list(),
        rest in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut head = RequestHead { method, target, version: Version::Http11, headers: headers.into_iter().collect() };
        head.headers.push("Host", "example.org:81");
        let mut wire = Vec::new();
        let written = write::request(&mut wire, &head);
        prop_assert_eq!(written, wire.len());
        wire.extend_from_slice(&rest);
        prop_assert_eq!(request(&wire), Ok(Parse::Complete { head, len_bytes: written }));
    }

    #[test]
    fn a_response_that_is_written_is_read_back(
        status in 100_u16..=999,
        reason in "([!-~]([ -~]{0,20}[!-~])?)?",
        headers in header_list(),
        rest in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let head = ResponseHead { version: Version::Http11, status, reason, headers: headers.into_iter().collect() };
        let mut wire = Vec::new();
        let written = write::response(&mut wire, &head);
        wire.extend_from_slice(&rest);
        prop_assert_eq!(parse_response(&wire, &LIMITS), Ok(Parse::Complete { head, len_bytes: written }));
    }

    #[test]
    fn what_is_accepted_means_the_same_after_it_was_written(wire in nearly_a_head()) {
        if let Ok(Parse::Complete { head, .. }) = request(&wire) {
            let mut again = Vec::new();
            write::request(&mut again, &head);
            let Ok(Parse::Complete { head: mut reread, len_bytes }) = request(&again) else {
                return Err(TestCaseError::fail(format!("{:?}", String::from_utf8_lossy(&again))));
            };
            prop_assert_eq!(len_bytes, again.len());
            reread.version = head.version;
            prop_assert_eq!(reread, head);
        }
    }

    #[test]
    fn no_value_ends_its_line_early(value in prop::collection::vec(any::<u8>(), 0..40)) {
        let mut head = ResponseHead { status: 200, ..ResponseHead::default() };
        head.headers.push("X", &value);
        head.headers.push("Y", "z");
        let mut wire = Vec::new();
        write::response(&mut wire, &head);
        prop_assert_eq!(wire.iter().filter(|byte| **byte == b'\n').count(), 4);
        prop_assert!(wire.ends_with(b"\r\nY: z\r\n\r\n"));
    }
}

#[test]
fn the_generated_tokens_are_tokens() {
    assert!(is_token(b"!#$%&'*+-.^_`|~09AZaz"));
    for byte in b" \t\r\n\0\"(),/:;<=>?@[\\]{}\x7f\xff" {
        assert!(!is_token(&[*byte]));
    }
    assert!(!is_token(b""));
}
