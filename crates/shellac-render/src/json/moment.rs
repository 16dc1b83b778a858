//! Moments as RFC 3339 writes them. Most records of a log are of the same second as the one before.

use chrono::{DateTime, Utc};

use crate::lines::Text;

/// Digits of the seconds since 1970 of our time.
const USUAL_DIGITS: usize = 10;
/// More decimals are cut.
const MAX_DECIMALS: usize = 9;

/// Writes moments, with the date and time of the last second at hand.
#[derive(Clone, Debug)]
pub(super) struct Moments {
    seconds: [u8; USUAL_DIGITS],
    /// A `Timestamp` of that second from behind its label on, where decimals and durations are not filled in: one piece,
    /// as most records of this tag differ in nothing else.
    stamp: [u8; STAMP_ROOM],
}

/// A stamp before anything is filled in. Durations have a digit before the point.
const EMPTY_STAMP: &[u8; STAMP_BYTES] =
    b"\",\"time\":SSSSSSSSSS.dddddd,\"rfc3339\":\"YYYY-MM-DDTHH:MM:SS.ddddddZ\",\
    \"since_start\":0.dddddd,\"since_last\":0.dddddd},";
/// Bytes of a stamp, and room for it.
pub(super) const STAMP_BYTES: usize = 113;
pub(super) const STAMP_ROOM: usize = 128;
/// Where the seconds are.
const SECONDS_AT: usize = 9;
/// Where date and time up to the second are, and bytes of them.
const DATE_AT: usize = 38;
const DATE_BYTES: usize = 19;
/// Where decimals are to be filled in, and durations.
pub(super) const STAMP_DECIMALS: [usize; 2] =
    [SECONDS_AT + USUAL_DIGITS + 1, DATE_AT + DATE_BYTES + 1];
pub(super) const STAMP_START: usize = 81;
pub(super) const STAMP_LAST: usize = 103;

impl Default for Moments {
    fn default() -> Moments {
        let mut stamp = [b' '; STAMP_ROOM];
        stamp[..STAMP_BYTES].copy_from_slice(EMPTY_STAMP);
        Moments { seconds: [0; USUAL_DIGITS], stamp }
    }
}

impl Moments {
    /// Appends the moment of `text`, seconds since 1970 with or without decimals, in UTC. `false`, and nothing
    /// appended, when no calendar of ours has it.
    pub(super) fn push(&mut self, text: &[u8], out: &mut Text) -> bool {
        let (seconds, decimals) = match text.iter().position(|&byte| byte == b'.') {
            Some(point) => (&text[..point], &text[point..]),
            None => (text, &[][..]),
        };
        let Some(date) = self.date(seconds) else { return false };
        out.push(date);
        out.push(&decimals[..decimals.len().min(MAX_DECIMALS + 1)]);
        out.push(b"Z");
        true
    }

    /// Date and time of these seconds.
    fn date(&mut self, seconds: &[u8]) -> Option<&[u8]> {
        let is_ready = seconds == self.seconds || self.prepare(seconds);
        is_ready.then_some(&self.stamp[DATE_AT..DATE_AT + DATE_BYTES])
    }

    /// A `Timestamp` of this second from behind its label on.
    #[inline(always)]
    pub(super) fn stamp(&mut self, seconds: &[u8; USUAL_DIGITS]) -> Option<&[u8; STAMP_ROOM]> {
        (*seconds == self.seconds || self.prepare(seconds)).then_some(&self.stamp)
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
        self.stamp[SECONDS_AT..SECONDS_AT + USUAL_DIGITS].copy_from_slice(&digits);
        self.stamp[DATE_AT..DATE_AT + DATE_BYTES].copy_from_slice(shown.as_bytes());
        true
    }
}
