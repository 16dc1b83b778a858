use super::{Condition, Number, Of, nearest};

#[test]
fn a_condition_is_a_pattern_a_comparison_and_a_number() {
    for (text, pattern, of, holds, does_not) in [
        ("VBE.*.conn == 0", "VBE.*.conn", Of::Value, 0, 1),
        ("a=3", "a", Of::Value, 3, -3),
        ("  a.b   !=   3 ", "a.b", Of::Value, 4, 3),
        ("a<-2", "a", Of::Value, -3, -2),
        ("a <= 2K", "a", Of::Value, 2048, 2049),
        ("rate a > 0.5", "a", Of::Rate, 1, 0),
        ("delta VBE.[a-c]*.x >=1G", "VBE.[a-c]*.x", Of::Delta, 1 << 30, (1 << 30) - 1),
        ("a == 18446744073709551615", "a", Of::Value, i128::from(u64::MAX), 1 << 64),
    ] {
        let condition = Condition::parse(text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((&*condition.pattern, condition.of), (pattern, of), "{text}");
        assert!(condition.holds(Number::Whole(holds)), "{text} of {holds}");
        assert!(!condition.holds(Number::Whole(does_not)), "{text} of {does_not}");
        assert_eq!(condition.to_string(), text.trim());
    }
    let rate = Condition::parse("rate a > 1").unwrap();
    assert!(rate.holds(Number::Broken(1.01)) && !rate.holds(Number::Broken(f64::NAN)));
}

#[test]
fn mistakes_say_what_is_wrong_and_how_it_is_written() {
    for (text, part) in [
        ("", "no comparison"),
        ("MAIN.uptime", "no comparison"),
        ("== 0", "pattern is missing"),
        ("rate == 0 and x", "is no number"),
        ("a b == 0", "more than a pattern"),
        ("a ==", "\"\" is no number"),
        ("a == x", "\"x\" is no number"),
        ("a == inf", "\"inf\" is no number"),
        ("a == K", "\"K\" is no number"),
        ("a == 1e3", "\"1e3\" is no number"),
        ("a\0 == 1", "NUL"),
        ("a == 170141183460469231731687303715884105727G", "is no number"),
    ] {
        let error = Condition::parse(text).expect_err(text);
        assert!(error.contains(part) && error.contains("write 'PATTERN"), "{text}: {error}");
    }
}

#[test]
fn a_pattern_without_match_has_names_that_look_like_it() {
    let names = [
        "MAIN.uptime",
        "VBE.boot.api1.conn",
        "VBE.boot.api2.conn",
        "VBE.boot.api1.req",
        "MGT.uptime",
    ];
    let near = |pattern| nearest(pattern, names.into_iter(), 2);
    assert_eq!(near("VBE.*.ap1.conn"), ["VBE.boot.api1.conn", "VBE.boot.api2.conn"]);
    assert_eq!(near("VBE.*.api1.con"), ["VBE.boot.api1.conn", "VBE.boot.api2.conn"]);
    assert_eq!(near("VBE.boot.api1.rek")[0], "VBE.boot.api1.req");
    assert_eq!(near("MAIN.uptim?s"), ["MAIN.uptime", "MGT.uptime"]);
    assert_eq!(near("*.uptime"), ["MAIN.uptime", "MGT.uptime"]);
    assert_eq!(nearest("x", [].into_iter(), 3), [""; 0]);
}
