//! Moments on the command line, and the time zone in which they are read and shown.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use chrono::{
    DateTime, Days, FixedOffset, Local, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime,
    TimeZone, Utc,
};
pub(crate) use shellac_render::trace::Zone;

/// The options that say whose clock times are shown in.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(crate) struct ZoneArgs {
    /// Times in UTC instead of local time
    #[arg(long, conflicts_with = "tz")]
    utc: bool,

    /// Times so far from UTC, as +02:00
    #[arg(long, value_name = "ZONE", default_value = "local", allow_hyphen_values = true, value_parser = parse_zone)]
    tz: Zone,
}

impl ZoneArgs {
    /// What they come to.
    pub(crate) fn zone(self) -> Zone {
        if self.utc { Zone::Utc } else { self.tz }
    }
}

/// A moment that was asked for, as time since 1970.
pub(crate) type Moment = Duration;

/// Parses `utc`, `local` or an offset such as `+02:00`.
pub(crate) fn parse_zone(text: &str) -> anyhow::Result<Zone> {
    if text.eq_ignore_ascii_case("utc") || text.eq_ignore_ascii_case("z") {
        return Ok(Zone::Utc);
    }
    if text.eq_ignore_ascii_case("local") {
        return Ok(Zone::Local);
    }
    match offset(text) {
        Some(offset) => Ok(Zone::Fixed(offset)),
        None => bail!("{text:?} is no time zone; write utc, local or an offset such as +02:00"),
    }
}

/// A moment for people: date and time of day with six decimals. `None` when there is no such year.
pub(crate) fn show(moment: Moment, zone: Zone) -> Option<String> {
    Some(wall(moment, zone)?.format("%Y-%m-%d %H:%M:%S%.6f").to_string())
}

/// Seconds on the clock on the wall since 1970, to divide days and hours by.
pub(crate) fn wall_seconds(moment: Moment, zone: Zone) -> i64 {
    wall(moment, zone).map_or(0, |it| it.and_utc().timestamp())
}

/// The clock on the wall at this moment.
fn wall(moment: Moment, zone: Zone) -> Option<NaiveDateTime> {
    let utc = utc(moment)?;
    Some(match zone {
        Zone::Local => utc.with_timezone(&Local).naive_local(),
        Zone::Utc => utc.naive_utc(),
        Zone::Fixed(offset) => utc.with_timezone(&offset).naive_local(),
    })
}

/// When the clock on the wall shows this. In the hour that comes twice it is the one that includes more.
fn moment(wall: NaiveDateTime, zone: Zone, end: End) -> anyhow::Result<Moment> {
    let mapped = match zone {
        Zone::Local => Local.from_local_datetime(&wall).map(|it| it.to_utc()),
        Zone::Utc => MappedLocalTime::Single(wall.and_utc()),
        Zone::Fixed(offset) => offset.from_local_datetime(&wall).map(|it| it.to_utc()),
    };
    let utc = match (mapped, end) {
        (MappedLocalTime::Single(utc), _)
        | (MappedLocalTime::Ambiguous(utc, _), End::Since)
        | (MappedLocalTime::Ambiguous(_, utc), End::Until) => utc,
        (MappedLocalTime::None, _) => bail!("clocks here were set forward past {wall}"),
    };
    since_1970(utc).with_context(|| format!("{wall} is before 1970"))
}

/// Which end of a range a moment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Since,
    Until,
}

/// What a moment is read against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// Since 1970.
    pub(crate) now: Moment,
    pub(crate) zone: Zone,
}

/// A moment as it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Written {
    Moment(Moment),
    /// A day is open.
    TimeOfDay(NaiveTime),
}

impl Clock {
    /// The clock of this machine.
    #[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
    pub(crate) fn of_system(zone: Zone) -> Clock {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Clock { now, zone }
    }

    /// Reads the beginning of a range: `13:29`, `13:29:05`, `-10m` (before now; `s m h d`), `2026-11-22`,
    /// `2026-11-22 13:29` or seconds since 1970.
    ///
    /// A time of day is the last one that was.
    pub(crate) fn since(self, text: &str) -> anyhow::Result<Moment> {
        let (time, now) = match self.parse(text, End::Since)? {
            Written::Moment(moment) => return Ok(moment),
            Written::TimeOfDay(time) => (time, self.now),
        };
        let wall = wall(now, self.zone).context("the clock of this machine is wrong")?;
        self.on_day(wall.date(), time, -i64::from(time > wall.time()), End::Since)
    }

