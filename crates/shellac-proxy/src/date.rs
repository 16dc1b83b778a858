//! Dates as HTTP writes them.

use std::cell::RefCell;

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `Sun, 06 Nov 1994 08:49:37 GMT` for seconds since 1970.
pub(crate) fn http(unix_seconds: u64) -> String {
    let days = unix_seconds / 86_400;
    let (hour, minute, second) =
        (unix_seconds / 3600 % 24, unix_seconds / 60 % 60, unix_seconds % 60);
    let (year, month, day) = civil(days);
    let weekday = DAYS[usize::try_from(days % 7).unwrap_or(0)];
    let month = MONTHS[month];
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// The date of the second that was last asked for: it is the same for all answers of that second.
#[derive(Debug, Default)]
pub(crate) struct LastDate(RefCell<(u64, String)>);

impl LastDate {
    /// Hands `use_it` the date of `unix_seconds` as [`http`] writes it.
    pub(crate) fn of<T>(&self, unix_seconds: u64, use_it: impl FnOnce(&str) -> T) -> T {
        let mut last = self.0.borrow_mut();
        if last.0 != unix_seconds || last.1.is_empty() {
            *last = (unix_seconds, http(unix_seconds));
        }
        use_it(&last.1)
    }
}

/// Year, month from 0, and day from 1, of a day since 1970.
fn civil(days: u64) -> (u64, usize, u64) {
    // Counted from 1 March of the year 0, so that the leap day is the last of its year; 400 years have 146,097 days.
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = (shifted + 2) % 12;
    let year = era * 400 + year_of_era + u64::from(month < 2);
    (year, usize::try_from(month).unwrap_or(0), day)
}

#[cfg(test)]
mod tests;
