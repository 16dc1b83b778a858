//! Records as nearly all are: short and plain.
//!
//! This is where most of the time goes, so pieces of a fixed size are copied, and what is too much of one is overwritten
//! by the next. Whatever is different in any way is left to the functions that take everything.

use shellac_format::Place;

use super::facts::{Fact, Facts};
use super::masks::{self, Masks};
use super::moment::{DATE_BYTES, DATE_ROOM, MAX_DECIMALS, Moments, USUAL_DIGITS};
use super::number::is_number;
use super::records::Cell;
use super::shape::{FieldKind, Fields, KEY_BYTES, Shape, TTL_RFC, TTL_SET};
use super::string::is_odd;
use crate::lines::Text;

/// Bytes that are looked at of a text.
const CHUNK_BYTES: usize = 64;
/// So that a chunk may be copied from anywhere in it.
const NEAR_BYTES: usize = 2 * CHUNK_BYTES;
/// Where a record is put together: more than a lead, the keys of all fields, a text and the last chunk have.
const WINDOW_BYTES: usize = 1024;
/// Room for the tag and the opening of the first member.
pub(super) const LEAD_BYTES: usize = 48;

/// A record in the making.
struct Pen<'a> {
    window: &'a mut [u8; WINDOW_BYTES],
    at: usize,
}

impl Pen<'_> {
    /// Appends the first `len_bytes` of a piece.
    #[inline(always)]
    fn put<const PIECE_BYTES: usize>(&mut self, piece: &[u8; PIECE_BYTES], len_bytes: usize) {
        self.window[self.at..self.at + PIECE_BYTES].copy_from_slice(piece);
        self.at += len_bytes;
    }

    /// Appends bytes of a text that has a chunk behind each of them.
    #[inline(always)]
    fn copy(&mut self, near: &[u8; NEAR_BYTES], from: usize, to: usize) {
        let from = from.min(CHUNK_BYTES);
        let chunk = near[from..].first_chunk::<CHUNK_BYTES>().expect("a chunk is behind it");
        self.put(chunk, to - from);
    }
}

/// Writes a record if it is shown, with a comma behind it. `false`: it is not usual, and nothing was written.
#[inline(always)]
pub(super) fn write<'a>(
    cell: &Cell,
    row: &'a [u8],
    place: &Place,
    moments: &mut Moments,
    facts: &mut Facts<'a>,
    out: &mut Text,
) -> bool {
    match cell.shown {
        Some(true) => {}
        Some(false) => return true,
        None => return false,
    }
    let text_bytes = place.len_bytes.wrapping_sub(1);
    if text_bytes >= CHUNK_BYTES {
        return false;
    }
    let padded;
    let near = match row.get(place.payload..).and_then(<[u8]>::first_chunk::<NEAR_BYTES>) {
        Some(near) => near,
        None => {
            padded = padded_end(&row[place.payload..][..place.len_bytes]);
            &padded
        }
    };
    let chunk: &[u8; CHUNK_BYTES] = near.first_chunk().expect("it is half of it");
    if !is_plain_until(chunk, text_bytes) {
        return false;
    }
    let Some(window) = out.room().first_chunk_mut::<WINDOW_BYTES>() else { return false };
    let mut pen = Pen { window, at: 0 };
    // The compiler does not know how long leads are.
    pen.put(&cell.lead, cell.lead_bytes.min(LEAD_BYTES));
    let is_fit = match cell.shape {
        Shape::Text | Shape::Bytes => {
            pen.copy(near, 0, text_bytes);
            pen.put(b"\"},", 3);
            true
        }
        Shape::Header => header(&mut pen, near, text_bytes),
        Shape::Timestamp => {
            let text = &row[place.payload..place.payload + text_bytes];
            timestamp(&mut pen, near, text, moments, facts)
        }
        Shape::Number => {
            pen.copy(near, 0, text_bytes);
            pen.put(b"},", 2);
            is_number(&chunk[..text_bytes])
        }
        Shape::Fields(list) => fields(&mut pen, near, text_bytes, list),
        Shape::Ttl => {
            let is_rfc = chunk.starts_with(b"RFC ");
            fields(&mut pen, near, text_bytes, if is_rfc { &TTL_RFC } else { &TTL_SET })
        }
        Shape::Hexadecimal => false,
    };
    if !is_fit {
        return false;
    }
    let len_bytes = pen.at;
    out.advance(len_bytes);
    if !matches!(cell.fact, Fact::None | Fact::Stamp) {
        facts.take(cell.fact, &row[place.payload..place.payload + text_bytes]);
    }
    true
}

/// A payload with something behind it.
#[cold]
fn padded_end(payload: &[u8]) -> [u8; NEAR_BYTES] {
    let mut near = [0; NEAR_BYTES];
    near[..payload.len()].copy_from_slice(payload);
    near
}

/// Between name and value of a header.
const BETWEEN: &[u8; 16] = b"\",\"value\":\"     ";

