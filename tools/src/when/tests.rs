use std::time::Duration;

use super::{Clock, Zone, parse_zone, show};

/// 2026-11-22 12:34:56.5 in UTC.
const NOW: Duration = Duration::new(1_795_350_896, 500_000_000);

fn clock(zone: &str) -> Clock {
    Clock { now: NOW, zone: parse_zone(zone).unwrap() }
}

fn since(zone: &str, text: &str) -> String {
    match clock(zone).since(text) {
        Ok(moment) => show(moment, Zone::Utc).unwrap(),
        Err(error) => format!("{error:#}"),
    }
}

fn until(text: &str, since: Option<&str>, follows: bool) -> String {
    let clock = clock("utc");
    let since = since.map(|since| clock.since(since).unwrap());
    match clock.until(text, since, follows) {
        Ok(moment) => show(moment, Zone::Utc).unwrap(),
        Err(error) => format!("{error:#}"),
    }
}

#[test]
fn moments_in_every_form() {
    for (text, expected) in [
        ("12:34", "2026-11-22 12:34:00.000000"),
        ("12:34:56.25", "2026-11-22 12:34:56.250000"),
        // It has not come yet today.
        ("13:29:05", "2026-11-21 13:29:05.000000"),
        ("0:05", "2026-11-22 00:05:00.000000"),
        ("-10m", "2026-11-22 12:24:56.500000"),
        ("-90s", "2026-11-22 12:33:26.500000"),
        ("-1.5h", "2026-11-22 11:04:56.500000"),
        ("-1d", "2026-11-21 12:34:56.500000"),
        ("+5m", "2026-11-22 12:39:56.500000"),
        ("2026-11-20", "2026-11-20 00:00:00.000000"),
        ("2026-11-20 13:29", "2026-11-20 13:29:00.000000"),
        ("2026-11-20T13:29:05.000001", "2026-11-20 13:29:05.000001"),
        ("2026-11-20T13:29:05Z", "2026-11-20 13:29:05.000000"),
        ("2026-11-20T13:29:05+02:00", "2026-11-20 11:29:05.000000"),
        ("1795350896", "2026-11-22 12:34:56.000000"),
        (" 1795350896.123456 ", "2026-11-22 12:34:56.123456"),
        ("0", "1970-01-01 00:00:00.000000"),
    ] {
        assert_eq!(since("utc", text), expected, "{text}");
    }
}

#[test]
fn a_zone_decides_what_a_clock_shows() {
    for (zone, text, expected) in [
        ("+02:00", "13:29", "2026-11-22 11:29:00.000000"),
        ("-0330", "2026-11-20", "2026-11-20 03:30:00.000000"),
        ("+2", "2026-11-20 01:00:00", "2026-11-19 23:00:00.000000"),
        // What says itself where it is, or counts from now or from 1970, is the same everywhere.
        ("+02:00", "2026-11-20T13:29:05Z", "2026-11-20 13:29:05.000000"),
        ("+02:00", "-10m", "2026-11-22 12:24:56.500000"),
        ("+02:00", "1795350896.5", "2026-11-22 12:34:56.500000"),
    ] {
        assert_eq!(since(zone, text), expected, "{zone} {text}");
    }
    let show = |zone: &str| show(NOW, parse_zone(zone).unwrap()).unwrap();
    assert_eq!(show("UTC"), "2026-11-22 12:34:56.500000");
    assert_eq!(show("+05:45"), "2026-11-22 18:19:56.500000");
    assert_eq!(parse_zone("local").unwrap(), Zone::Local);
    for zone in ["", "CET", "+24:00", "+1:60", "02:00", "+2:0:0", "+", "+x"] {
        assert!(parse_zone(zone).unwrap_err().to_string().contains("no time zone"), "{zone}");
    }
}

#[test]
fn the_end_of_a_range_is_after_its_beginning() {
    for (text, since, follows, expected) in [
        ("12:00", None, false, "2026-11-22 12:00:00.000000"),
        ("13:00", None, false, "2026-11-22 13:00:00.000000"),
        ("12:00", None, true, "2026-11-23 12:00:00.000000"),
        ("13:00", None, true, "2026-11-22 13:00:00.000000"),
        ("00:05", Some("23:50"), false, "2026-11-22 00:05:00.000000"),
        ("23:55", Some("23:50"), false, "2026-11-21 23:55:00.000000"),
        ("13:00", Some("12:00"), false, "2026-11-22 13:00:00.000000"),
        ("09:00", Some("10:00"), false, "09:00 is before the beginning"),
        ("09:00", Some("10:00"), true, "2026-11-23 09:00:00.000000"),
        ("-20m", Some("-10m"), true, "-20m is before the beginning"),
        ("2026-11-20", None, false, "2026-11-20 00:00:00.000000"),
    ] {
        assert_eq!(until(text, since, follows), expected, "{text} {since:?} {follows}");
    }
}

#[test]
fn what_is_no_moment_is_named_with_what_would_be() {
    for text in
        ["", "x", "25:00", "13:29x", "2026-13-01", "2026-11-20 x", "1e9", "1.", ".5", "0x10"]
    {
        let complaint = since("utc", text);
        assert!(complaint.contains("is no moment; write a time of day"), "{text}: {complaint}");
    }
    assert!(since("utc", "-10").contains("has no unit"));
    assert!(since("utc", "-m").contains("is no time before now"));
    assert!(since("utc", "-100000d").contains("is before 1970"));
    assert!(since("utc", "+999999999999999999d").contains("is no time"));
    assert!(since("utc", "1960-01-01").contains("is before 1970"));
}
