use std::time::Duration;

use super::Stamp;

#[test]
fn a_stamp_is_written_and_read_as_text() {
    let stamp = Stamp(1_795_325_485_123_456);
    assert_eq!(stamp.to_string(), "2026-11-22T05:31:25.123456Z");
    assert_eq!(Stamp::parse("2026-11-22T05:31:25.123456Z"), Some(stamp));
    assert_eq!(Stamp::parse("2026-11-22T05:31:25Z"), Some(Stamp(1_795_325_485_000_000)));
    for wrong in ["", "Z", "2026-11-22", "2026-11-22T05:31:25.1", "2026-13-22T05:31:25Z", "é"] {
        assert_eq!(Stamp::parse(wrong), None, "{wrong}");
    }
    let json = serde_json::to_string(&stamp).unwrap();
    assert_eq!(json, "\"2026-11-22T05:31:25.123456Z\"");
    assert_eq!(serde_json::from_str::<Stamp>(&json).unwrap(), stamp);
    assert!(serde_json::from_str::<Stamp>("\"yesterday\"").is_err());
}

#[test]
fn the_compact_form_sorts_by_time_and_comes_back_to_the_millisecond() {
    let stamp = Stamp(1_795_325_485_123_456);
    assert_eq!(stamp.compact(), "20261122T053125.123Z");
    assert_eq!(Stamp::parse_compact("20261122T053125.123Z"), Some(Stamp(1_795_325_485_123_000)));
    assert!(stamp.compact() < stamp.after(Duration::from_millis(1)).compact());
    assert_eq!(Stamp::parse_compact("20261122"), None);
}

#[test]
fn no_stamp_is_too_far_away_to_be_written() {
    for stamp in [Stamp(i64::MIN), Stamp(i64::MAX), Stamp(0)] {
        assert!(stamp.to_string().ends_with('Z'));
        assert!(stamp.compact().ends_with('Z'));
    }
    assert_eq!(Stamp(i64::MAX).after(Duration::from_secs(1)), Stamp(i64::MAX));
    assert_eq!(Stamp(5).since(Stamp(9)), Duration::ZERO);
    assert_eq!(Stamp::from_unix(Duration::MAX), Stamp(i64::MAX));
}
