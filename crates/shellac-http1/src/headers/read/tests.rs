//! Lines that were there before, and lines that were not.

use super::super::Line;
use super::*;

const LIMITS: Limits = Limits { head_bytes: 1000, headers: 4 };

fn lines(headers: &Headers) -> Vec<&str> {
    headers.iter().map(|header| std::str::from_utf8(header.line).unwrap()).collect()
}

#[test]
fn a_head_is_read_whatever_came_before_it() {
    let mut headers = Headers::new();
    let heads: [(&str, &[&str]); 9] = [
        (
            "GET /\r\nHost: a\r\nCookie: long enough for a word\r\nTE: x\r\n\r\n",
            &["Host: a", "Cookie: long enough for a word", "TE: x"],
        ),
        // The same behind a longer line, with another value, without a line, with one more.
        (
            "GET /longer\r\nHost: a\r\nCookie: long enough for a word\r\nTE: x\r\n\r\n",
            &["Host: a", "Cookie: long enough for a word", "TE: x"],
        ),
        (
            "GET /longer\r\nHost: a\r\nCookie: long enough for a ward\r\nTE: x\r\n\r\n",
            &["Host: a", "Cookie: long enough for a ward", "TE: x"],
        ),
        ("GET /\r\nHost: a\r\nTE: x\r\n\r\n", &["Host: a", "TE: x"]),
        ("GET /\r\nHost: a\r\nTE: x\r\nTE: x\r\n\r\n", &["Host: a", "TE: x", "TE: x"]),
        ("GET /\r\nHost: ab\r\nTE: x\r\n\r\n", &["Host: ab", "TE: x"]),
        ("GET /\r\n\r\n", &[]),
        ("GET /\r\nHost: ab\r\n\r\n", &["Host: ab"]),
        // All that came before behind something new.
        ("GET /\r\nTE: y\r\nHost: ab\r\n\r\n", &["TE: y", "Host: ab"]),
    ];
    for (head, expected) in heads {
        let at = head.find('\n').unwrap() + 1;
        // Once as something new, once as what was there before.
        for _ in 0..2 {
            assert_eq!(headers.read(head.as_bytes(), at, &LIMITS), Some(head.len()), "{head:?}");
            assert_eq!(lines(&headers), expected, "{head:?}");
            for known in [Known::Host, Known::Te] {
                let there = expected.iter().filter(|line| line.starts_with(known.as_str())).count();
                assert_eq!(headers.values(known).count(), there, "{known:?} in {head:?}");
            }
            headers.remove(Known::Te);
            headers.push("Via", "b");
            // Not there, although its beginning is: a partial head.
            assert_eq!(headers.read(&head.as_bytes()[..head.len() - 1], at, &LIMITS), None);
            assert!(headers.is_empty());
        }
    }
}

#[test]
fn limits_hold_for_lines_that_were_there_before() {
    let mut headers = Headers::new();
    let head = b"A: b\r\nC: d\r\nE: f\r\n\r\n";
    assert_eq!(headers.read(head, 0, &LIMITS), Some(head.len()));
    for (headers_most, head_bytes, read) in [
        (3, head.len(), true),
        (2, head.len(), false),
        (3, head.len() - 1, false),
        (0, 1000, false),
    ] {
        let limits = Limits { head_bytes, headers: headers_most };
        assert_eq!(headers.read(head, 0, &limits).is_some(), read, "{limits:?}");
    }
}

#[test]
fn what_is_common_ends_at_the_first_difference() {
    let a: Vec<u8> = (0..100).collect();
    for len in 0..=a.len() {
        for place in 0..=a.len() {
            let mut b = a.clone();
            if let Some(byte) = b.get_mut(place) {
                *byte ^= 128;
            }
            assert_eq!(common(&a[..len], &b), len.min(place));
            assert_eq!(common(&b, &a[..len]), len.min(place));
        }
    }
}

#[test]
fn a_line_is_added_as_its_field_would_be() {
    let line = Line::new(Known::Via, " 1.1 a\nb ");
    assert_eq!(line.value(), b"1.1 a b");
    let (mut by_line, mut by_field) = (Headers::new(), Headers::new());
    for _ in 0..2 {
        by_line.push_line(&line);
        by_field.push(Known::Via, "1.1 a b");
        assert_eq!(by_line, by_field);
        assert!(by_line.values(Known::Via).eq(by_field.values("via")));
    }
    let empty = Line::new(Known::Te, "");
    by_line.push_line(&empty);
    assert_eq!((empty.value(), by_line.get(Known::Te)), (&b""[..], Some(&b""[..])));
}
