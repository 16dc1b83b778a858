//! The log tool's text: a header per transaction, a line per record.
//!
//! Every byte of it is fixed by what scripts expect of the original tools, so it is assembled from
//! prepared pieces: no formatting machinery runs per record.

use std::borrow::Cow;
use std::io::{self, Write};

use shellac_format::{Dialect, Side, TAGS, Tag, TagKind, Vxid};
use shellac_log::{CompiledFilter, Filter, Group, Kind, LogRecord, Transaction};

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
    verbose: bool,
    filter: CompiledFilter,
    /// For each tag number what stands before the payload, and how the payload is shown.
    tags: Box<[(TagCell, Form); 256]>,
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

/// A tag, padded, and a blank.
type TagCell = [u8; TAG_WIDTH + 1];

/// Width of a tag and of a transaction's label.
const TAG_WIDTH: usize = 14;
// Cells of one size are copied without a call. A tag that does not fit must not compile.
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
        let mut tags = Box::new([([b' '; TAG_WIDTH + 1], Form::Quoted); 256]);
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
        LineWriter { verbose: options.verbose, filter: options.filter.compile(dialect), tags }
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
        let prefix = Prefix::new(transaction.level);
        if transaction.level > 0 {
            self.header(transaction, &prefix.header, out);
        }
        for record in transaction.records() {
            self.record(transaction.level, &prefix.record, &record, out);
        }
    }

    /// Appends one record by itself, as raw grouping shows it.
    pub fn raw(&self, record: &LogRecord<'_>, out: &mut Vec<u8>) {
        self.record(0, b"", record, out);
    }

    fn header(&self, transaction: &Transaction, prefix: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(prefix);
        if self.verbose {
            out.extend_from_slice(b"           ");
        }
        out.extend_from_slice(label(transaction.kind));
        out.push(b' ');
        if self.verbose {
            out.extend_from_slice(b"  ");
        }
        let start = out.len();
        push_number(transaction.vxid.0, out);
        let end = start + VXID_WIDTH.max(out.len() - start);
        out.resize(end, b' ');
        out.push(b'\n');
    }

    fn record(&self, level: u32, prefix: &[u8], record: &LogRecord<'_>, out: &mut Vec<u8>) {
        if !self.filter.shows(record) {
            return;
        }
        let (cell, form) = &self.tags[usize::from(record.number)];
        out.reserve(LONGEST_HEAD + record.payload.len());
        out.extend_from_slice(prefix);
        if self.verbose || level == 0 {
            push_head(record.vxid, cell, record.side, out);
        } else {
            out.extend_from_slice(cell);
        }
        match form {
            Form::Text => out.extend_from_slice(record.text()),
            Form::Quoted => push_quoted(record.payload, out),
            Form::Hexadecimal => push_hexadecimal(record.payload, out),
        }
        out.push(b'\n');
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

/// What the header and the records of a level start with: the first three have stars and dashes, the
/// deeper ones a number between them.
struct Prefix {
    header: Cow<'static, [u8]>,
    record: Cow<'static, [u8]>,
}

impl Prefix {
    fn new(level: u32) -> Prefix {
        let (header, record): (&[u8], &[u8]) = match level {
            0 => (b"", b""),
            1 => (b"*   ", b"-   "),
            2 => (b"**  ", b"--  "),
            3 => (b"*** ", b"--- "),
            _ => {
                let header = format!("*{level}* ").into_bytes().into();
                return Prefix { header, record: format!("-{level}- ").into_bytes().into() };
            }
        };
        Prefix { header: header.into(), record: record.into() }
    }
}

/// More than prefix, number, tag and side take, in bytes.
const LONGEST_HEAD: usize = 64;

/// The number, right-justified, tag and side.
#[inline]
fn push_head(vxid: Vxid, cell: &TagCell, side: Side, out: &mut Vec<u8>) {
    // In one piece, whose length the compiler knows.
    let mut head = [b' '; VXID_WIDTH + 1 + TAG_WIDTH + 1 + 2];
    let mut value = vxid.0;
    let mut at = VXID_WIDTH;
    while at > 0 {
        at -= 1;
        head[at] = b'0' + (value % 10).to_le_bytes()[0];
        value /= 10;
        if value == 0 {
            break;
        }
    }
    if value > 0 {
        // A number that is wider than its place: its first digits go before it.
        push_number(value, out);
    }
    head[VXID_WIDTH + 1..][..TAG_WIDTH + 1].copy_from_slice(cell);
    head[VXID_WIDTH + 1 + TAG_WIDTH + 1] = match side {
        Side::Client => b'c',
        Side::Backend => b'b',
        Side::None => b'-',
    };
    out.extend_from_slice(&head);
}

fn push_number(mut value: u64, out: &mut Vec<u8>) {
    // 20 digits hold every 64-bit number.
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10).to_le_bytes()[0];
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
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
