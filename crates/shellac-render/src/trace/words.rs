//! Numbers as people read them: durations, moments, bytes.

use chrono::{DateTime, FixedOffset, Local, Utc};

use super::fields::Micros;

/// Which clock moments are shown in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Zone {
    /// The machine's own, with its offset.
    #[default]
    Local,
    /// UTC.
    Utc,
    /// One that is always so far away from UTC.
    Fixed(FixedOffset),
}

/// A duration with its unit: `46 us`, `4.6 ms`, `1.001 s`.
pub fn duration(micros: Micros) -> String {
    let sign = if micros.0 < 0 { "-" } else { "" };
    let us = micros.0.unsigned_abs();
    let tenths_of_ms = us.saturating_add(50) / 100;
    if us < 1000 {
        format!("{sign}{us} us")
    } else if tenths_of_ms < 10_000 {
        format!("{sign}{}.{} ms", tenths_of_ms / 10, tenths_of_ms % 10)
    } else {
        let ms = us.saturating_add(500) / 1000;
        format!("{sign}{}.{:03} s", ms / 1000, ms % 1000)
    }
}

/// A moment as local time with offset, without the epoch.
pub fn local_time(at: Micros, zone: Zone) -> String {
    let Some(utc) = DateTime::<Utc>::from_timestamp_micros(at.0) else {
        return "time out of range".to_owned();
    };
    let local: DateTime<FixedOffset> = match zone {
        Zone::Local => utc.with_timezone(&Local).fixed_offset(),
        Zone::Utc => utc.fixed_offset(),
        Zone::Fixed(offset) => utc.with_timezone(&offset),
    };
    local.format("%Y-%m-%d %H:%M:%S%.6f %:z").to_string()
}

/// A moment as seconds since the epoch with six decimals, as the log writes it.
pub fn epoch(at: Micros) -> String {
    let sign = if at.0 < 0 { "-" } else { "" };
    let us = at.0.unsigned_abs();
    format!("{sign}{}.{:06}", us / 1_000_000, us % 1_000_000)
}

/// `1 byte`, `4623 bytes`.
pub(super) fn bytes(count: u64) -> String {
    counted(count, "byte")
}

/// `1 retry`-style counting for words with a plain plural.
pub(super) fn counted(count: u64, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

#[cfg(test)]
mod tests;