#[inline(always)]
fn header(pen: &mut Pen<'_>, near: &[u8; NEAR_BYTES], text_bytes: usize) -> bool {
    let colon = colon_in(near);
    if !is_plain_header(&near[..text_bytes], colon) {
        return false;
    }
    pen.copy(near, 0, colon);
    pen.put(BETWEEN, 11);
    pen.copy(near, colon + 2, text_bytes);
    pen.put(b"\"},", 3);
    true
}

/// Whether a text is `Name: value`, with the colon there, so that name and value can be put together again.
#[inline(always)]
pub(super) fn is_plain_header(text: &[u8], colon: usize) -> bool {
    // What is trimmed of the value is to be nothing, so that one blank stands before it.
    let is_blank = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_whitespace);
    colon > 0
        && text.get(colon + 1) == Some(&b' ')
        && !is_blank(text.get(colon + 2))
        && (text.len() == colon + 2 || !is_blank(text.last()))
}

/// Where the first colon of a chunk is; behind all texts without one.
#[inline(always)]
fn colon_in(near: &[u8; NEAR_BYTES]) -> usize {
    let chunk: &[u8; CHUNK_BYTES] = near.first_chunk().expect("it is half of it");
    masks::colon(chunk).min(CHUNK_BYTES - 2)
}

/// The moment and the time since the start are noted as they are found.
#[inline(never)]
fn timestamp<'a>(
    pen: &mut Pen<'_>,
    near: &[u8; NEAR_BYTES],
    text: &'a [u8],
    moments: &mut Moments,
    facts: &mut Facts<'a>,
) -> bool {
    let chunk: &[u8; CHUNK_BYTES] = near.first_chunk().expect("it is half of it");
    let masks = Masks::of(chunk);
    let colon = colon_in(near);
    let (time, end) = (colon + 2, text.len());
    let start = masks.blank(time, end) + 1;
    let last = masks.blank(start, end) + 1;
    let point = time + USUAL_DIGITS;
    let is_usual = last < end
        && chunk[colon + 1] == b' '
        && chunk[point] == b'.'
        && start <= point + 2 + MAX_DECIMALS
        && masks.is_number(chunk, time, start - 1)
        && masks.is_number(chunk, start, last - 1)
        && masks.is_number(chunk, last, end);
    if !is_usual {
        return false;
    }
    let Some(date): Option<&[u8; DATE_ROOM]> = moments.date(&chunk[time..point]) else {
        return false;
    };
    pen.copy(near, 0, colon);
    pen.put(b"\",\"time\":", 9);
    pen.copy(near, time, start - 1);
    pen.put(b",\"rfc3339\":\"", 12);
    pen.put(date, DATE_BYTES);
    pen.copy(near, point, start - 1);
    pen.put(b"Z\",\"since_start\":", 17);
    pen.copy(near, start, last - 1);
    pen.put(b",\"since_last\":", 14);
    pen.copy(near, last, end);
    pen.put(b"},", 2);
    facts.stamp(&text[time..start - 1], &text[start..last - 1]);
    true
}

#[inline(never)]
fn fields(
    pen: &mut Pen<'_>,
    near: &[u8; NEAR_BYTES],
    text_bytes: usize,
    fields: &'static Fields,
) -> bool {
    let chunk: &[u8; CHUNK_BYTES] = near.first_chunk().expect("it is half of it");
    let masks = Masks::of(chunk);
    let mut from = 0;
    for (at, field) in fields.names.iter().enumerate() {
        if from > text_bytes {
            if at < fields.required {
                return false;
            }
            break;
        }
        let end = match field.kind {
            FieldKind::Rest => text_bytes,
            FieldKind::Word | FieldKind::Number => masks.blank(from, text_bytes),
        };
        let key: &[u8; KEY_BYTES] = &field.key;
        pen.put(key, field.key_bytes);
        pen.copy(near, from, end);
        match field.kind {
            FieldKind::Number if !masks.is_number(chunk, from, end) => return false,
            FieldKind::Number => {}
            FieldKind::Word if from == end => return false,
            FieldKind::Word | FieldKind::Rest => pen.put(b"\"", 1),
        }
        from = end + 1;
    }
    pen.put(b"},", 2);
    from > text_bytes
}

/// Whether the chunk is plain up to a NUL at `len_bytes`. All bytes are looked at, those behind with a mask that hides
/// them: the compiler makes a few wide instructions of that, and no branch.
#[inline(always)]
fn is_plain_until(chunk: &[u8; CHUNK_BYTES], len_bytes: usize) -> bool {
    static MASKS: [u8; 2 * CHUNK_BYTES] = {
        let mut masks = [0; 2 * CHUNK_BYTES];
        let mut at = 0;
        while at < CHUNK_BYTES {
            masks[at] = 1;
            at += 1;
        }
        masks
    };
    let Some(masks) = MASKS[CHUNK_BYTES - len_bytes..].first_chunk::<CHUNK_BYTES>() else {
        return false;
    };
    let odd = chunk.iter().zip(masks).fold(0, |odd, (&byte, &mask)| odd | (is_odd(byte) & mask));
    odd == 0 && chunk[len_bytes] == 0
}
