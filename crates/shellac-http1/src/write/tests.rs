//! Heads on the wire, byte for byte. Reading them back is tested with the parser.

use super::*;
use crate::head::Version;

#[test]
fn heads_are_appended_as_http_1_1() {
    let mut out = b"before".to_vec();
    let head = RequestHead {
        method: "PUT".to_owned(),
        target: "/x?y".to_owned(),
        version: Version::Http10,
        headers: [("Host", "a"), ("X", "")].into_iter().collect(),
    };
    assert_eq!(request(&mut out, &head), 35);
    assert_eq!(out, b"beforePUT /x?y HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n".as_slice());
    out.clear();
    let head = ResponseHead { version: Version::Http10, status: 204, ..ResponseHead::default() };
    assert_eq!(response(&mut out, &head), out.len());
    assert_eq!(out, b"HTTP/1.1 204 \r\n\r\n");
}

#[test]
fn a_status_of_any_length_is_written_as_it_is() {
    for status in [0, 9, 99, 100, 599, 999, 1000, 10_000, 65_499, u16::MAX] {
        let mut out = Vec::new();
        response(&mut out, &ResponseHead { status, ..ResponseHead::default() });
        assert_eq!(out, format!("HTTP/1.1 {status} \r\n\r\n").as_bytes());
    }
}