    /// Reads the end of a range, in the same forms. `since` is its beginning; `follows`: what comes after now is
    /// part of it.
    ///
    /// A time of day is the next one after the beginning. Without a beginning it is today's, or the next one to
    /// come when there is waiting for it.
    pub(crate) fn until(
        self,
        text: &str,
        since: Option<Moment>,
        follows: bool,
    ) -> anyhow::Result<Moment> {
        let moment = match self.parse(text, End::Until)? {
            Written::Moment(moment) => moment,
            Written::TimeOfDay(time) => {
                let after = since.unwrap_or(self.now);
                let wall = wall(after, self.zone).context("the clock of this machine is wrong")?;
                let is_next = since.is_some() || follows;
                let days = i64::from(is_next && time < wall.time());
                let moment = self.on_day(wall.date(), time, days, End::Until)?;
                if days > 0 && !follows && moment > self.now {
                    bail!("{text} is before the beginning");
                }
                moment
            }
        };
        if since.is_some_and(|since| moment < since) {
            bail!("{text} is before the beginning");
        }
        Ok(moment)
    }

    fn on_day(
        self,
        day: NaiveDate,
        time: NaiveTime,
        days: i64,
        end: End,
    ) -> anyhow::Result<Moment> {
        let by = Days::new(days.unsigned_abs());
        let day = if days < 0 { day.checked_sub_days(by) } else { day.checked_add_days(by) };
        moment(day.context("there is no such day")?.and_time(time), self.zone, end)
    }

    fn parse(self, text: &str, end: End) -> anyhow::Result<Written> {
        let text = text.trim();
        if let Some(moment) = self.relative(text)? {
            return Ok(Written::Moment(moment));
        }
        if let Some(time) = time_of_day(text) {
            return Ok(Written::TimeOfDay(time));
        }
        if let Some(moment) = decimal_seconds(text) {
            return Ok(Written::Moment(moment));
        }
        if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
            return Ok(Written::Moment(
                since_1970(moment.to_utc()).with_context(|| format!("{text} is before 1970"))?,
            ));
        }
        let (date, time) = match text.split_once([' ', 'T', 't']) {
            Some((date, time)) => (date, time_of_day(time.trim_start())),
            None => (text, Some(NaiveTime::MIN)),
        };
        match (NaiveDate::parse_from_str(date, "%Y-%m-%d"), time) {
            (Ok(date), Some(time)) => {
                Ok(Written::Moment(moment(date.and_time(time), self.zone, end)?))
            }
            _ => bail!(
                "{text:?} is no moment; write a time of day such as 13:29 or 13:29:05, -10m (s, m, h or d before \
                 now), a date such as 2026-11-22, date and time, or seconds since 1970"
            ),
        }
    }

    /// `-10m`: so long before now, or with `+` after.
    fn relative(self, text: &str) -> anyhow::Result<Option<Moment>> {
        let Some(rest) = text.strip_prefix(['-', '+']) else { return Ok(None) };
        let digits = rest.trim_end_matches(|it: char| it.is_ascii_alphabetic());
        let seconds_per_unit = match &rest[digits.len()..] {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => bail!("{text:?} has no unit; write s, m, h or d behind the number"),
        };
        let distance = decimal_seconds(digits)
            .and_then(|units| units.checked_mul(seconds_per_unit))
            .with_context(|| format!("{text:?} is no time before now"))?;
        let moment = if text.starts_with('-') {
            self.now.checked_sub(distance).with_context(|| format!("{text} is before 1970"))?
        } else {
            self.now.checked_add(distance).with_context(|| format!("{text} is too far away"))?
        };
        Ok(Some(moment))
    }
}

fn utc(moment: Moment) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(i64::try_from(moment.as_secs()).ok()?, moment.subsec_nanos())
}

fn since_1970(utc: DateTime<Utc>) -> Option<Moment> {
    let seconds = u64::try_from(utc.timestamp()).ok()?;
    Some(Duration::new(seconds, utc.timestamp_subsec_nanos().min(999_999_999)))
}

/// `13:29`, `13:29:05`, `13:29:05.25`.
fn time_of_day(text: &str) -> Option<NaiveTime> {
    let formats = ["%H:%M", "%H:%M:%S%.f"];
    formats.iter().find_map(|format| NaiveTime::parse_from_str(text, format).ok())
}

/// A decimal number without a sign: exact, which a float would not be.
fn decimal_seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    if !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let nanos = format!("{fraction:0<9}")[..9].parse().ok()?;
    Some(Duration::new(whole.parse().ok()?, nanos))
}

/// `+02:00`, `-0330`, `+1`.
fn offset(text: &str) -> Option<FixedOffset> {
    let digits = text.strip_prefix(['+', '-'])?;
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "00"),
    };
    let number = |text: &str, below: i32| {
        let is_plain = matches!(text.len(), 1 | 2) && text.bytes().all(|it| it.is_ascii_digit());
        text.parse::<i32>().ok().filter(|&number| is_plain && number < below)
    };
    let seconds = number(hours, 24)? * 3600 + number(minutes, 60)? * 60;
    FixedOffset::east_opt(if text.starts_with('-') { -seconds } else { seconds })
}

#[cfg(test)]
mod tests;
