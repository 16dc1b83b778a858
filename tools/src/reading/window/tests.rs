use std::time::Duration;

use shellac_format::record::encode_text;
use shellac_format::{Dialect, Side, Tag, Vxid};

use super::{LogTime, Window};

fn at(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}

#[test]
fn both_ends_are_in_it_and_what_has_no_time_is_old() {
    let window = Window { since: at(10), until: at(20) };
    let inside = [9, 10, 20, 21].map(|second| window.contains(at(second)));
    assert_eq!(inside, [false, true, true, false]);
    assert!(!window.contains(None) && !window.is_open());
    assert!(Window { since: None, until: at(20) }.contains(None));
    assert!(Window::default().is_open() && Window::default().contains(None));
    assert_eq!([at(20), at(21), None].map(|time| window.is_past(time)), [false, true, false]);
    assert!(!Window::default().is_past(at(21)));
}

#[test]
fn the_time_of_a_log_is_that_of_its_last_stamp() {
    let dialect = Dialect::V6_0;
    let mut row = Vec::new();
    for (tag, text) in [
        (Tag::ReqUrl, "/x: 1.0 0 0"),
        (Tag::Timestamp, "Start: 5.5 0 0"),
        (Tag::Timestamp, "Resp: 7.0 0 0"),
        (Tag::Timestamp, "broken"),
    ] {
        let number = tag.number(dialect).unwrap();
        encode_text(&mut row, dialect.layout(), number, Vxid(1), Side::Client, text.as_bytes(), 99);
    }
    let mut time = LogTime::default();
    time.records(dialect, &row);
    assert_eq!((time.first, time.last), (Some(Duration::from_millis(5500)), at(7)));
    // Clocks may be set back.
    time.stamp(b"Start: 6.0 0 0");
    assert_eq!((time.first, time.last), (Some(Duration::from_millis(5500)), at(6)));
}
