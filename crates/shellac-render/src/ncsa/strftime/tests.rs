//! Against what the C library's own function printed (glibc 2.36, TZ=UTC).

use chrono::DateTime;

use super::Strftime;

fn written(format: &str, seconds: i64) -> String {
    let time = DateTime::from_timestamp(seconds, 0).expect("a time").fixed_offset();
    let mut out = Vec::new();
    Strftime::parse(format.as_bytes()).write(&time, &mut out);
    String::from_utf8(out).expect("text")
}

#[test]
fn flags_and_widths_do_what_they_do_in_c() {
    for (format, seconds, expected) in [
        ("%5d", 0, "00001"),
        ("%5e", 0, "    1"),
        ("%_5j", 0, "    1"),
        ("%-5j", 0, "    1"),
        ("%s", 0, "0"),
        ("%5s", 0, "    0"),
        ("%_5s", 0, "    0"),
        ("%-5s", 0, "    0"),
        ("%05s", 0, "00000"),
        ("%12s", 1_700_000_000, "  1700000000"),
        ("%012s", 1_700_000_000, "001700000000"),
        ("%5s", -5, "   -5"),
        ("%05s", -5, "000-5"),
        ("%#5Eb", 0, "%#5EB"),
        ("%#Ea", 0, "%#Ea"),
    ] {
        assert_eq!(written(format, seconds), expected, "{format} of {seconds}");
    }
}
