//! The log tool's text: a header per transaction, a line per record.
//!
//! Every byte of it is fixed by what scripts expect of the original tools, so it is assembled from
//! prepared pieces: no formatting machinery runs per record.

mod pen;

use std::io::{self, Write};

use shellac_format::{Dialect, Heads, Side, TAGS, Tag, TagKind, Vxid};
use shellac_log::{CompiledFilter, Filter, Group, Kind, LogRecord, Transaction};

use pen::{Pen, Piece, usual_text};

/// How lines look and which there are.
#[derive(Clone, Debug, Default)]
pub struct LineOptions {
    /// Number and side on every line (`-v`; always so in raw grouping).
    pub verbose: bool,
    /// Which transactions and records are shown.
    pub filter: Filter,
}

/// Writes one group. [`LineWriter`] does the same for many without preparing anew.
///
/// # Errors
///
/// What `out` says.
pub fn write_group(
    group: &Group,
    dialect: Dialect,
    options: &LineOptions,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut text = Vec::new();
    LineWriter::new(dialect, options).group(group, &mut text);
    out.write_all(&text)
}

/// Turns groups of one dialect into text.
#[derive(Clone, Debug)]
pub struct LineWriter {
    dialect: Dialect,
    verbose: bool,
    filter: CompiledFilter,
    /// For each tag number what stands before the payload, and how the payload is shown.
    tags: Box<[([u8; TAG_CELL], Form); 256]>,
}

/// How a payload is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Up to the first NUL, as it is.
    Text,
    /// Quoted, every byte of it, with `%xx` for what is not printable.
    Quoted,
    /// Hexadecimal digits in brackets.
    Hexadecimal,
}

/// Width of a tag and of a transaction's label.
const TAG_WIDTH: usize = 14;
/// Bytes that are copied for a tag: with the blank behind it, and one more, as powers of two are copied at once.
const TAG_CELL: usize = 16;
// A tag that does not fit must not compile.
const _: () = {
    let mut row = 0;
    while row < TAGS.len() {
        assert!(TAGS[row].name.len() <= TAG_WIDTH);
        row += 1;
    }
};
/// Width of a transaction's number.
const VXID_WIDTH: usize = 10;

impl LineWriter {
    /// Prepares for records of `dialect`.
    pub fn new(dialect: Dialect, options: &LineOptions) -> LineWriter {
        let mut tags = Box::new([([b' '; TAG_CELL], Form::Quoted); 256]);
        for (number, (cell, form)) in (0..=u8::MAX).zip(tags.iter_mut()) {
            let tag = Tag::from_number(dialect, number);
            let name = tag.map_or_else(|| number.to_string(), |tag| tag.name().to_owned());
            cell[..name.len()].copy_from_slice(name.as_bytes());
            *form = match tag.map(Tag::kind) {
                Some(TagKind::Text | TagKind::Unused) => Form::Text,
                Some(TagKind::Binary) => Form::Hexadecimal,
                // Of what a number without a name carries nothing is known, so nothing is trusted.
                Some(TagKind::Unsafe) | None => Form::Quoted,
            };
        }
        let filter = options.filter.compile(dialect);
        LineWriter { dialect, verbose: options.verbose, filter, tags }
    }

    /// Appends a group: each transaction with its records, then an empty line if there was a header.
    pub fn group(&self, group: &Group, out: &mut Vec<u8>) {
        let mut headed = false;
        for transaction in &group.transactions {
            if self.filter.shows_transaction(transaction) {
                headed |= transaction.level > 0;
                self.transaction(transaction, out);
            }
        }
        if headed {
            out.push(b'\n');
        }
    }

    /// Appends one transaction: its header, unless it is a single record in raw grouping, and its records.
    pub fn transaction(&self, transaction: &Transaction, out: &mut Vec<u8>) {
        let mut pen = Pen::new(out);
        if transaction.level > 0 {
            self.header(transaction, &mut pen);
        }
        self.records(transaction.level, transaction.bytes(), &mut pen);
        pen.finish();
    }

    /// Appends whole records that lie one after the other as raw grouping shows them, and says how many there
    /// were with those that are hidden.
    pub fn raw_row(&self, records: &[u8], out: &mut Vec<u8>) -> u64 {
        let mut pen = Pen::new(out);
        let count = self.records(0, records, &mut pen);
        pen.finish();
        count
    }

    /// Appends one record by itself, as raw grouping shows it.
    pub fn raw(&self, record: &LogRecord<'_>, out: &mut Vec<u8>) {
        if self.filter.shows(record) {
            let mut pen = Pen::new(out);
            let lead = Lead::new(0, Some(record.vxid));
            let (number, side, row) = (record.number, record.side, record.payload);
            let line = Line { number, side, row, payload: 0, len_bytes: row.len() };
            self.line(&lead, &line, &mut pen);
            pen.finish();
        }
    }

    fn header(&self, transaction: &Transaction, pen: &mut Pen<'_>) {
        match transaction.level {
            1 => pen.bytes(b"*   "),
            2 => pen.bytes(b"**  "),
            3 => pen.bytes(b"*** "),
            level => pen.bytes(format!("*{level}* ").as_bytes()),
        }
        if self.verbose {
            pen.bytes(b"           ");
        }
        pen.bytes(label(transaction.kind));
        pen.bytes(b" ");
        if self.verbose {
            pen.bytes(b"  ");
        }
        let mut digits = [0; MAX_DIGITS];
        let number = digits_of(transaction.vxid.0, &mut digits);
        pen.bytes(number);
        pen.bytes(&[b' '; VXID_WIDTH][number.len().min(VXID_WIDTH)..]);
        pen.bytes(b"\n");
    }

