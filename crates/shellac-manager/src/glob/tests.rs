use super::fits;

#[test]
fn patterns_fit_whole_names() {
    let cases = [
        ("boot", "boot", true),
        ("boot", "boot2", false),
        ("*", "", true),
        ("*", "anything", true),
        ("reload_*", "reload_20260101", true),
        ("reload_*", "reload", false),
        ("*_1*2", "a_1_1x2", true),
        ("*_1*2", "a_1_1x3", false),
        ("b??t", "boot", true),
        ("?", "", false),
        ("a*?", "a", false),
        ("", "", true),
        ("", "a", false),
    ];
    for (pattern, name, expected) in cases {
        assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
    }
    // Not the exponential way.
    assert!(!fits(&"*a".repeat(500), &"a".repeat(499)));
}
