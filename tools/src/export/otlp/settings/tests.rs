use super::*;

#[test]
fn endpoints() {
    for (endpoint, expected) in [
        ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
        ("http://[::1]:4318/", "http://[::1]:4318/v1/traces"),
        ("http://host/otlp/traces", "http://host/otlp/traces"),
        ("https://host:4318", "https://host:4318/v1/traces"),
    ] {
        assert_eq!(url(endpoint).unwrap(), expected);
    }
    for wrong in ["", "host:4318", "ftp://host", "http://", "https://", "http:///x"] {
        assert!(url(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn headers_are_pairs_and_mistakes_do_not_show_them() {
    let expected = [("a", "b=c"), ("d", "")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(pairs(" a = b=c ,d=,").unwrap(), expected);
    assert_eq!(pair("x-key:  a,b:c ").unwrap(), ("x-key".to_owned(), "a,b:c".to_owned()));
    for error in [pairs("secret").unwrap_err(), pair("secret").unwrap_err()] {
        assert!(!error.to_string().contains("secret"), "{error}");
    }
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
