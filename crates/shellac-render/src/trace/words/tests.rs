use super::*;

#[test]
fn durations_change_unit_where_they_get_hard_to_read() {
    for (micros, expected) in [
        (0, "0 us"),
        (999, "999 us"),
        (1000, "1.0 ms"),
        (4635, "4.6 ms"),
        (999_949, "999.9 ms"),
        (999_950, "1.000 s"),
        (1_001_454, "1.001 s"),
        (60_000_000, "60.000 s"),
        (-12, "-12 us"),
        (i64::MAX, "9223372036854.776 s"),
        (i64::MIN, "-9223372036854.776 s"),
    ] {
        assert_eq!(duration(Micros(micros)), expected);
    }
}

#[test]
fn a_moment_has_offset_and_epoch() {
    let at = Micros(1_504_590_151_903_285);
    assert_eq!(local_time(at, Zone::Utc), "2017-09-05 05:42:31.903285 +00:00");
    let fixed = Zone::Fixed(FixedOffset::west_opt(5400).unwrap());
    assert_eq!(local_time(at, fixed), "2017-09-05 04:12:31.903285 -01:30");
    assert_eq!(epoch(at), "1504590151.903285");
    assert_eq!(local_time(Micros(i64::MAX), Zone::Utc), "time out of range");
}
