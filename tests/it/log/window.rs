//! `--since` and `--until`: which groups and records of a log began in a range of time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use shellac_format::record::encode_text;
use shellac_format::{Dialect, Side, Tag, Vxid};

use super::{output, text};
use crate::support::fixture::unpacked_archive;
use crate::support::text::assert_same;

/// The first number of the `Timestamp` in a line, as text: all have six decimals and as many digits before them.
fn stamp(line: &str) -> Option<&str> {
    let (_, times) = line.split_once(" Timestamp ")?.1.split_once(": ")?;
    times.split(' ').next()
}

fn is_within(time: Option<&str>, since: Option<&str>, until: Option<&str>) -> bool {
    let time = time.unwrap_or("0");
    since.is_none_or(|since| time >= since) && until.is_none_or(|until| time <= until)
}

/// The ranges that are asked for: none, one or both ends, an end that is exactly a time of the log, nothing.
fn ranges(log: &str) -> Vec<(Option<String>, Option<String>)> {
    let mut times: Vec<&str> = log.lines().filter_map(stamp).collect();
    times.sort_unstable();
    let time = |percent: usize| Some(times[(times.len() - 1) * percent / 100].to_owned());
    vec![
        (time(50), None),
        (None, time(50)),
        (time(20), time(70)),
        (time(30), time(30)),
        (time(0), time(100)),
        (Some("1800000000".to_owned()), None),
    ]
}

fn args<'a>(since: &'a Option<String>, until: &'a Option<String>) -> Vec<&'a str> {
    let since = since.iter().flat_map(|since| ["--since", since]);
    since.chain(until.iter().flat_map(|until| ["--until", until])).collect()
}

#[test]
fn groups_count_by_their_first_timestamp_and_records_by_the_last_one_before_them() {
    let directory = unpacked_archive("captures/captures.tar.zst");
    for name in ["mixed.vsl", "esi-nested.vsl"] {
        let file = directory.path().join(name);
        let file = file.to_str().unwrap();
        let read = |grouping: &str, options: &[&str]| {
            let args = [&["-r", file, "-g", grouping][..], options].concat();
            String::from_utf8_lossy(&text(&args)).into_owned()
        };
        let (requests, raw) = (read("request", &[]), read("raw", &[]));
        for (since, until) in ranges(&requests) {
            let options = args(&since, &until);
            let (since, until) = (since.as_deref(), until.as_deref());
            let expected: String = requests
                .split_inclusive("\n\n")
                .filter(|group| is_within(group.lines().find_map(stamp), since, until))
                .collect();
            let what = format!("{name} {options:?}");
            assert_same(&what, read("request", &options).as_bytes(), expected.as_bytes());
            let mut last = None;
            let expected: String = raw
                .split_inclusive('\n')
                .filter(|line| {
                    last = stamp(line).or(last);
                    is_within(last, since, until)
                })
                .collect();
            assert_same(&what, read("raw", &options).as_bytes(), expected.as_bytes());
        }
    }
    // What is counted, selected and shown is what is in the range.
    let file = directory.path().join("mixed.vsl");
    let args = ["-r", file.to_str().unwrap(), "-g", "request", "--since", "1795304879.43"];
    let few = text(&[&args[..], &["-k", "2", "-i", "ReqURL", "-q", "ReqURL"]].concat());
    assert_eq!(String::from_utf8_lossy(&few).matches("\n\n").count(), 2);
}

#[test]
fn a_group_without_a_time_has_that_of_the_log() {
    let directory = unpacked_archive("captures/captures.tar.zst");
    let file = directory.path().join("mixed.vsl");
    let file = file.to_str().unwrap();
    let sessions = |options: &[&str]| {
        let args = [&["-r", file, "-g", "vxid", "-i", "SessOpen"][..], options].concat();
        String::from_utf8_lossy(&text(&args)).matches("<< Session  >>").count()
    };
    let all = sessions(&[]);
    let later = sessions(&["--since", "1795304879.43"]);
    assert!(later > 0 && later < all, "{later} of {all}");
    assert_eq!(sessions(&["--until", "1795304879.43"]) + later, all);
    assert_eq!(sessions(&["--since", "1800000000"]), 0);
}

#[test]
fn a_clock_is_read_in_the_zone_that_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("now.vsl");
    let dialect = Dialect::V6_0;
    let mut bytes = dialect.layout().file_magic().to_vec();
    let mut write = |vxid, tag: Tag, text: &str| {
        let number = tag.number(dialect).unwrap();
        let layout = dialect.layout();
        encode_text(&mut bytes, layout, number, Vxid(vxid), Side::Client, text.as_bytes(), 255);
    };
    // 2026-11-20 13:29:05 in UTC.
    let moments = [1_795_181_345, seconds_ago(3600), seconds_ago(30)];
    for (vxid, moment) in (2..).zip(moments) {
        write(vxid, Tag::Begin, "req 1 rxreq");
        write(vxid, Tag::Timestamp, &format!("Start: {moment}.000000 0.000000 0.000000"));
        write(vxid, Tag::End, "");
    }
    std::fs::write(&file, bytes).unwrap();
    let file = file.to_str().unwrap();
    let groups = |options: &[&str]| {
        let args = [&["-r", file, "-g", "request"][..], options].concat();
        String::from_utf8_lossy(&text(&args)).matches("<<").count()
    };
    for (options, expected) in [
        (&["--since", "-10m"][..], 1),
        (&["--since", "-2h"], 2),
        (&["--since", "-2h", "--until", "-10m"], 1),
        (&["--until", "2026-11-20 13:29:05", "--tz", "utc"], 1),
        (&["--until", "2026-11-20 13:29:04", "--tz", "utc"], 0),
        (&["--until", "2026-11-20 15:29:05", "--tz", "+02:00"], 1),
        (&["--until", "2026-11-20 15:29:04", "--tz", "+02:00"], 0),
        (&["--since", "2026-11-20T13:29:05Z"], 3),
        (&["--until", "1795181345.5"], 1),
    ] {
        assert_eq!(groups(options), expected, "{options:?}");
    }
    let local = |zone: &str| {
        let args = ["-r", file, "-g", "request", "--until", "2026-11-20 15:29:04"];
        let output = super::command(&args).env("TZ", zone).output().unwrap();
        String::from_utf8_lossy(&output.stdout).matches("<<").count()
    };
    assert_eq!((local("UTC0"), local("AAA-2")), (1, 0), "without --tz it is that of the machine");
}

#[allow(clippy::disallowed_methods, reason = "a test is a program: nobody hands it the time")]
fn seconds_ago(seconds: u64) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    (now - Duration::from_secs(seconds)).as_secs()
}

#[test]
fn a_range_that_cannot_be_is_refused() {
    for (options, complaint) in [
        (&["--since", "noon"][..], "--since: \"noon\" is no moment"),
        (&["--since", "-10m", "--until", "-1h"], "--until: -1h is before the beginning"),
        (&["--tz", "Mars"], "--tz: \"Mars\" is no time zone"),
    ] {
        let output = output(&[&["-r", "/nonexistent"], options].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(complaint) && output.status.code() == Some(1), "{said}");
    }
}
