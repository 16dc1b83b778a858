//! Moments as RFC 3339 writes them. Most records of a log are of the same second as the one before.

use chrono::{DateTime, Utc};

use crate::lines::Text;

/// Digits of the seconds since 1970 of our time.
pub(super) const USUAL_DIGITS: usize = 10;
/// More decimals are cut.
pub(super) const MAX_DECIMALS: usize = 9;

/// Writes moments, with the date and time of the last second at hand.
#[derive(Clone, Debug, Default)]
pub(super) struct Moments {
    seconds: [u8; USUAL_DIGITS],
    /// `2026-11-22T05:31:25`, filled up to a size that is copied at once.
    shown: [u8; DATE_ROOM],
}

/// Bytes of date and time up to the second, and room for them.
pub(super) const DATE_BYTES: usize = 19;
pub(super) const DATE_ROOM: usize = 32;

impl Moments {
    /// Appends the moment of `text`, seconds since 1970 with or without decimals, in UTC. `false`, and nothing
    /// appended, when no calendar of ours has it.
    pub(super) fn push(&mut self, text: &[u8], out: &mut Text) -> bool {
        let (seconds, decimals) = match text.iter().position(|&byte| byte == b'.') {
            Some(point) => (&text[..point], &text[point..]),
            None => (text, &[][..]),
        };
        let Some(date) = self.date(seconds) else { return false };
        out.push(&date[..DATE_BYTES]);
        out.push(&decimals[..decimals.len().min(MAX_DECIMALS + 1)]);
        out.push(b"Z");
        true
    }

    /// Date and time of these seconds.
    #[inline]
    pub(super) fn date(&mut self, seconds: &[u8]) -> Option<&[u8; DATE_ROOM]> {
        (seconds == self.seconds || self.prepare(seconds)).then_some(&self.shown)
    }

    #[cold]
    fn prepare(&mut self, seconds: &[u8]) -> bool {
        let Ok(digits) = <[u8; USUAL_DIGITS]>::try_from(seconds) else { return false };
        let parsed = str::from_utf8(&digits).ok().and_then(|text| text.parse().ok());
        let moment: Option<DateTime<Utc>> =
            parsed.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        let shown = moment.map(|moment| moment.format("%Y-%m-%dT%H:%M:%S").to_string());
        let Some(shown) = shown.filter(|shown| shown.len() == DATE_BYTES) else { return false };
        self.seconds = digits;
        self.shown[..DATE_BYTES].copy_from_slice(shown.as_bytes());
        true
    }
}
