//! What is plain, and what is left to others.

use super::*;

const LIMITS: Limits = Limits { head_bytes: 100, headers: 3 };

#[test]
fn plain_heads_are_read_and_others_are_left() {
    let plain: &[&[u8]] = &[
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"G-T * HTTP/1.1\r\nA: b c\r\nD: \xe4\r\nE: \r\n\r\nrest",
    ];
    for wire in plain {
        assert!(request(&mut RequestHead::default(), wire, &LIMITS).is_some(), "{wire:?}");
    }
    let others: &[&[u8]] = &[
        b"",
        b"GET",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r",
        b"GET / HTTP/1.1\r\nHost: a\r\n",
        b"GET / HTTP/1.1\r\nHost:a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost:  a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a \r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: \ta\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\x7f\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET / HTTP/1.1\r\n: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\n\r\n",
        b"GET / HTTP/1.1\nHost: a\r\n\r\n",
        b"GET / HTTP/1.2\r\nHost: a\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET  HTTP/1.1\r\nHost: a\r\n\r\n",
        b" / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\xe4 HTTP/1.1\r\nHost: a\r\n\r\n",
    ];
    for wire in others {
        assert_eq!(request(&mut RequestHead::default(), wire, &LIMITS), None, "{wire:?}");
    }
    let long = [&b"GET / HTTP/1.1\r\nA: "[..], &[b'a'; 100], b"\r\n\r\n"].concat();
    assert_eq!(request(&mut RequestHead::default(), &long, &LIMITS), None);
}

#[test]
fn responses_are_plain_with_a_reason_of_ascii() {
    let mut head = ResponseHead::default();
    let wire = b"HTTP/1.0 404 Not  Found\r\nA: b\r\n\r\nbody";
    assert_eq!(response(&mut head, wire, &LIMITS), Some(wire.len() - 4));
    assert_eq!(
        (head.status, head.reason.as_str(), head.version),
        (404, "Not  Found", Version::Http10)
    );
    for wire in [
        &b"HTTP/1.1 200\r\n\r\n"[..],
        b"HTTP/1.1 099 x\r\n\r\n",
        b"HTTP/1.1 2000 x\r\n\r\n",
        b"HTTP/1.1 200 \xe4\r\n\r\n",
        b"HTTP/1.1 200 a\tb\r\n\r\n",
        b"HTTP/1.1 200 OK\n\r\n",
    ] {
        assert_eq!(response(&mut head, wire, &LIMITS), None, "{wire:?}");
    }
}

#[test]
fn text_ends_where_a_control_character_is() {
    for place in 0..30 {
        for byte in 0..=u8::MAX {
            let mut bytes = [b'a'; 30];
            bytes[place] = byte;
            let ends = byte < 32 || byte == 127;
            assert_eq!(text_len(&bytes), if ends { place } else { 30 }, "{byte} at {place}");
            bytes[29] = 0;
            assert_eq!(text_len(&bytes), if ends { place } else { 29 }, "{byte} at {place}");
        }
    }
}
