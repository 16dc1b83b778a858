//! Numbers as they are shown: short, and of a width that does not jump.

use std::time::Duration;

/// A number with blanks for nothing: `1,204,388`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many by second; what is below 100 with one digit behind the point.
pub(crate) fn rate(number: f64) -> String {
    if !number.is_finite() || number <= 0.0 {
        return "0".to_owned();
    }
    if number < 0.1 {
        return format!("{number:.2}");
    }
    if number < 99.95 {
        return format!("{number:.1}");
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is above 0")]
    let whole = number.round() as u64;
    count(whole)
}

/// So many of all, in percent; empty when there is nothing.
pub(crate) fn share(part: u64, all: u64) -> String {
    if all == 0 { String::new() } else { percent(part as f64 / all as f64) }
}

/// A share in percent. What is not nothing is not shown as nothing, and what is not all not as all.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent <= 0.0 {
        "0 %".to_owned()
    } else if percent < 0.1 {
        "<0.1 %".to_owned()
    } else if percent < 9.95 {
        format!("{percent:.1} %")
    } else if percent > 99.0 && percent < 100.0 {
        format!("{:.1} %", percent.min(99.9))
    } else {
        format!("{percent:.0} %")
    }
}

/// A time in three digits and its unit: `46 us`, `4.6 ms`, `1.20 s`, `5:02 min`.
pub(crate) fn micros(micros: u64) -> String {
    let number = micros as f64;
    if micros < 1000 {
        format!("{micros} us")
    } else if micros < 9_950 {
        format!("{:.1} ms", number / 1e3)
    } else if micros < 999_500 {
        format!("{:.0} ms", number / 1e3)
    } else if micros < 9_995_000 {
        format!("{:.2} s", number / 1e6)
    } else if micros < 60_000_000 {
        format!("{:.1} s", number / 1e6)
    } else {
        let seconds = micros / 1_000_000;
        if seconds < 3600 {
            format!("{}:{:02} min", seconds / 60, seconds % 60)
        } else {
            format!("{}:{:02} h", seconds / 3600, seconds / 60 % 60)
        }
    }
}

/// The same of a duration.
pub(crate) fn time(time: Duration) -> String {
    micros(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

/// Bytes with a unit of 1000: `12.3 MB`.
pub(crate) fn bytes(bytes: f64) -> String {
    let mut number = bytes.max(0.0);
    let mut unit = "B";
    for next in ["kB", "MB", "GB", "TB"] {
        if number < 999.5 {
            break;
        }
        (number, unit) = (number / 1000.0, next);
    }
    if unit == "B" || number >= 99.5 {
        format!("{number:.0} {unit}")
    } else {
        format!("{number:.1} {unit}")
    }
}

#[cfg(test)]
mod tests;
