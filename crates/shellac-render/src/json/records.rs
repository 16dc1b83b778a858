//! Records as objects: the tag, and what its payload is made of. Those that are short and plain go through `usual`.

use shellac_format::heads::is_record;
use shellac_format::{Dialect, Heads, Layout, Place, Side, Tag};
use shellac_log::CompiledFilter;
use shellac_sys::wide::widest;

use super::facts::{Fact, Facts};
use super::moment::Moments;
use super::number::{is_number, push_number};
use super::shape::{FieldKind, Fields, Shape, TTL_RFC, TTL_SET};
use super::string::{Passage, push_content, push_passage, push_quoted, push_string};
use super::usual::{self, Usual, Writing, is_plain_header};
use crate::lines::Text;
use crate::stop::Stop;

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
    shape: Shape,
    pub(super) fact: Fact,
    /// What of that is done in passing.
    pub(super) usual: Usual,
    /// Whether they are shown, where the number tells.
    shown: Option<bool>,
}

/// Room for the tag and the opening of the first member.
pub(super) const LEAD_BYTES: usize = 48;

impl Records {
    pub(super) fn new(dialect: Dialect, filter: CompiledFilter) -> Records {
        let empty = Cell {
            lead: [b' '; LEAD_BYTES],
            lead_bytes: 0,
            tag_bytes: 0,
            shape: Shape::Bytes,
            fact: Fact::None,
            usual: Usual::No,
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
            cell.usual = match (cell.shown, cell.shape) {
                _ if !is_record(number) => Usual::No,
                (Some(false), _) => Usual::Hidden,
                (Some(true), shape) => Usual::of(shape),
                (None, _) => Usual::No,
            };
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
        let mut at = 0;
        loop {
            if !numbered && self.usual(row, &mut at, facts, out) == Stop::Full {
                continue;
            }
            // What is next, whatever it is.
            let rest = &row[at..];
            let mut heads = Heads::new(layout, rest);
            let Some(place) = heads.next() else { return };
            self.any(rest, &place, b"{", numbered, facts, out);
            at += place.end;
        }
    }

    /// Appends records from `at` on until one is unusual.
    fn usual<'a>(
        &mut self,
        row: &'a [u8],
        at: &mut usize,
        facts: &mut Facts<'a>,
        out: &mut Text,
    ) -> Stop {
        match self.dialect.layout() {
            Layout::Words2 => self.usual_of::<8>(row, at, facts, out),
            Layout::Words3 => self.usual_of::<12>(row, at, facts, out),
        }
    }

    fn usual_of<'a, const HEAD_BYTES: usize>(
        &mut self,
        row: &'a [u8],
        at: &mut usize,
        facts: &mut Facts<'a>,
        out: &mut Text,
    ) -> Stop {
        let Records { cells, moments, .. } = self;
        let mut write = |row: &[u8], row_bytes: usize, at: usize, told: &'a [u8]| {
            let room = out.room();
            let some = widest(Writing::<HEAD_BYTES> {
                cells,
                row,
                row_bytes,
                at,
                told,
                room,
                moments,
                facts,
            });
            out.advance(some.len_bytes);
            some
        };
        let some = write(row, row.len(), *at, row);
        *at = some.at;
        if some.stop == Stop::Near
            && let Some((end, row_bytes)) = usual::padded_end(&row[some.at..])
        {
            let some = write(&end, row_bytes, 0, &row[some.at..]);
            *at += some.at;
            return some.stop;
        }
        some.stop
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
        let ahead = row.get(place.payload..).unwrap_or_default();
        let payload = Passage::new(ahead, place.len_bytes);
        let text = match memchr::memchr(0, payload.bytes()) {
            Some(end) => payload.before(end),
            None => payload,
        };
        let start = out.len();
        let fits = match shape {
            Shape::Text => false,
            Shape::Bytes => {
                let bytes = payload.bytes();
                push_value(payload.before(bytes.strip_suffix(b"\0").unwrap_or(bytes).len()), out);
                true
            }
            Shape::Hexadecimal => {
                push_hexadecimal(payload.bytes(), out);
                true
            }
            Shape::Number => push_number_value(text.bytes(), out),
            Shape::Header => push_header(text, out),
            Shape::Timestamp => push_timestamp(text.bytes(), &mut self.moments, out),
            Shape::Fields(fields) => push_fields(text.bytes(), fields, out),
            Shape::Ttl => {
                let fields = if text.bytes().starts_with(b"RFC ") { &TTL_RFC } else { &TTL_SET };
                push_fields(text.bytes(), fields, out)
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

fn push_value(text: Passage<'_>, out: &mut Text) {
    out.push_piece(b",\"value\":\"    ", 10);
    push_passage(text, out);
    out.push_piece(b"\"", 1);
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
fn push_header(text: Passage<'_>, out: &mut Text) -> bool {
    let bytes = text.bytes();
    let Some(colon) = memchr::memchr(b':', bytes).filter(|&colon| colon > 0) else { return false };
    out.push_piece(b",\"name\":\"     ", 9);
    push_passage(text.before(colon), out);
    out.push_piece(b"\"", 1);
    let is_plain = is_plain_header(bytes, colon);
    if is_plain {
        push_value(text.behind(colon + 2), out);
    } else {
        push_value(bytes[colon + 1..].trim_ascii().into(), out);
        out.push(b",\"raw\":");
        push_quoted(text, out);
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
