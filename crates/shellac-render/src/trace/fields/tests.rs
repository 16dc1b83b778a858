use super::*;

#[test]
fn seconds_become_microseconds_or_nothing() {
    for (text, expected) in [
        ("1504590151.903285", Some(1_504_590_151_903_285)),
        ("0.0046359", Some(4635)),
        ("7", Some(7_000_000)),
        ("7.5", Some(7_500_000)),
        ("-0.000012", Some(-12)),
        ("", None),
        (".5", None),
        ("1e9", None),
        ("99999999999999999999", None),
        ("9223372036854775807", None),
    ] {
        assert_eq!(Micros::parse(text.as_bytes()), expected.map(Micros), "{text}");
    }
}

#[test]
fn backend_open_has_six_seven_or_nine_fields() {
    let old =
        Open::parse(b"46 reload_2017-09-05T12:00:00.name 192.0.2.1 80 192.0.2.2 56894").unwrap();
    assert_eq!((old.name.as_str(), old.reused, old.age), ("name", None, None));
    assert_eq!(old.remote.as_deref(), Some("192.0.2.1:80"));

    let seven = Open::parse(b"27 good 127.0.0.1 18081 127.0.0.1 48986 connect").unwrap();
    assert_eq!((seven.reused, seven.age), (Some(false), None));

    let nine = Open::parse(b"27 good ::1 18081 ::1 48986 reuse 1.250000 7").unwrap();
    assert_eq!((nine.reused, nine.age, nine.uses), (Some(true), Some(Micros(1_250_000)), Some(7)));
    assert_eq!(nine.local.as_deref(), Some("[::1]:48986"));

    let unix = Open::parse(b"27 uds 0.0.0.0 0 0.0.0.0 0 connect").unwrap();
    assert_eq!((unix.remote, unix.local), (None, None));

    assert_eq!(Open::parse(b"27 good 127.0.0.1"), None);
    assert_eq!(Open::parse(b""), None);
}

#[test]
fn backend_close_of_every_version() {
    assert_eq!(Close::parse(b"46 reload.name"), Some(Close::Closed(None)));
    assert_eq!(Close::parse(b"27 good recycle"), Some(Close::Recycled));
    assert_eq!(
        Close::parse(b"27 good close Receive timeout"),
        Some(Close::Closed(Some("Receive timeout".to_owned())))
    );
    assert_eq!(Close::parse(b"27 good close"), Some(Close::Closed(None)));
    assert_eq!(Close::parse(b"27"), None);
}

#[test]
fn unset_takes_back_exactly_what_it_names() {
    let mut headers = Headers::default();
    headers.set(b"X-Varnish: 98334");
    headers.set(b"Host: a");
    headers.unset(b"X-Varnish: 98334");
    headers.unset(b"Host: b");
    headers.set(b"X-Varnish: 32849");
    headers.set(b"no colon");
    assert_eq!(headers.get("x-varnish"), Some(&b"32849"[..]));
    assert_eq!(headers.0.len(), 2);
}

#[test]
fn accounting_needs_six_numbers() {
    assert_eq!(Acct::parse(b"1 2 3 4 5 6").map(|acct| acct.response_body_bytes), Some(5));
    assert_eq!(Acct::parse(b"1 2 3 4 5"), None);
    assert_eq!(Acct::parse(b"1 2 3 4 5 6 7"), None);
    assert_eq!(Acct::parse(b"1 2 x 4 5 6"), None);
}
