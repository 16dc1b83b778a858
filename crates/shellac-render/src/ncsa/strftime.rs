//! `strftime` as the C library has it without a locale: the specifiers, flags and widths that scripts rely on.
//!
//! A format is parsed once. What is unknown is printed as it stands.

use std::io::Write as _;

use chrono::{DateTime, Datelike, FixedOffset, Timelike};

/// A parsed format.
#[derive(Clone, Debug)]
pub(super) struct Strftime(Vec<Item>);

#[derive(Clone, Debug)]
enum Item {
    Plain(Box<[u8]>),
    Field(Field),
    /// What looks like a field and is none, and how it is padded.
    Unknown(Field, Box<[u8]>),
}

/// One specifier.
#[derive(Clone, Copy, Debug)]
struct Field {
    letter: u8,
    /// `_`, `-` or `0`.
    pad: Option<u8>,
    upper: bool,
    swap: bool,
    width: usize,
}

const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// Every letter that means something.
const LETTERS: &[u8] = b"aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYzZ%";
/// Those that mean nothing behind an `E`, and behind an `O`. Behind others these are idle.
const NOT_AFTER_E: &[u8] = b"aAbBdDeFgGhHIjklmMSUVWw";
const NOT_AFTER_O: &[u8] = b"aAcDFxXY";
/// A wider field is not asked for.
const MAX_WIDTH: usize = 60;

impl Strftime {
    pub(super) fn parse(format: &[u8]) -> Strftime {
        let mut items = Vec::new();
        let mut plain = Vec::new();
        let mut at = 0;
        while at < format.len() {
            let Some((field, len)) = field(&format[at..]) else {
                plain.push(format[at]);
                at += 1;
                continue;
            };
            if !plain.is_empty() {
                items.push(Item::Plain(std::mem::take(&mut plain).into()));
            }
            items.push(match field.letter {
                0 => Item::Unknown(field, format[at..at + len].into()),
                _ => Item::Field(field),
            });
            at += len;
        }
        if !plain.is_empty() {
            items.push(Item::Plain(plain.into()));
        }
        Strftime(items)
    }

    /// Appends the text for `time`.
    pub(super) fn write(&self, time: &DateTime<FixedOffset>, out: &mut Vec<u8>) {
        for item in &self.0 {
            match item {
                Item::Plain(text) => out.extend_from_slice(text),
                Item::Field(field) => field.write(time, out),
                Item::Unknown(field, text) => {
                    let start = out.len();
                    out.extend_from_slice(text);
                    if field.upper {
                        out[start..].make_ascii_uppercase();
                    }
                    field.fill(start, out);
                }
            }
        }
    }
}

/// The field at the start of `text`, and its length. One that is none has no letter.
fn field(text: &[u8]) -> Option<(Field, usize)> {
    let (b'%', mut rest) = text.split_first().map(|(first, rest)| (*first, rest))? else {
        return None;
    };
    let mut field = Field { letter: 0, pad: None, upper: false, swap: false, width: 0 };
    while let Some((flag @ (b'_' | b'-' | b'0' | b'^' | b'#'), after)) = split(rest) {
        match flag {
            b'^' => field.upper = true,
            b'#' => field.swap = true,
            pad => field.pad = Some(pad),
        }
        rest = after;
    }
    while let Some((digit @ b'0'..=b'9', after)) = split(rest) {
        field.width = (field.width * 10 + usize::from(digit - b'0')).min(MAX_WIDTH);
        rest = after;
    }
    let not_after: &[u8] = match split(rest) {
        Some((modifier @ (b'E' | b'O'), after)) => {
            rest = after;
            if modifier == b'E' { NOT_AFTER_E } else { NOT_AFTER_O }
        }
        _ => b"",
    };
    if let Some((letter, after)) = split(rest) {
        rest = after;
        if LETTERS.contains(&letter) && !not_after.contains(&letter) {
            field.letter = letter;
        } else if matches!(letter, b'b' | b'h') && !not_after.is_empty() {
            // The C library looks at the flag before it looks at the `E`.
            field.upper |= field.swap;
        }
    }
    Some((field, text.len() - rest.len()))
}

fn split(text: &[u8]) -> Option<(u8, &[u8])> {
    text.split_first().map(|(first, rest)| (*first, rest))
}

impl Field {
    fn write(self, time: &DateTime<FixedOffset>, out: &mut Vec<u8>) {
        let start = out.len();
        match self.letter {
            b'a' => self.word(&DAYS[day(time)][..3], false, out),
            b'A' => self.word(DAYS[day(time)], false, out),
            b'b' | b'h' => self.word(&MONTHS[time.month0() as usize][..3], false, out),
            b'B' => self.word(MONTHS[time.month0() as usize], false, out),
            b'p' => self.word(if time.hour() < 12 { "AM" } else { "PM" }, true, out),
            b'P' => self.word(if time.hour() < 12 { "am" } else { "pm" }, false, out),
            b'Z' => self.zone(time, out),
            b'c' => self.several(b"%a %b %e %H:%M:%S %Y", time, out),
            b'D' | b'x' => self.several(b"%m/%d/%y", time, out),
            b'F' => self.several(b"%Y-%m-%d", time, out),
            b'r' => self.several(b"%I:%M:%S %p", time, out),
            b'R' => self.several(b"%H:%M", time, out),
            b'T' | b'X' => self.several(b"%H:%M:%S", time, out),
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'%' => out.push(b'%'),
            b'z' => self.offset(time, out),
            b's' => {
                let _ = write!(out, "{}", time.timestamp());
            }
            letter => {
                let (value, width, pad) = number(letter, time);
                self.number(value, width, pad, out);
                return;
            }
        }
        if self.letter != b'z' {
            self.fill(start, out);
        }
    }

