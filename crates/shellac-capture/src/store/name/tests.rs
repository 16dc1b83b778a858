use super::{parse, sanitised, stem};
use crate::stamp::Stamp;

const TIME: Stamp = Stamp(1_795_325_485_123_456);

#[test]
fn a_name_says_time_rule_class_and_number() {
    let name = stem(TIME, "fetch-errors", "eof_before_byte", 532_316_890, 0);
    assert_eq!(name, "20261122T053125.123Z-fetch_errors-eof_before_byte-532316890");
    let parts = parse(&name).unwrap();
    assert_eq!((parts.time.0, parts.class.as_str()), (1_795_325_485_123_000, "eof_before_byte"));
    let copy = stem(TIME, "r", "c", 7, 2);
    assert_eq!(copy, "20261122T053125.123Z-r-c-7_2");
    assert_eq!(parse(&copy).unwrap().class, "c");
}

#[test]
fn no_text_leads_out_of_the_directory() {
    for hostile in
        ["../../etc/passwd", "a/b", "", "\0", "x\n", "a-b", "ü\u{1b}[2J", &"y".repeat(999)]
    {
        let name = stem(TIME, hostile, hostile, 1, 0);
        assert!(name.len() < 200, "{name}");
        assert!(
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte)),
            "{name}"
        );
        assert!(name.starts_with("2026"), "{name}");
        assert_eq!(parse(&name).unwrap().class, sanitised(hostile));
    }
}

#[test]
fn foreign_names_are_not_ours() {
    for foreign in [
        "",
        "backup",
        "20261122T053125.123Z",
        "20261122T053125.123Z-a-b",
        "x-a-b-1",
        "20261122T053125.123Z-a-b-c",
        "20261122T053125.123Z-a-b-1-2",
        "20261122T053125.123Z---1",
    ] {
        assert_eq!(parse(foreign), None, "{foreign}");
    }
}
