//! Durations and sizes with their units.

use std::time::Duration;

/// Longest duration that a configuration can name, so that a deadline never overflows.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// Parses `250ms`, `3.5s`, `2m`, `1h` or `1d`.
///
/// # Errors
///
/// What is wrong, for people: no number, no unit, negative, longer than 366 days.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text)
        .ok_or_else(|| format!("`{text}` is not a duration; write a number with its unit, such as \"3.5s\" or \"250ms\""))?;
    let seconds_per_unit = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86400.0,
        "" => {
            return Err(format!(
                "`{text}` has no unit; write \"{text}s\" for seconds (ms, s, m, h, d)"
            ));
        }
        _ => return Err(format!("`{unit}` is not a unit of time (ms, s, m, h, d)")),
    };
    let seconds = number * seconds_per_unit;
    if seconds > LONGEST.as_secs_f64() {
        return Err(format!("`{text}` is longer than a year"));
    }
    // Rounded to microseconds: 3.3 * 0.001 shall not become 3299999 ns.
    Duration::try_from_secs_f64(seconds)
        .map(|exact| {
            Duration::from_micros(
                u64::try_from((exact.as_nanos() + 500) / 1000).unwrap_or(u64::MAX),
            )
        })
        .map_err(|_| format!("`{text}` is not a duration"))
}

/// Parses `80M`, `1.5G`, `64K` or a plain number of bytes; K, M and G are powers of 1024.
///
/// # Errors
///
/// What is wrong, for people: no number, unknown unit, not a whole number of bytes, above 2^53.
pub fn parse_size_bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text).ok_or_else(|| {
        format!("`{text}` is not a size; write bytes or a number with K, M or G, such as \"80M\"")
    })?;
    let bytes_per_unit = match unit {
        "" | "B" | "b" => 1.0,
        "K" | "k" => 1024.0,
        "M" | "m" => 1_048_576.0,
        "G" | "g" => 1_073_741_824.0,
        _ => return Err(format!("`{unit}` is not a unit of size (K, M, G)")),
    };
    let bytes: f64 = number * bytes_per_unit;
    if bytes.fract() != 0.0 {
        return Err(format!("`{text}` is not a whole number of bytes"));
    }
    if bytes > 9_007_199_254_740_992.0 {
        return Err(format!("`{text}` is too large"));
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole, not negative and at most 2^53"
    )]
    Ok(bytes as u64)
}

/// The number in front and what follows it; `None` without a plain decimal number (no sign, no exponent).
fn split(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number = text[..end].parse().ok()?;
    Some((number, text[end..].trim_start()))
}

#[cfg(test)]
mod tests;
