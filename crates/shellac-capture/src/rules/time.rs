//! Durations with their units.

use std::time::Duration;

/// The longest duration of a rule.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// Parses `250ms`, `3.5s`, `2m`, `1h`, `1d`, or `0`; a week is the longest.
///
/// # Errors
///
/// What is wrong, for people.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let wrong =
        || format!("`{text}` is not a duration; write a number with its unit, such as \"5s\"");
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit.trim() {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86400.0,
        "" if number == 0.0 => 0.0,
        "" => {
            return Err(format!(
                "`{text}` has no unit; write \"{text}s\" for seconds (ms, s, m, h, d)"
            ));
        }
        unit => return Err(format!("`{unit}` is not a unit of time (ms, s, m, h, d)")),
    };
    let duration = Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())?;
    if duration > LONGEST { Err(format!("`{text}` is longer than a week")) } else { Ok(duration) }
}
