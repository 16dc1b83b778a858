//! How values are written: in columns of 14, as varnishstat does.

use shellac_counters::vsc::{Format, Semantics};

use super::state::State;
use crate::stat::dash::sample::{Point, Reading};
use crate::stat::dash::sampler::as_f64;

/// Columns of the terminal that each of ours takes.
pub(super) const WIDTH: usize = 14;
/// Nothing is known.
const NOTHING: &str = "          .  ";
/// The largest number that fits.
const WHOLE_MOST: u64 = 999_999_999_999;
/// Bits of a history that are shown as such.
const BITS: u32 = 24;

/// What a column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Current,
    Change,
    /// Since the mark.
    Since,
    Average,
    /// Of the last 10, 100 or 1000 moments.
    Mean(usize),
}

/// The columns as varnishstat has them.
const COLUMNS: [Column; 6] = [
    Column::Current,
    Column::Change,
    Column::Average,
    Column::Mean(0),
    Column::Mean(1),
    Column::Mean(2),
];

impl Column {
    /// All columns; with a mark, one more.
    pub(super) fn all(marked: bool) -> Vec<Column> {
        let mut columns = COLUMNS.to_vec();
        if marked {
            columns.insert(2, Column::Since);
        }
        columns
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Column::Current => "CURRENT",
            Column::Change => "CHANGE",
            Column::Since => "SINCE_MARK",
            Column::Average => "AVERAGE",
            Column::Mean(0) => "AVG_10",
            Column::Mean(1) => "AVG_100",
            Column::Mean(_) => "AVG_1000",
        }
    }
}

/// One counter, to be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub(super) point: &'a Point,
    pub(super) reading: &'a Reading,
    /// Seconds that the worker has run.
    pub(super) uptime: u64,
    pub(super) state: &'a State,
}

impl Line<'_> {
    /// The text of a column, which is the one with this number from the left.
    pub(super) fn cell(&self, column: Column, number: usize) -> String {
        let value = self.reading.shown(self.point.semantics, self.state.raw);
        match (self.point.format, column) {
            (Format::Integer | Format::Unknown, Column::Current) => whole(value),
            (Format::Bytes, Column::Current) => {
                if self.state.scaled && value > 1024 {
                    scaled(as_f64(value))
                } else {
                    whole(value)
                }
            }
            (Format::Duration, Column::Current) => {
                if self.state.scaled {
                    duration(value)
                } else {
                    whole(value)
                }
            }
            (Format::Bitmap, Column::Current) => format!("   {:010x}", value >> BITS),
            // The next two columns show one text.
            (Format::Bitmap, _) if number == 1 => bits(value)[..WIDTH].to_owned(),
            (Format::Bitmap, _) if number == 2 => bits(value)[WIDTH..].to_owned(),
            (Format::Bitmap | Format::Duration, _) => String::new(),
            (Format::Integer | Format::Unknown, _) => match self.number(column) {
                Some(number) => format!(" {number:12.2}"),
                None => NOTHING.to_owned(),
            },
            (Format::Bytes, _) => match self.number(column) {
                Some(number) if self.state.scaled => scaled(number),
                Some(number) => format!(" {number:12.2} "),
                None => NOTHING.to_owned(),
            },
        }
    }

    /// The number in a column beside the first; `None` where none is known.
    pub(super) fn number(&self, column: Column) -> Option<f64> {
        match column {
            Column::Current => Some(as_f64(self.reading.value)),
            Column::Change => self.reading.change,
            Column::Since => {
                let mark = self.state.mark.as_ref()?;
                Some(signed_f64(mark.since(self.point, self.reading.value)))
            }
            Column::Average => {
                let counts = self.point.semantics == Semantics::Counter && self.uptime > 0;
                let average = as_f64(self.reading.value) / as_f64(self.uptime.max(1));
                (counts && self.reading.value > 0).then_some(average)
            }
            Column::Mean(window) => self.reading.means.get(window).copied(),
        }
    }
}

/// A number that fits; one that does not is cut, which is shown.
fn whole(value: u64) -> String {
    if value <= WHOLE_MOST {
        return format!(" {value:12}");
    }
    let mut value = value;
    while value > 999_999_999 {
        value /= 1000;
    }
    format!(" {value:9}...")
}

/// A number with the letter of its unit.
fn scaled(number: f64) -> String {
    let mut number = number;
    let mut units = " KMGTPEZY".chars();
    let mut unit = units.next().unwrap_or(' ');
    while number >= 1024.0
        && let Some(next) = units.next()
    {
        number /= 1024.0;
        unit = next;
    }
    format!(" {number:12.2}{unit}")
}

/// `days+HH:MM:SS`.
pub(super) fn duration(seconds: u64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    format!("{:4}+{:02}:{:02}:{:02}", hours / 24, hours % 24, minutes % 60, seconds % 60)
}

/// A history, the latest last, in two columns.
fn bits(value: u64) -> String {
    let bits = (0..BITS).rev().map(|bit| if value >> bit & 1 == 1 { 'V' } else { '_' });
    let bits: String = bits.collect();
    format!("{bits:>width$}", width = 2 * WIDTH)
}

#[allow(clippy::cast_precision_loss, reason = "it is shown with two digits behind the point")]
fn signed_f64(value: i64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests;