    /// The lines of a row of records, which all are of one level.
    fn records(&self, level: u32, row: &[u8], pen: &mut Pen<'_>) -> u64 {
        let numbered = self.verbose || level == 0;
        let mut lead = Lead::new(level, numbered.then_some(Vxid(0)));
        let mut count = 0;
        for place in Heads::new(self.dialect.layout(), row) {
            count += 1;
            let record = LogRecord::new(self.dialect, place.record(row));
            if !self.filter.shows(&record) {
                continue;
            }
            if lead.vxid.is_some_and(|vxid| vxid != place.vxid) {
                lead = Lead::new(level, Some(place.vxid));
            }
            let (number, side) = (place.number, place.side);
            let line =
                Line { number, side, row, payload: place.payload, len_bytes: place.len_bytes };
            self.line(&lead, &line, pen);
        }
        count
    }

    #[inline(always)]
    fn line(&self, lead: &Lead, line: &Line<'_>, pen: &mut Pen<'_>) {
        let (cell, form) = &self.tags[usize::from(line.number)];
        let mut at = lead.piece.len();
        let window = pen.window();
        lead.piece.copy_to(window);
        window[at..at + TAG_CELL].copy_from_slice(cell);
        at += TAG_WIDTH + 1;
        if lead.vxid.is_some() {
            window[at] = side_byte(line.side);
            window[at + 1] = b' ';
            at += 2;
        }
        if *form == Form::Text
            && let Some(end) = usual_text(window, at, line.row, line.payload, line.len_bytes)
        {
            return pen.advance(end);
        }
        pen.advance(at);
        let payload = &line.row[line.payload..line.payload + line.len_bytes];
        match form {
            Form::Text => pen.any_text(payload),
            Form::Quoted | Form::Hexadecimal => push_escaped(*form, payload, pen),
        }
    }
}

/// What a header says a transaction is.
const fn label(kind: Kind) -> &'static [u8; TAG_WIDTH] {
    match kind {
        Kind::Unknown => b"<< Unknown  >>",
        Kind::Session => b"<< Session  >>",
        Kind::Request => b"<< Request  >>",
        Kind::Backend => b"<< BeReq    >>",
        Kind::Raw => b"<< Record   >>",
    }
}

/// What a line shows: a record whose payload lies in a longer row.
struct Line<'a> {
    number: u8,
    side: Side,
    row: &'a [u8],
    /// Where the payload starts in the row.
    payload: usize,
    len_bytes: usize,
}

/// What lines start with: dashes for the level, then the number where it is shown. It is the same for all
/// lines of a transaction.
struct Lead {
    vxid: Option<Vxid>,
    /// At most 12 bytes of dashes around a level, a blank, 20 digits and another blank.
    piece: Piece,
}

impl Lead {
    fn new(level: u32, vxid: Option<Vxid>) -> Lead {
        let mut piece = Piece::new(match level {
            0 => b"",
            1 => b"-   ",
            2 => b"--  ",
            3 => b"--- ",
            _ => b"-",
        });
        let mut digits = [0; MAX_DIGITS];
        if level > 3 {
            piece.push(digits_of(level.into(), &mut digits));
            piece.push(b"- ");
        }
        if let Some(vxid) = vxid {
            let digits = digits_of(vxid.0, &mut digits);
            piece.push(&[b' '; VXID_WIDTH][digits.len().min(VXID_WIDTH)..]);
            piece.push(digits);
            piece.push(b" ");
        }
        Lead { vxid, piece }
    }
}

/// What a numbered line says between tag and payload.
const fn side_byte(side: Side) -> u8 {
    match side {
        Side::Client => b'c',
        Side::Backend => b'b',
        Side::None => b'-',
    }
}

/// Every 64-bit number has at most so many digits.
const MAX_DIGITS: usize = 20;

fn digits_of(mut value: u64, digits: &mut [u8; MAX_DIGITS]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10).to_le_bytes()[0];
        value /= 10;
        if value == 0 {
            return &digits[at..];
        }
    }
}

/// Quotes or hexadecimal digits. Few records have them, so this is made in a vector of its own.
#[cold]
fn push_escaped(form: Form, payload: &[u8], pen: &mut Pen<'_>) {
    let mut text = Vec::with_capacity(2 * payload.len() + 3);
    match form {
        Form::Quoted => push_quoted(payload, &mut text),
        Form::Hexadecimal | Form::Text => push_hexadecimal(payload, &mut text),
    }
    text.push(b'\n');
    pen.bytes(&text);
}

const HEX: &[u8; 16] = b"0123456789abcdef";

fn push_quoted(payload: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in payload {
        match byte {
            0x20..=0x7e => out.push(byte),
            _ => {
                out.push(b'%');
                push_hex_byte(byte, out);
            }
        }
    }
    out.push(b'"');
}

fn push_hexadecimal(payload: &[u8], out: &mut Vec<u8>) {
    out.push(b'[');
    for &byte in payload {
        push_hex_byte(byte, out);
    }
    out.push(b']');
}

fn push_hex_byte(byte: u8, out: &mut Vec<u8>) {
    out.push(HEX[usize::from(byte >> 4)]);
    out.push(HEX[usize::from(byte & 15)]);
}

#[cfg(test)]
mod tests;
