use super::*;

#[test]
fn endpoints() {
    for (endpoint, expected) in [
        ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
        ("http://[::1]:4318/", "http://[::1]:4318/v1/traces"),
        ("http://host/otlp/traces", "http://host/otlp/traces"),
    ] {
        assert_eq!(url(endpoint).unwrap(), expected);
    }
    for wrong in ["", "host:4318", "https://host", "http://", "http:///x"] {
        assert!(url(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn headers_are_pairs_and_mistakes_do_not_show_them() {
    let expected = [("a", "b=c"), ("d", "")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(pairs(" a = b=c ,d=,").unwrap(), expected);
    let error = pairs("secret").unwrap_err().to_string();
    assert!(!error.contains("secret"), "{error}");
}

#[test]
fn shares_and_seconds() {
    assert_eq!(share("0.25").unwrap().to_bits(), 0.25f64.to_bits());
    for wrong in ["", "-0.1", "1.1", "NaN", "x"] {
        assert!(share(wrong).is_err(), "{wrong}");
    }
    assert_eq!(seconds("1.5").unwrap(), Duration::from_millis(1500));
    for wrong in ["", "-1", "inf", "1e300"] {
        assert!(seconds(wrong).is_err(), "{wrong}");
    }
}
