//! Records as objects: the tag, and what its payload is made of. Those that are short and plain go through `usual`.

use shellac_format::heads::is_record;
use shellac_format::{Dialect, Heads, Place, Side, Tag};
use shellac_log::CompiledFilter;

use super::facts::{Fact, Facts};
use super::moment::Moments;
use super::number::{is_number, push_number};
use super::shape::{FieldKind, Fields, Shape, TTL_RFC, TTL_SET};
use super::string::{push_content, push_string};
use super::usual::{self, LEAD_BYTES, is_plain_header};
use crate::lines::Text;

/// Writes the records of one dialect.
#[derive(Clone, Debug)]
pub(super) struct Records {
    dialect: Dialect,
    filter: CompiledFilter,
    /// By the number of the tag.
    cells: Box<[Cell; 256]>,
    pub(super) moments: Moments,
}

/// What is known of records with a number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    /// `{"tag":"X"`, and for texts and headers the opening of the first member.
    pub(super) lead: [u8; LEAD_BYTES],
    pub(super) lead_bytes: usize,
    /// Of which so many are the tag.
    tag_bytes: usize,
    pub(super) shape: Shape,
    pub(super) fact: Fact,
    /// Whether they are shown, where the number tells.
    pub(super) shown: Option<bool>,
}

impl Records {
    pub(super) fn new(dialect: Dialect, filter: CompiledFilter) -> Records {
        let empty = Cell {
            lead: [b' '; LEAD_BYTES],
            lead_bytes: 0,
            tag_bytes: 0,
            shape: Shape::Bytes,
            fact: Fact::None,
            shown: Some(false),
        };
        let mut cells = Box::new([empty; 256]);
        for (number, cell) in (0..=u8::MAX).zip(cells.iter_mut()) {
            let tag = Tag::from_number(dialect, number);
            let name = tag.map_or_else(|| number.to_string(), |tag| tag.name().to_owned());
            cell.shape = Shape::of(tag);
            cell.fact = Fact::of(tag);
            if is_record(number) {
                cell.shown = filter.shows_number(number);
            }
            let start = format!("{{\"tag\":\"{name}\"");
            let first = match cell.shape {
                Shape::Text | Shape::Bytes => ",\"value\":\"",
                Shape::Header => ",\"name\":\"",
                Shape::Number => ",\"value\":",
                Shape::Timestamp => ",\"event\":\"",
                _ => "",
            };
            cell.tag_bytes = start.len();
            cell.lead_bytes = start.len() + first.len();
            cell.lead[..cell.tag_bytes].copy_from_slice(start.as_bytes());
            cell.lead[cell.tag_bytes..cell.lead_bytes].copy_from_slice(first.as_bytes());
        }
        Records { dialect, filter, cells, moments: Moments::default() }
    }

    /// Appends the records of `row`, which lie one after the other, with a comma behind each.
    pub(super) fn write<'a>(
        &mut self,
        row: &'a [u8],
        numbered: bool,
        facts: &mut Facts<'a>,
        out: &mut Text,
    ) {
        let layout = self.dialect.layout();
        for place in Heads::new(layout, row) {
            let Records { cells, moments, .. } = self;
            let cell = &cells[usize::from(place.number)];
            if numbered || !usual::write(cell, row, &place, moments, facts, out) {
                self.any(row, &place, b"{", numbered, facts, out);
            }
        }
    }

    /// Appends a record with its number and side, and with `start` before its first member; nothing if it is not shown.
    pub(super) fn numbered(&mut self, row: &[u8], place: &Place, start: &[u8], out: &mut Text) {
        self.any(row, place, start, true, &mut Facts::default(), out);
    }

    /// Writes a record, whatever it is, if it is shown; `start` stands for its brace.
    fn any<'a>(
        &mut self,
        row: &'a [u8],
        place: &Place,
        start: &[u8],
        numbered: bool,
        facts: &mut Facts<'a>,
        out: &mut Text,
    ) {
        let cell = &self.cells[usize::from(place.number)];
        let (shape, fact) = (cell.shape, cell.fact);
        if !self.shows(row, place) {
            return;
        }
        out.push(start);
        out.push(&cell.lead[1..cell.tag_bytes]);
        if numbered {
            push_owner(place, out);
        }
        let payload = row.get(place.payload..place.payload + place.len_bytes).unwrap_or_default();
        let text = match memchr::memchr(0, payload) {
            Some(end) => &payload[..end],
            None => payload,
        };
        let start = out.len();
        let fits = match shape {
            Shape::Text => false,
            Shape::Bytes => {
                let bytes = payload.strip_suffix(b"\0").unwrap_or(payload);
                push_value(bytes, out);
                true
            }
            Shape::Hexadecimal => {
                push_hexadecimal(payload, out);
                true
            }
            Shape::Number => push_number_value(text, out),
            Shape::Header => push_header(text, out),
            Shape::Timestamp => push_timestamp(text, &mut self.moments, out),
            Shape::Fields(fields) => push_fields(text, fields, out),
            Shape::Ttl => {
                let fields = if text.starts_with(b"RFC ") { &TTL_RFC } else { &TTL_SET };
                push_fields(text, fields, out)
            }
        };
        if !fits {
            out.truncate(start);
            push_value(text, out);
        }
        out.push(b"},");
        facts.take(fact, text);
    }

    /// Whether a record is shown.
    fn shows(&self, row: &[u8], place: &Place) -> bool {
        let shown = self.cells[usize::from(place.number)].shown;
        shown.unwrap_or_else(|| {
            let record = place.record(row);
            self.filter.shows(&shellac_log::LogRecord::new(self.dialect, record))
        })
    }
}

