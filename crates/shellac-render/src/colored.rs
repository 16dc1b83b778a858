//! The log tool's text with colour, for people at a terminal.
//!
//! What it says is the text of [`LineWriter`], character by character, with two exceptions: there are escape
//! sequences of our own in it, and bytes of payloads that are not printable are made [`visible()`], as the text goes
//! to a terminal.

use shellac_format::{Dialect, Heads, Tag, TagKind};
use shellac_log::{CompiledFilter, Group, LogRecord, Transaction};

use crate::lines::{LineOptions, LineWriter, TAG_WIDTH, Text, VXID_WIDTH, Walked};
use crate::visible;

/// Turns groups of one dialect into text with colour.
#[derive(Clone, Debug)]
pub struct ColoredWriter {
    plain: LineWriter,
    dialect: Dialect,
    verbose: bool,
    filter: CompiledFilter,
}

/// How a piece of a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Plain,
    Dim,
    Bold,
    /// What the record is about.
    Name,
    Warning,
    Bad,
}

impl Style {
    const fn code(self) -> Option<&'static [u8]> {
        match self {
            Style::Plain => None,
            Style::Dim => Some(b"\x1b[2m"),
            Style::Bold => Some(b"\x1b[1m"),
            Style::Name => Some(b"\x1b[36m"),
            Style::Warning => Some(b"\x1b[33m"),
            Style::Bad => Some(b"\x1b[1;31m"),
        }
    }
}

/// Columns of a tag with the blank behind it.
const TAG_COLUMNS: usize = TAG_WIDTH + 1;
/// Columns of the side with the blank behind it, where it is shown.
const SIDE_COLUMNS: usize = 2;

impl ColoredWriter {
    /// Prepares for records of `dialect`.
    pub fn new(dialect: Dialect, options: &LineOptions) -> ColoredWriter {
        ColoredWriter {
            plain: LineWriter::new(dialect, options),
            dialect,
            verbose: options.verbose,
            filter: options.filter.compile(dialect),
        }
    }

    /// Appends a group, as [`LineWriter::group`] does.
    pub fn group(&self, group: &Group, out: &mut Text) {
        let mut text = Text::default();
        let mut headed = false;
        for transaction in &group.transactions {
            if self.filter.shows_transaction(transaction) {
                headed |= transaction.level > 0;
                text.clear();
                self.plain.transaction(transaction, &mut text);
                self.transaction(transaction, text.as_bytes(), out);
            }
        }
        if headed {
            out.push(b"\n");
        }
    }

    /// Appends one record by itself, as [`LineWriter::raw`] does.
    pub fn raw(&self, record: &LogRecord<'_>, out: &mut Text) {
        let mut text = Text::default();
        self.plain.raw(record, &mut text);
        if !text.is_empty() {
            self.line(record, lead_columns(0, Some(record)), text.as_bytes(), out);
        }
    }

    /// Appends whole records that lie one after the other, as [`LineWriter::raw_row`] does.
    pub fn raw_row(&self, row: &[u8], out: &mut Text) -> Walked {
        let mut heads = Heads::new(self.dialect.layout(), row);
        let mut records = 0;
        for place in heads.by_ref() {
            records += 1;
            self.raw(&LogRecord::new(self.dialect, place.record(row)), out);
        }
        Walked { records, bytes: heads.position() }
    }

    /// Colours `text`, which is that of one transaction.
    fn transaction(&self, transaction: &Transaction, mut text: &[u8], out: &mut Text) {
        if transaction.level > 0 {
            let (header, rest) = text.split_at(line_bytes(text));
            put(Style::Bold, header.strip_suffix(b"\n").unwrap_or(header), out);
            out.push(b"\n");
            text = rest;
        }
        for record in transaction.records().filter(|record| self.filter.shows(record)) {
            let numbered = self.verbose || transaction.level == 0;
            let lead = lead_columns(transaction.level, numbered.then_some(&record));
            let payload = lead + TAG_COLUMNS + if numbered { SIDE_COLUMNS } else { 0 };
            // A payload may have ends of lines in it.
            let end = match (text.get(payload), record.tag.map(Tag::kind)) {
                (Some(_), Some(TagKind::Text | TagKind::Unused)) => {
                    payload + record.text().len() + 1
                }
                _ => line_bytes(text),
            };
            let (line, rest) = text.split_at(end.min(text.len()));
            self.line(&record, lead, line, out);
            text = rest;
        }
    }

    /// Colours `text`, which is the line of one record.
    fn line(&self, record: &LogRecord<'_>, lead: usize, text: &[u8], out: &mut Text) {
        let line = text.strip_suffix(b"\n").unwrap_or(text);
        let (lead, line) = line.split_at(lead.min(line.len()));
        let (tag, payload) = line.split_at(TAG_COLUMNS.min(line.len()));
        let (name_style, payload_style) = styles(record);
        put(Style::Dim, lead, out);
        put(name_style, tag, out);
        put(payload_style, visible(payload).as_bytes(), out);
        out.push(b"\n");
    }
}

/// Bytes of the first line with its end.
fn line_bytes(text: &[u8]) -> usize {
    memchr::memchr(b'\n', text).map_or(text.len(), |end| end + 1)
}

/// Columns before the tag: dashes, and the number where it is shown.
fn lead_columns(level: u32, numbered: Option<&LogRecord<'_>>) -> usize {
    let dashes = match level {
        0 => 0,
        1..=3 => 4,
        level => 3 + level.ilog10() as usize + 1,
    };
    let number = numbered.map_or(0, |record| {
        let digits = record.vxid.0.checked_ilog10().unwrap_or(0) as usize + 1;
        digits.max(VXID_WIDTH) + 1
    });
    dashes + number
}

fn put(style: Style, text: &[u8], out: &mut Text) {
    match style.code().filter(|_| !text.is_empty()) {
        Some(code) => {
            out.push(code);
            out.push(text);
            out.push(b"\x1b[0m");
        }
        None => out.push(text),
    }
}

/// How tag and payload of a record look.
fn styles(record: &LogRecord<'_>) -> (Style, Style) {
    let Some(tag) = record.tag else { return (Style::Plain, Style::Plain) };
    match tag {
        Tag::Error
        | Tag::FetchError
        | Tag::VclError
        | Tag::SessError
        | Tag::EsiXmlerror
        | Tag::HttpGarbage
        | Tag::ProxyGarbage
        | Tag::BogoHeader
        | Tag::LostHeader
        | Tag::Vsl => (Style::Bad, Style::Bad),
        Tag::RespStatus | Tag::BerespStatus | Tag::ObjStatus => {
            (Style::Name, status_style(record.text()))
        }
        Tag::BackendHealth if is_sick(record.text()) => (Style::Name, Style::Bad),
        Tag::Begin | Tag::Link | Tag::End | Tag::Timestamp | Tag::VclCall | Tag::VclReturn => {
            (Style::Dim, Style::Plain)
        }
        _ => (Style::Name, Style::Plain),
    }
}

fn status_style(status: &[u8]) -> Style {
    match status {
        [b'5'..=b'9', _, _] => Style::Bad,
        [b'4', _, _] => Style::Warning,
        _ => Style::Plain,
    }
}

/// `NAME STATE sick ...`
fn is_sick(text: &[u8]) -> bool {
    text.split(|&byte| byte == b' ').nth(2) == Some(b"sick")
}

#[cfg(test)]
mod tests;
