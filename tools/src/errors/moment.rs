//! The time of a line: one word that programs read and people too.

use chrono::{DateTime, FixedOffset, Local, SecondsFormat, Utc};
use shellac_render::trace::Micros;

use crate::when::Zone;

/// `2026-11-22T05:31:25.123456+00:00`, with `Z` for UTC; `None` for a moment that no calendar has.
pub(super) fn show(at: Micros, zone: Zone) -> Option<String> {
    let at: DateTime<Utc> = DateTime::from_timestamp_micros(at.0)?;
    let with = |offset: FixedOffset| at.with_timezone(&offset);
    Some(match zone {
        Zone::Utc => at.to_rfc3339_opts(SecondsFormat::Micros, true),
        Zone::Local => at.with_timezone(&Local).to_rfc3339_opts(SecondsFormat::Micros, false),
        Zone::Fixed(offset) => with(offset).to_rfc3339_opts(SecondsFormat::Micros, false),
    })
}

#[cfg(test)]
mod tests;
