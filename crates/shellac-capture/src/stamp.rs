//! Points in time, as they stand in names, in the index and in the manifest.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::de::{self, Deserialize, Deserializer};
use serde::{Serialize, Serializer};

/// Microseconds since 1970, UTC. As text it is `2026-11-22T05:31:25.123456Z`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(pub i64);

impl Stamp {
    /// The point `since_1970` after 1970 began.
    pub fn from_unix(since_1970: Duration) -> Stamp {
        Stamp(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX))
    }

    /// The point `duration` later.
    pub fn after(self, duration: Duration) -> Stamp {
        Stamp(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// From `earlier` to here; zero when `earlier` is later.
    pub fn since(self, earlier: Stamp) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Reads `2026-11-22T05:31:25.123456Z`, with any number of decimals or none.
    pub fn parse(text: &str) -> Option<Stamp> {
        let bare = text.strip_suffix('Z')?;
        let time = NaiveDateTime::parse_from_str(bare, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
        Some(Stamp(time.and_utc().timestamp_micros()))
    }

    /// `20261122T053125.123Z`: what stands in the name of a capture file, sorted by time.
    pub fn compact(self) -> String {
        self.date().format("%Y%m%dT%H%M%S%.3fZ").to_string()
    }

    /// Reads what [`compact`](Stamp::compact) makes.
    pub fn parse_compact(text: &str) -> Option<Stamp> {
        let bare = text.strip_suffix('Z')?;
        let time = NaiveDateTime::parse_from_str(bare, "%Y%m%dT%H%M%S%.f").ok()?;
        Some(Stamp(time.and_utc().timestamp_micros()))
    }

    /// Times that no calendar has are the nearest that it has.
    fn date(self) -> DateTime<Utc> {
        let nearest = if self.0 < 0 { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
        DateTime::from_timestamp_micros(self.0).unwrap_or(nearest)
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.date().format("%Y-%m-%dT%H:%M:%S%.6fZ"))
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Stamp, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Stamp::parse(&text)
            .ok_or_else(|| de::Error::custom("a time is written as 2026-11-22T05:31:25.123456Z"))
    }
}

#[cfg(test)]
mod tests;
