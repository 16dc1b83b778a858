use super::*;

#[test]
fn durations() {
    let cases: &[(&str, Result<u64, &str>)] = &[
        ("250ms", Ok(250_000)),
        ("3.5s", Ok(3_500_000)),
        ("3.3ms", Ok(3_300)),
        ("2m", Ok(120_000_000)),
        ("1h", Ok(3_600_000_000)),
        ("1 d", Ok(86_400_000_000)),
        ("0s", Ok(0)),
        ("5", Err("has no unit")),
        ("5x", Err("not a unit of time")),
        ("", Err("not a duration")),
        ("s", Err("not a duration")),
        ("-1s", Err("not a duration")),
        ("1e9s", Err("not a unit")),
        ("1.2.3s", Err("not a duration")),
        ("999999999999999999999s", Err("longer than a year")),
        ("infs", Err("not a duration")),
        ("５s", Err("not a duration")),
    ];
    for (text, expected) in cases {
        match (parse_duration(text), expected) {
            (Ok(found), Ok(micros)) => assert_eq!(found.as_micros(), u128::from(*micros), "{text}"),
            (Err(reason), Err(part)) => assert!(reason.contains(part), "{text}: {reason}"),
            (found, _) => panic!("{text}: {found:?}, expected {expected:?}"),
        }
    }
}

#[test]
fn sizes() {
    let cases: &[(&str, Result<u64, &str>)] = &[
        ("80M", Ok(80 << 20)),
        ("1.5K", Ok(1536)),
        ("2G", Ok(2 << 30)),
        ("512", Ok(512)),
        ("64 k", Ok(64 << 10)),
        ("0.3", Err("whole number")),
        ("M", Err("not a size")),
        ("12Q", Err("not a unit of size")),
        ("99999999999G", Err("too large")),
    ];
    for (text, expected) in cases {
        match (parse_size_bytes(text), expected) {
            (Ok(found), Ok(bytes)) => assert_eq!(found, *bytes, "{text}"),
            (Err(reason), Err(part)) => assert!(reason.contains(part), "{text}: {reason}"),
            (found, _) => panic!("{text}: {found:?}, expected {expected:?}"),
        }
    }
}