/// Transaction and side of a record, as members.
fn push_owner(place: &Place, out: &mut Text) {
    out.push(b",\"vxid\":");
    push_number(place.vxid.0, out);
    out.push(match place.side {
        Side::Client => &b",\"side\":\"client\""[..],
        Side::Backend => b",\"side\":\"backend\"",
        Side::None => b",\"side\":\"none\"",
    });
}

/// Where the colon of `Name: value` is, if name and value can be put together again.
fn header_colon(text: &[u8]) -> Option<usize> {
    let colon = memchr::memchr(b':', text)?;
    is_plain_header(text, colon).then_some(colon)
}

fn push_value(bytes: &[u8], out: &mut Text) {
    out.push(b",\"value\":");
    push_string(bytes, out);
}

fn push_hexadecimal(bytes: &[u8], out: &mut Text) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push(b",\"hex\":\"");
    for &byte in bytes {
        out.push(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    out.push(b"\"");
}

fn push_number_value(text: &[u8], out: &mut Text) -> bool {
    out.push(b",\"value\":");
    out.push(text);
    is_number(text)
}

/// Name and value; where they cannot be put together again, all of the text as well.
fn push_header(text: &[u8], out: &mut Text) -> bool {
    let Some(colon) = memchr::memchr(b':', text).filter(|&colon| colon > 0) else { return false };
    out.push(b",\"name\":");
    push_string(&text[..colon], out);
    push_value(text[colon + 1..].trim_ascii(), out);
    if header_colon(text).is_none() {
        out.push(b",\"raw\":");
        push_string(text, out);
    }
    true
}

fn push_timestamp(text: &[u8], moments: &mut Moments, out: &mut Text) -> bool {
    // Labels of VCL may hold anything, blanks too; the numbers do not.
    let mut words = text.rsplitn(4, |&byte| byte == b' ');
    let (Some(since_last), Some(since_start), Some(time), Some(label)) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return false;
    };
    let Some(label) = label.strip_suffix(b":") else { return false };
    if ![time, since_start, since_last].into_iter().all(is_number) {
        return false;
    }
    out.push(b",\"event\":");
    push_string(label, out);
    out.push(b",\"time\":");
    out.push(time);
    let mark = out.len();
    out.push(b",\"rfc3339\":\"");
    if moments.push(time, out) {
        out.push(b"\"");
    } else {
        out.truncate(mark);
    }
    out.push(b",\"since_start\":");
    out.push(since_start);
    out.push(b",\"since_last\":");
    out.push(since_last);
    true
}

/// The words of a text as members. `false`: it is not made of them.
fn push_fields(text: &[u8], fields: &Fields, out: &mut Text) -> bool {
    let mut left = Some(text);
    for (at, field) in fields.names.iter().enumerate() {
        let Some(text) = left else { return at >= fields.required };
        let (word, behind) = match memchr::memchr(b' ', text) {
            Some(blank) if field.kind != FieldKind::Rest => {
                (&text[..blank], Some(&text[blank + 1..]))
            }
            _ => (text, None),
        };
        left = behind;
        out.push(field.key());
        match field.kind {
            FieldKind::Number if is_number(word) => out.push(word),
            FieldKind::Number => return false,
            FieldKind::Word if word.is_empty() => return false,
            FieldKind::Word | FieldKind::Rest => {
                push_content(word, out);
                out.push(b"\"");
            }
        }
    }
    left.is_none()
}
