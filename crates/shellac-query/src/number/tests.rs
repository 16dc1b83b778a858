use super::{CInteger, Decimal, c_float, c_integer, integer_operand};
use crate::query::Compat;

#[test]
fn integers_are_those_of_c() {
    for (text, value, clamped, rest) in [
        ("5", 5, false, ""),
        (" \t-0x1f ", -31, false, " "),
        ("017", 15, false, ""),
        ("08", 0, false, "8"),
        ("0x", 0, false, "x"),
        ("9223372036854775807", i64::MAX, false, ""),
        ("-9223372036854775808", i64::MIN, false, ""),
        ("9223372036854775808", i64::MAX, true, ""),
        ("-99999999999999999999999999999999999999999999", i64::MIN, true, ""),
    ] {
        let expected = (Some(CInteger { value, clamped }), rest.as_bytes());
        assert_eq!(c_integer(text.as_bytes()), expected, "{text}");
    }
    for text in ["", "x", "-", "+", " "] {
        assert_eq!(c_integer(text.as_bytes()), (None, text.as_bytes()));
    }
    assert_eq!(integer_operand(b" "), Some(0));
    assert_eq!(integer_operand(b"-"), None);
}

#[test]
fn floats_are_those_of_c() {
    for (text, value, rest) in [
        ("1.5", 1.5, ""),
        (" -.5e1x", -5.0, "x"),
        ("1e", 1.0, "e"),
        ("1.e+2", 100.0, ""),
        ("0x1.8p3", 12.0, ""),
        ("0X.8", 0.5, ""),
        ("0x1p-1074", 5e-324, ""),
        ("0x", 0.0, "x"),
        ("0x123456789abcde000000p-24", 5_124_095_576_030_430.0, ""),
    ] {
        assert_eq!(c_float(text.as_bytes()), Some((value, rest.as_bytes())), "{text}");
    }
    assert_eq!(c_float(b"INFinity").map(|(number, _)| number), Some(f64::INFINITY));
    assert!(c_float(b"-nan").is_some_and(|(number, _)| number.is_nan()));
    for text in ["", ".", "-", "e5", ".e5", "0x.p1".trim_start_matches("0x")] {
        assert_eq!(c_float(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn the_older_generation_has_thousandths() {
    let operand = |text: &str| Decimal::operand(Compat::V7, text.as_bytes());
    for (text, thousandths) in [
        ("1.5", 1500),
        ("-.5", -500),
        ("1.9999", 1999),
        (" 1 .5 ", 1500),
        ("999999999999.999", 999_999_999_999_999),
    ] {
        assert_eq!(operand(text), Some(Decimal::Thousandths(thousandths)), "{text}");
    }
    for text in [".", "-.", "+1.", "1.5e3", "1. 5", "- .5", "1000000000000.", "0000000000000001."] {
        assert_eq!(operand(text), None, "{text}");
    }
}
