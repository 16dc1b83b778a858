use std::time::Duration;

use super::{decimal_start, duration, seconds, strtol};

#[test]
fn integers_as_c_reads_them() {
    for (text, radix, expected) in [
        ("12", 10, (12, "")),
        (" +5 x", 10, (5, " x")),
        ("-5", 0, (-5, "")),
        ("0x1f", 0, (31, "")),
        ("0x1f", 10, (0, "x1f")),
        ("0xg", 0, (0, "xg")),
        ("010", 0, (8, "")),
        ("", 0, (0, "")),
        ("x", 0, (0, "x")),
        (" -", 0, (0, " -")),
        ("99999999999999999999", 10, (i64::MAX, "")),
        ("-99999999999999999999", 10, (i64::MIN, "")),
    ] {
        assert_eq!(strtol(text, radix), expected, "{text:?} {radix}");
    }
}

#[test]
fn seconds_have_no_exponent() {
    for (text, expected) in [
        ("5", 5.0),
        (" 5.", 5.0),
        (".5 ", 0.5),
        ("-1", -1.0),
        ("123456789012345", 123456789012345.0),
    ] {
        assert_eq!(seconds(text), Some(expected), "{text:?}");
    }
    for text in ["", ".", "x", "1e9", "1s", "0x10", "+5", "- 5", "5.5.5", "1234567890123456"] {
        assert_eq!(seconds(text), None, "{text:?}");
    }
}

#[test]
fn durations_have_a_unit() {
    assert_eq!(duration("1.5s"), Some(Duration::from_millis(1500)));
    assert_eq!(duration("1 ms "), Some(Duration::from_millis(1)));
    assert_eq!(duration("2w"), Some(Duration::from_secs(14 * 86_400)));
    for text in ["", "1", "1S", "0s", "-1s", "s", "1 fortnight"] {
        assert_eq!(duration(text), None, "{text:?}");
    }
}

#[test]
fn a_number_may_have_something_behind_it() {
    let numbers = [
        ("12", Some(12.0)),
        ("-1.5x", Some(-1.5)),
        ("+.5e2e3", Some(50.0)),
        ("1.", Some(1.0)),
        ("1e", Some(1.0)),
        ("1e-3/", Some(0.001)),
        ("0.000012\n", Some(0.000_012)),
        ("1e999", Some(f64::INFINITY)),
        ("", None),
        (".", None),
        ("-", None),
        ("e5", None),
        ("nan", None),
    ];
    for (text, number) in numbers {
        assert_eq!(decimal_start(text.as_bytes()), number, "{text}");
    }
}
