//! What numbers look like.

use super::{bytes, count, micros, percent, rate};

#[test]
fn numbers_are_short_and_say_what_they_are() {
    let counts = [0, 999, 1000, 1_234_567].map(count);
    assert_eq!(counts, ["0", "999", "1,000", "1,234,567"]);
    let rates = [0.0, 0.016, 0.5, 12.34, 99.96, 1204.4, f64::NAN].map(rate);
    assert_eq!(rates, ["0", "0.02", "0.5", "12.3", "100", "1,204", "0"]);
    let shares = [0.0, 0.0004, 0.012, 0.456, 0.998, 0.9999, 1.0].map(percent);
    assert_eq!(shares, ["0 %", "<0.1 %", "1.2 %", "46 %", "99.8 %", "99.9 %", "100 %"]);
    let times = [46, 4_600, 45_000, 1_200_000, 30_000_000, 302_000_000, 7_260_000_000].map(micros);
    assert_eq!(times, ["46 us", "4.6 ms", "45 ms", "1.20 s", "30.0 s", "5:02 min", "2:01 h"]);
    let sizes = [0.0, 999.0, 12_345_678.0, 123_456_789.0].map(bytes);
    assert_eq!(sizes, ["0 B", "999 B", "12.3 MB", "123 MB"]);
}
