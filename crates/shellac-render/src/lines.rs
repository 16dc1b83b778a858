//! The log tool's text: a header per transaction, a line per record.
//!
//! Every byte of it is fixed by what scripts expect of the original tools, so it is assembled from
//! prepared pieces: no formatting machinery runs per record.

mod text;
mod usual;

use std::io::{self, Write};

use shellac_format::heads::is_record;
use shellac_format::{Dialect, HeadBytes, Heads, Layout, Side, TAGS, Tag, TagKind, Vxid};
use shellac_log::{CompiledFilter, Filter, Group, Kind, LogRecord, Transaction};

use text::Piece;
pub use text::Text;
use usual::{Owner, Start, Usual};

use crate::stop::Stop;

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
    let mut text = Text::default();
    LineWriter::new(dialect, options).group(group, &mut text);
    out.write_all(text.as_bytes())
}

/// Turns groups of one dialect into text.
#[derive(Clone, Debug)]
pub struct LineWriter {
    dialect: Dialect,
    verbose: bool,
    filter: CompiledFilter,
    /// By tag number.
    tags: Box<[Cell; 256]>,
}

/// What is known of the lines of a tag number.
#[derive(Clone, Copy, Debug)]
struct Cell {
    /// What stands before the payload.
    label: [u8; TAG_CELL],
    /// How the payload is shown.
    form: Form,
    /// What of that is done in passing.
    usual: Usual,
}

/// What was walked of a row of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Walked {
    /// How many records, with those that are hidden.
    pub records: u64,
    /// How many bytes they have, with heads of batches between them: behind them nothing, or no whole record.
    pub bytes: usize,
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
pub(crate) const TAG_WIDTH: usize = 14;
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
pub(crate) const VXID_WIDTH: usize = 10;

impl LineWriter {
    /// Prepares for records of `dialect`.
    pub fn new(dialect: Dialect, options: &LineOptions) -> LineWriter {
        let filter = options.filter.compile(dialect);
        let cell = Cell { label: [b' '; TAG_CELL], form: Form::Quoted, usual: Usual::No };
        let mut tags = Box::new([cell; 256]);
        for (number, cell) in (0..=u8::MAX).zip(tags.iter_mut()) {
            let tag = Tag::from_number(dialect, number);
            let name = tag.map_or_else(|| number.to_string(), |tag| tag.name().to_owned());
            cell.label[..name.len()].copy_from_slice(name.as_bytes());
            cell.form = match tag.map(Tag::kind) {
                Some(TagKind::Text | TagKind::Unused) => Form::Text,
                Some(TagKind::Binary) => Form::Hexadecimal,
                // Of what a number without a name carries nothing is known, so nothing is trusted.
                Some(TagKind::Unsafe) | None => Form::Quoted,
            };
            cell.usual = match (filter.shows_number(number), cell.form) {
                // Neither zero words nor marks and batches are records.
                _ if !is_record(number) => Usual::No,
                (Some(false), _) => Usual::Hidden,
                (Some(true), Form::Text) => Usual::Shown,
                (None, Form::Text) => Usual::Asked,
                _ => Usual::No,
            };
        }
        LineWriter { dialect, verbose: options.verbose, filter, tags }
    }

    /// Appends a group: each transaction with its records, then an empty line if there was a header.
    pub fn group(&self, group: &Group, out: &mut Text) {
        let mut headed = false;
        for transaction in &group.transactions {
            if self.filter.shows_transaction(transaction) {
                headed |= transaction.level > 0;
                self.transaction(transaction, out);
            }
        }
        if headed {
            out.push(b"\n");
        }
    }

    /// Appends one transaction: its header, unless it is a single record in raw grouping, and its records.
    pub fn transaction(&self, transaction: &Transaction, out: &mut Text) {
        if transaction.level > 0 {
            self.header(transaction, out);
        }
        self.records(transaction.level, transaction.bytes(), out);
    }

    /// Appends whole records that lie one after the other as raw grouping shows them.
    pub fn raw_row(&self, records: &[u8], out: &mut Text) -> Walked {
        self.records(0, records, out)
    }

    /// Appends one record by itself, as raw grouping shows it.
    pub fn raw(&self, record: &LogRecord<'_>, out: &mut Text) {
        if self.filter.shows(record) {
            let start = Start::numbered(0, record.vxid, record.side, Owner::ANY);
            self.any_line(&start, record.number, record.payload, out);
        }
    }

    fn header(&self, transaction: &Transaction, out: &mut Text) {
        match transaction.level {
            1 => out.push(b"*   "),
            2 => out.push(b"**  "),
            3 => out.push(b"*** "),
            level => out.push(format!("*{level}* ").as_bytes()),
        }
        if self.verbose {
            out.push(b"           ");
        }
        out.push(label(transaction.kind));
        out.push(b" ");
        if self.verbose {
            out.push(b"  ");
        }
        let mut digits = [0; MAX_DIGITS];
        let number = digits_of(transaction.vxid.0, &mut digits);
        out.push(number);
        out.push(&[b' '; VXID_WIDTH][number.len().min(VXID_WIDTH)..]);
        out.push(b"\n");
    }

    /// The lines of a row of records, which all are of one level.
    fn records(&self, level: u32, row: &[u8], out: &mut Text) -> Walked {
        match self.dialect.layout() {
            Layout::Words2 => self.walk::<8>(level, row, out),
            Layout::Words3 => self.walk::<12>(level, row, out),
        }
    }

