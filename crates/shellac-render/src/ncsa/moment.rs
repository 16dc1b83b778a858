//! Moments as text. What is alike for a whole second is made once for it.

use chrono::{DateTime, FixedOffset, Local, Offset, TimeZone, Utc};

use super::strftime::Strftime;
use crate::trace::Zone;

/// Changes of clocks come at full quarters of an hour.
const OFFSET_SECONDS: i64 = 900;

/// The offset of local time, looked up once in a quarter of an hour of the log.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    zone: Zone,
    known: Option<(i64, FixedOffset)>,
}

impl Clock {
    pub(super) const fn new(zone: Zone) -> Clock {
        Clock { zone, known: None }
    }

    /// The moment in the zone. `None`: there is no such year.
    fn at(&mut self, second: i64) -> Option<DateTime<FixedOffset>> {
        let utc = Utc.timestamp_opt(second, 0).single()?;
        let quarter = second.div_euclid(OFFSET_SECONDS);
        let offset = match (self.zone, self.known) {
            (Zone::Utc, _) => Utc.fix(),
            (Zone::Fixed(offset), _) => offset,
            (Zone::Local, Some((of, offset))) if of == quarter => offset,
            (Zone::Local, _) => {
                let offset = Local.offset_from_utc_datetime(&utc.naive_utc()).fix();
                self.known = Some((quarter, offset));
                offset
            }
        };
        Some(utc.with_timezone(&offset))
    }
}

/// A format of moments, and its last text.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    format: Strftime,
    second: Option<i64>,
    text: Vec<u8>,
}

impl Moment {
    pub(super) fn new(format: &[u8]) -> Moment {
        Moment { format: Strftime::parse(format), second: None, text: Vec::with_capacity(64) }
    }

    /// The text for a second since 1970; empty where there is no such year.
    pub(super) fn text(&mut self, second: i64, clock: &mut Clock) -> &[u8] {
        if self.second != Some(second) {
            self.second = Some(second);
            self.text.clear();
            if let Some(time) = clock.at(second) {
                self.format.write(&time, &mut self.text);
            }
        }
        &self.text
    }
}
