//! Which trailers pass, and what is said about them before.

use super::*;

fn lines<'t>(fields: impl Iterator<Item = Header<'t>>) -> Vec<String> {
    fields.map(|field| String::from_utf8_lossy(field.line).into_owned()).collect()
}

#[test]
fn fields_of_the_head_and_of_the_connection_do_not_pass_behind_the_body() {
    let head: Headers =
        [("Connection", "close, X-Private"), ("Trailer", "x-sum")].into_iter().collect();
    let trailing = Trailing::of(&head);
    let mut came: Headers = [
        ("X-Sum", "1"),
        ("x-private", "2"),
        ("X-Last", "3"),
        ("Connection", "X-Last"),
        ("Trailer", "x"),
        ("TE", "gzip"),
    ]
    .into_iter()
    .collect();
    for name in HEAD_ONLY {
        came.push(name.to_ascii_uppercase().as_str(), "x");
    }
    assert_eq!(lines(trailing.pass(&came)), ["X-Sum: 1", "X-Last: 3"]);
}

#[test]
fn what_is_announced_is_what_may_pass() {
    type Case<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>);
    let cases: &[Case] = &[
        (&[], None),
        (&[("Trailer", "")], None),
        (&[("Trailer", "Content-Length, host")], None),
        (&[("Trailer", "X-Sum")], Some("X-Sum")),
        (&[("Trailer", "X-Sum,, TE ,x-time"), ("trailer", "Y")], Some("X-Sum, x-time, Y")),
        (&[("Trailer", "X-Sum, X-Own"), ("Connection", "x-own")], Some("X-Sum")),
        (&[("Trailer", "no token, X")], Some("X")),
    ];
    for (fields, expected) in cases {
        let mut headers: Headers = fields.iter().copied().collect();
        let trailing = Trailing::of(&headers);
        crate::policy::strip_hop_by_hop(&mut headers);
        trailing.announce(&mut headers);
        assert_eq!(headers.get("Trailer"), expected.map(str::as_bytes), "{fields:?}");
    }
}

#[test]
fn the_names_of_the_table_are_in_order_and_lower_case() {
    assert!(HEAD_ONLY.is_sorted());
    assert!(HEAD_ONLY.iter().all(|name| is_token(name.as_bytes()) && *name == name.to_lowercase()));
}

#[test]
fn trailers_are_wanted_by_those_who_say_so_on_this_connection() {
    let cases: &[(&[(&str, &str)], bool)] = &[
        (&[("TE", "trailers"), ("Connection", "TE")], true),
        (&[("TE", "gzip, Trailers"), ("Connection", "keep-alive, te")], true),
        (&[("TE", "trailers")], false),
        (&[("TE", "gzip"), ("Connection", "TE")], false),
        (&[("Connection", "TE")], false),
    ];
    for (fields, expected) in cases {
        let headers = fields.iter().copied().collect();
        let mut head = RequestHead { version: Version::Http11, headers, ..RequestHead::default() };
        assert_eq!(wants_trailers(&head), *expected, "{fields:?}");
        head.version = Version::Http10;
        assert!(!wants_trailers(&head), "HTTP/1.0 has no chunks");
    }
    let mut headers = Headers::new();
    ask_for_trailers(&mut headers);
    assert_eq!(lines(headers.iter()), ["TE: trailers", "Connection: TE"]);
}