    fn walk<const HEAD_BYTES: usize>(&self, level: u32, row: &[u8], out: &mut Text) -> Walked {
        let is_numbered = self.verbose || level == 0;
        let mut start = (!is_numbered).then(|| Start::plain(level));
        let mut walked = Walked::default();
        loop {
            if let Some(start) = &start
                && self.usual::<HEAD_BYTES>(start, row, &mut walked, out) == Stop::Full
            {
                continue;
            }
            // What is next, whatever it is.
            let rest = &row[walked.bytes..];
            let mut heads = Heads::new(self.dialect.layout(), rest);
            let Some(place) = heads.next() else {
                walked.bytes += heads.position();
                return walked;
            };
            let head = HeadBytes::<HEAD_BYTES>::at(rest, place.start);
            let owner = head.map_or(Owner::ANY, Owner::of);
            match &start {
                Some(start) if !is_numbered || start.owner == owner => {
                    let record = LogRecord::new(self.dialect, place.record(rest));
                    if self.filter.shows(&record) {
                        self.any_line(start, place.number, record.payload, out);
                    }
                    walked.records += 1;
                    walked.bytes += place.end;
                }
                _ => start = Some(Start::numbered(level, place.vxid, place.side, owner)),
            }
        }
    }

    /// Writes lines until one is unusual.
    fn usual<const HEAD_BYTES: usize>(
        &self,
        start: &Start,
        row: &[u8],
        walked: &mut Walked,
        out: &mut Text,
    ) -> Stop {
        let lines = |row: &[u8], len_bytes: usize, at: usize, room: &mut [u8]| {
            let shows = |at: usize| self.shows(row, at);
            usual::lines::<HEAD_BYTES>(&self.tags, shows, start, row, len_bytes, at, room)
        };
        let some = lines(row, row.len(), walked.bytes, out.room());
        out.advance(some.len_bytes);
        walked.records += some.records;
        walked.bytes = some.at;
        if some.stop == Stop::Near
            && let Some((end, len_bytes)) = usual::padded_end(&row[some.at..])
        {
            let some = lines(&end, len_bytes, 0, out.room());
            out.advance(some.len_bytes);
            walked.records += some.records;
            walked.bytes += some.at;
            return some.stop;
        }
        some.stop
    }

    /// Whether the record at `at` is shown, where the number does not tell.
    #[cold]
    #[inline(never)]
    fn shows(&self, row: &[u8], at: usize) -> bool {
        let rest = &row[at..];
        Heads::new(self.dialect.layout(), rest).next().is_some_and(|place| {
            self.filter.shows(&LogRecord::new(self.dialect, place.record(rest)))
        })
    }

    /// Appends a line whatever is in it.
    fn any_line(&self, start: &Start, number: u8, payload: &[u8], out: &mut Text) {
        let Cell { label, form, .. } = &self.tags[usize::from(number)];
        out.push(start.lead.as_bytes());
        out.push(&label[..TAG_WIDTH + 1]);
        out.push(start.side.as_ref().map_or(&[], |side| &side[..]));
        match form {
            Form::Text => {
                let len_bytes = memchr::memchr(0, payload).unwrap_or(payload.len());
                out.push(&payload[..len_bytes]);
            }
            Form::Quoted => push_quoted(payload, out),
            Form::Hexadecimal => push_hexadecimal(payload, out),
        }
        out.push(b"\n");
    }
}

impl Start {
    /// For lines without a number.
    fn plain(level: u32) -> Start {
        Start { lead: dashes(level), side: None, owner: Owner::ANY }
    }

    /// For lines that show number and side of their records.
    fn numbered(level: u32, vxid: Vxid, side: Side, owner: Owner) -> Start {
        let mut lead = dashes(level);
        let mut digits = [0; MAX_DIGITS];
        let digits = digits_of(vxid.0, &mut digits);
        lead.push(&[b' '; VXID_WIDTH][digits.len().min(VXID_WIDTH)..]);
        lead.push(digits);
        lead.push(b" ");
        Start { lead, side: Some([side_byte(side), b' ']), owner }
    }
}

/// What lines of a level start with: at most 12 bytes of dashes around a number, and a blank. A transaction's number
/// adds 20 digits and another blank.
fn dashes(level: u32) -> Piece {
    let mut lead = Piece::new(match level {
        0 => b"",
        1 => b"-   ",
        2 => b"--  ",
        3 => b"--- ",
        _ => b"-",
    });
    if level > 3 {
        let mut digits = [0; MAX_DIGITS];
        lead.push(digits_of(level.into(), &mut digits));
        lead.push(b"- ");
    }
    lead
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

const HEX: &[u8; 16] = b"0123456789abcdef";

fn push_quoted(payload: &[u8], out: &mut Text) {
    out.push(b"\"");
    for &byte in payload {
        match byte {
            0x20..=0x7e => out.push(&[byte]),
            _ => {
                let [high, low] = hex_digits(byte);
                out.push(&[b'%', high, low]);
            }
        }
    }
    out.push(b"\"");
}

fn push_hexadecimal(payload: &[u8], out: &mut Text) {
    out.push(b"[");
    for &byte in payload {
        out.push(&hex_digits(byte));
    }
    out.push(b"]");
}

const fn hex_digits(byte: u8) -> [u8; 2] {
    [HEX[(byte >> 4) as usize], HEX[(byte & 15) as usize]]
}

#[cfg(test)]
mod tests;
