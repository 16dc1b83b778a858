//! Dates of the calendar.

use super::{LastDate, http};

#[test]
fn dates_are_those_of_the_calendar() {
    for (seconds, expected) in [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (1_795_304_777, "Sat, 21 Nov 2026 23:46:17 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
    ] {
        assert_eq!(http(seconds), expected);
    }
}

#[test]
fn a_date_that_is_kept_is_that_of_the_second_asked_for() {
    let dates = LastDate::default();
    for seconds in [0, 784_111_777, 784_111_777, 784_111_778, 0] {
        assert_eq!(dates.of(seconds, str::to_owned), http(seconds));
    }
}