    /// Moves what was written to the right, as far as the width asks for.
    fn fill(self, start: usize, out: &mut Vec<u8>) {
        let pad = if self.pad == Some(b'0') { b'0' } else { b' ' };
        let len = out.len() - start;
        if len < self.width {
            let more = self.width - len;
            out.resize(out.len() + more, 0);
            out.copy_within(start..start + len, start + more);
            out[start..start + more].fill(pad);
        }
    }

    fn word(self, word: &str, swaps_to_lower: bool, out: &mut Vec<u8>) {
        let at = out.len();
        out.extend_from_slice(word.as_bytes());
        if self.swap && swaps_to_lower {
            out[at..].make_ascii_lowercase();
        } else if (self.upper || self.swap) && self.letter != b'P' {
            out[at..].make_ascii_uppercase();
        }
    }

    /// What the zone is called. Names of other zones than UTC are not known here; their offset is.
    fn zone(self, time: &DateTime<FixedOffset>, out: &mut Vec<u8>) {
        if time.offset().local_minus_utc() == 0 {
            out.extend_from_slice(if self.swap { b"utc" } else { b"UTC" });
        } else {
            plain_offset(time, out);
        }
    }

    fn several(self, format: &[u8], time: &DateTime<FixedOffset>, out: &mut Vec<u8>) {
        let start = out.len();
        // At most six short fields: they are parsed when a second begins.
        let mut at = 0;
        while at < format.len() {
            if let Some((field, len)) = field(&format[at..]) {
                field.write(time, out);
                at += len;
            } else {
                out.push(format[at]);
                at += 1;
            }
        }
        if self.upper {
            out[start..].make_ascii_uppercase();
        }
    }

    /// A sign and a number, each as wide as the whole is asked to be.
    fn offset(self, time: &DateTime<FixedOffset>, out: &mut Vec<u8>) {
        let seconds = time.offset().local_minus_utc();
        let start = out.len();
        out.push(if seconds < 0 { b'-' } else { b'+' });
        self.fill(start, out);
        let minutes = seconds.abs() / 60;
        self.number((minutes / 60 * 100 + minutes % 60).into(), 4, b'0', out);
    }

    fn number(self, value: i64, width: usize, usual: u8, out: &mut Vec<u8>) {
        let (pad, width) = match self.pad {
            Some(b'-') => (b' ', self.width),
            Some(b'_') => (b' ', self.width.max(width)),
            Some(_) => (b'0', self.width.max(width)),
            None => (usual, self.width.max(width)),
        };
        let mut digits = [0; 20];
        let mut at = digits.len();
        let mut rest = value.unsigned_abs();
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10).to_le_bytes()[0];
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if value < 0 {
            out.push(b'-');
        }
        let more = width.saturating_sub(digits.len() - at);
        out.resize(out.len() + more, pad);
        out.extend_from_slice(&digits[at..]);
    }
}

fn plain_offset(time: &DateTime<FixedOffset>, out: &mut Vec<u8>) {
    let seconds = time.offset().local_minus_utc();
    out.push(if seconds < 0 { b'-' } else { b'+' });
    let minutes = seconds.unsigned_abs() / 60;
    for part in [minutes / 60, minutes % 60] {
        let part = part.to_le_bytes()[0];
        out.extend_from_slice(&[b'0' + part / 10, b'0' + part % 10]);
    }
}

fn day(time: &DateTime<FixedOffset>) -> usize {
    time.weekday().num_days_from_sunday() as usize
}

/// Value, usual width and padding of a specifier that is a number.
fn number(letter: u8, time: &DateTime<FixedOffset>) -> (i64, usize, u8) {
    let hour_12 = match time.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let week = time.iso_week();
    let ordinal = time.ordinal0();
    let days = |first: u32| i64::from((ordinal + 7 - first) / 7);
    let (value, width, pad) = match letter {
        b'C' => (i64::from(time.year()).div_euclid(100), 2, b'0'),
        b'd' => (time.day().into(), 2, b'0'),
        b'e' => (time.day().into(), 2, b' '),
        b'g' => (i64::from(week.year()).rem_euclid(100), 2, b'0'),
        b'G' => (week.year().into(), 1, b'0'),
        b'H' => (time.hour().into(), 2, b'0'),
        b'I' => (hour_12.into(), 2, b'0'),
        b'j' => (time.ordinal().into(), 3, b'0'),
        b'k' => (time.hour().into(), 2, b' '),
        b'l' => (hour_12.into(), 2, b' '),
        b'm' => (time.month().into(), 2, b'0'),
        b'M' => (time.minute().into(), 2, b'0'),
        b'S' => (time.second().into(), 2, b'0'),
        b'u' => (time.weekday().number_from_monday().into(), 1, b'0'),
        b'U' => (days(time.weekday().num_days_from_sunday()), 2, b'0'),
        b'V' => (week.week().into(), 2, b'0'),
        b'w' => (time.weekday().num_days_from_sunday().into(), 1, b'0'),
        b'W' => (days(time.weekday().num_days_from_monday()), 2, b'0'),
        b'y' => (i64::from(time.year()).rem_euclid(100), 2, b'0'),
        _ => (time.year().into(), 1, b'0'),
    };
    (value, width, pad)
}

#[cfg(test)]
mod tests;
