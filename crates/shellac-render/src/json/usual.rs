//! Records as nearly all are: short and plain, many in a row.
//!
//! This is where most of the time goes, so pieces of a fixed size are copied, and what is too much of one is overwritten
//! by the next. It stops at the first record that is in any way different, which is left to the functions that take
//! everything.

use shellac_format::HeadBytes;
use shellac_sys::wide::{Ask, Work};

use super::facts::{Fact, Facts, HOST};
use super::masks::{self, Masks};
use super::moment::{Moments, STAMP_BYTES, STAMP_DECIMALS, STAMP_LAST, STAMP_ROOM, STAMP_START};
use super::records::{Cell, LEAD_BYTES};
use super::shape::{FieldKind, Fields, KEY_BYTES, Shape, TTL_RFC, TTL_SET};
use super::string::Passage;
use crate::stop::Stop;

/// Bytes that are looked at of a text.
const CHUNK_BYTES: usize = 64;
/// Nearly all names and words are no longer than this.
const SHORT_BYTES: usize = 32;
/// So that a chunk may be copied from anywhere in it.
const NEAR_BYTES: usize = 2 * CHUNK_BYTES;
/// Bytes that are looked at of each record: the longer header, and what is near.
const AHEAD_BYTES: usize = 12 + NEAR_BYTES;
/// Where a record is put together: more than a lead, the keys of all fields, a text and the last chunk have.
const WINDOW_BYTES: usize = 1024;

/// What becomes of records with some number that are usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Usual {
    /// None is.
    No,
    /// They are not shown.
    Hidden,
    Text,
    Header,
    Number,
    Timestamp,
    Fields(&'static Fields),
    Ttl,
}

impl Usual {
    /// What becomes of records of a shape.
    pub(super) const fn of(shape: Shape) -> Usual {
        match shape {
            Shape::Text | Shape::Bytes => Usual::Text,
            Shape::Header => Usual::Header,
            Shape::Number => Usual::Number,
            Shape::Timestamp => Usual::Timestamp,
            Shape::Fields(fields) => Usual::Fields(fields),
            Shape::Ttl => Usual::Ttl,
            Shape::Hexadecimal => Usual::No,
        }
    }
}

/// Records that were written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    /// Where the next one starts.
    pub(super) at: usize,
    /// Bytes of their objects.
    pub(super) len_bytes: usize,
    pub(super) stop: Stop,
}

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

    /// Appends bytes of a text, no more than a piece has.
    #[inline(always)]
    fn copy<const PIECE_BYTES: usize>(&mut self, near: &[u8; NEAR_BYTES], from: usize, to: usize) {
        let from = from.min(CHUNK_BYTES);
        let piece = near[from..].first_chunk::<PIECE_BYTES>().expect("a chunk is behind it");
        self.put(piece, to - from);
    }
}

/// Writes records of a row to some room, from `at` on, each with a comma behind it, as long as they are usual and not near
/// the end of the row.
pub(super) struct Writing<'a, 'b, const HEAD_BYTES: usize> {
    pub(super) cells: &'b [Cell; 256],
    /// A row, of which no more than so many bytes count.
    pub(super) row: &'b [u8],
    pub(super) row_bytes: usize,
    pub(super) at: usize,
    /// The row that facts are told of; it may lack what is behind those bytes.
    pub(super) told: &'a [u8],
    pub(super) room: &'b mut [u8],
    pub(super) moments: &'b mut Moments,
    pub(super) facts: &'b mut Facts<'a>,
}

impl<const HEAD_BYTES: usize> Work for Writing<'_, '_, HEAD_BYTES> {
    type Output = Written;

    #[inline(always)]
    fn run<A: Ask>(self, ask: A) -> Written {
        records(self, ask)
    }
}

#[inline(always)]
fn records<const HEAD_BYTES: usize>(
    writing: Writing<'_, '_, HEAD_BYTES>,
    ask: impl Ask,
) -> Written {
    let Writing { cells, row, row_bytes, mut at, told, room, moments, facts } = writing;
    let mut written = 0;
    let stop = loop {
        let Some(ahead) = row.get(at..).and_then(<[u8]>::first_chunk::<AHEAD_BYTES>) else {
            break Stop::Near;
        };
        let Some(head) = HeadBytes::<HEAD_BYTES>::at(ahead, 0) else { break Stop::Near };
        let cell = &cells[usize::from(head.number())];
        let end = head.end(at);
        if end > row_bytes {
            break Stop::Unusual;
        }
        if cell.usual == Usual::Hidden {
            at = end;
            continue;
        }
        let near: &[u8; NEAR_BYTES] =
            ahead[HEAD_BYTES..].first_chunk().expect("a header and what is near");
        let chunk: &[u8; CHUNK_BYTES] = near.first_chunk().expect("it is half of it");
        // The first odd byte is the NUL behind the text.
        let text_bytes = head.len_bytes().wrapping_sub(1);
        let plain_bytes = masks::odd(ask, chunk).trailing_zeros() as usize;
        let is_plain = plain_bytes == text_bytes && chunk.get(text_bytes) == Some(&0);
        let Some(window) = room.get_mut(written..).and_then(<[u8]>::first_chunk_mut) else {
            break Stop::Full;
        };
        let mut pen = Pen { window, at: 0 };
        let lead: &[u8; LEAD_BYTES] = &cell.lead;
        pen.put(lead, cell.lead_bytes);
        let is_usual = match cell.usual {
            Usual::No | Usual::Hidden => false,
            Usual::Text | Usual::Header if !is_plain => {
                let ahead = &row[at + HEAD_BYTES..];
                winding(ask, &mut pen, cell.usual == Usual::Header, ahead, text_bytes)
            }
            _ if !is_plain => false,
            Usual::Text => {
                pen.put(chunk, text_bytes);
                pen.put(b"\"}, ", 3);
                true
            }
            Usual::Header => header(ask, &mut pen, near, text_bytes),
            Usual::Number => {
                pen.copy::<SHORT_BYTES>(near, 0, text_bytes);
                pen.put(b"},", 2);
                text_bytes <= SHORT_BYTES && Masks::of(ask, chunk).is_number(chunk, 0, text_bytes)
            }
            Usual::Timestamp => {
                let text = Passage::new(&told[at + HEAD_BYTES..], text_bytes);
                timestamp(ask, &mut pen, near, text, moments, facts)
            }
            Usual::Fields(list) => fields(ask, &mut pen, near, text_bytes, list),
            Usual::Ttl => {
                let is_rfc = chunk.starts_with(b"RFC ");
                fields(ask, &mut pen, near, text_bytes, if is_rfc { &TTL_RFC } else { &TTL_SET })
            }
        };
        if !is_usual {
            break Stop::Unusual;
        }
        written += pen.at;
        // Of headers only one is a fact, and nearly all others are known by where their colon is.
        let is_fact = match cell.fact {
            Fact::None | Fact::Stamp => false,
            Fact::Header => near[HOST.len() - 1] == HOST[HOST.len() - 1],
            _ => true,
        };
        if is_fact {
            facts.take(cell.fact, Passage::new(&told[at + HEAD_BYTES..], text_bytes));
        }
        at = end;
    };
    Written { at, len_bytes: written, stop }
}

/// The end of a row, with enough behind it for [`Writing`] to walk all of it, and how long it is. A text that is longer
/// than what is near is not usual there.
pub(super) fn padded_end(rest: &[u8]) -> Option<([u8; 2 * AHEAD_BYTES], usize)> {
    let mut end = [0; 2 * AHEAD_BYTES];
    end[..AHEAD_BYTES].get_mut(..rest.len())?.copy_from_slice(rest);
    Some((end, rest.len()))
}

/// Between name and value of a header.
const BETWEEN: &[u8; 16] = b"\",\"value\":\"     ";

#[inline(always)]
fn header(ask: impl Ask, pen: &mut Pen<'_>, near: &[u8; NEAR_BYTES], text_bytes: usize) -> bool {
    let short: &[u8; SHORT_BYTES] = near.first_chunk().expect("it is a part of it");
    let colon = ask.equal(short, b':').trailing_zeros() as usize;
    // As `is_plain_header` says, of texts without other blanks; an empty value is not usual.
    let value = colon + 2;
    if colon == 0 || colon >= SHORT_BYTES || value >= text_bytes {
        return false;
    }
    let is_plain = (near[colon + 1] == b' ')
        & (near[value] != b' ')
        & (near[(text_bytes - 1) % NEAR_BYTES] != b' ');
    pen.put(short, colon);
    pen.put(BETWEEN, 11);
    pen.copy::<CHUNK_BYTES>(near, value, text_bytes);
    pen.put(b"\"}, ", 3);
    is_plain
}

/// A text or header that is longer than a chunk, or has quotes in it: chunk by chunk.
#[inline(always)]
fn winding(
    ask: impl Ask,
    pen: &mut Pen<'_>,
    is_header: bool,
    ahead: &[u8],
    text_bytes: usize,
) -> bool {
    // Even if all of it was quotes, the window would have room.
    const MAX_BYTES: usize = (WINDOW_BYTES - LEAD_BYTES - 2 * CHUNK_BYTES) / 2;
    if text_bytes > MAX_BYTES || ahead.len() < text_bytes + CHUNK_BYTES || ahead[text_bytes] != 0 {
        return false;
    }
    let mut from = 0;
    if is_header {
        let short: &[u8; SHORT_BYTES] = ahead.first_chunk().expect("a chunk is behind the text");
        let colon = ask.equal(short, b':').trailing_zeros() as usize;
        from = colon + 2;
        let is_usual = colon > 0
            && from < text_bytes.min(SHORT_BYTES)
            && masks::odd(ask, short).trailing_zeros() as usize > colon
            && ahead[colon + 1] == b' '
            && !ahead[from].is_ascii_whitespace()
            && !ahead[text_bytes - 1].is_ascii_whitespace();
        if !is_usual {
            return false;
        }
        pen.put(short, colon);
        pen.put(BETWEEN, 11);
    }
    while from < text_bytes {
        let chunk: &[u8; CHUNK_BYTES] =
            ahead[from..].first_chunk().expect("a chunk is behind the text");
        let odd_at = masks::odd(ask, chunk).trailing_zeros() as usize;
        let plain_bytes = odd_at.min(text_bytes - from);
        pen.put(chunk, plain_bytes);
        from += plain_bytes;
        if plain_bytes == CHUNK_BYTES || from == text_bytes {
            continue;
        }
        let odd = ahead[from];
        if odd != b'"' && odd != b'\\' {
            return false;
        }
        pen.put(&[b'\\', odd], 2);
        from += 1;
    }
    pen.put(b"\"}, ", 3);
    true
}

/// Whether a text is `Name: value`, with the colon there, so that name and value can be put together again.
pub(super) fn is_plain_header(text: &[u8], colon: usize) -> bool {
    // What is trimmed of the value is to be nothing, so that one blank stands before it.
    let is_blank = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_whitespace);
    colon > 0
        && text.get(colon + 1) == Some(&b' ')
        && !is_blank(text.get(colon + 2))
        && (text.len() == colon + 2 || !is_blank(text.last()))
}

/// `Label: 1795305324.014019 0.000129 0.000002`: after the label everything has its place, as long as no more than
/// ten seconds passed. The moment and the time since the start are noted.
#[inline(always)]
fn timestamp<'a>(
    ask: impl Ask,
    pen: &mut Pen<'_>,
    near: &[u8; NEAR_BYTES],
    text: Passage<'a>,
    moments: &mut Moments,
    facts: &mut Facts<'a>,
) -> bool {
    /// From the moment on: three numbers, and where what is between their digits stands.
    const TIMES_BYTES: usize = 35;
    const START: usize = 18;
    const LAST: usize = 27;
    const BETWEEN: [(usize, u8); 5] = [(10, b'.'), (17, b' '), (19, b'.'), (26, b' '), (28, b'.')];
    const OTHERS: u64 = {
        let (mut others, mut at) = (0, 0);
        while at < BETWEEN.len() {
            others |= 1 << BETWEEN[at].0;
            at += 1;
        }
        others
    };
    let short: &[u8; SHORT_BYTES] = near.first_chunk().expect("it is a part of it");
    let colon = ask.equal(short, b':').trailing_zeros() as usize;
    let time = colon + 2;
    if colon >= SHORT_BYTES || text.bytes().len() != time + TIMES_BYTES {
        return false;
    }
    let times: &[u8; CHUNK_BYTES] = near[time..].first_chunk().expect("a chunk is behind it");
    let others = !masks::digits(ask, times) & ((1 << TIMES_BYTES) - 1);
    let is_usual =
        BETWEEN.iter().fold(others == OTHERS, |is, &(at, byte)| is & (times[at] == byte));
    if !is_usual || near[colon + 1] != b' ' || times[0] == b'0' {
        return false;
    }
    let seconds = times.first_chunk().expect("it starts with them");
    let Some(stamp): Option<&[u8; STAMP_ROOM]> = moments.stamp(seconds) else { return false };
    pen.put(short, colon);
    let made = pen.window[pen.at..].first_chunk_mut::<STAMP_ROOM>();
    let Some(made) = made else { return false };
    *made = *stamp;
    for at in STAMP_DECIMALS {
        made[at..at + 6].copy_from_slice(&times[11..17]);
    }
    made[STAMP_START..STAMP_START + 8].copy_from_slice(&times[START..START + 8]);
    made[STAMP_LAST..STAMP_LAST + 8].copy_from_slice(&times[LAST..LAST + 8]);
    pen.at += STAMP_BYTES;
    let number = |from: usize, end: usize| text.before(time + end).behind(time + from);
    facts.stamp(number(0, START - 1), number(START, LAST - 1), true);
    true
}

#[inline(always)]
fn fields(
    ask: impl Ask,
    pen: &mut Pen<'_>,
    near: &[u8; NEAR_BYTES],
    text_bytes: usize,
    fields: &'static Fields,
) -> bool {
    let chunk: &[u8; CHUNK_BYTES] = near.first_chunk().expect("it is half of it");
    let masks = Masks::of(ask, chunk);
    // Where words end, the last one too.
    let end_bit = 1 << (text_bytes % CHUNK_BYTES);
    let mut ends = masks.blanks & (end_bit - 1) | end_bit;
    let mut from = 0;
    for (at, field) in fields.names.iter().enumerate() {
        if ends == 0 {
            if at < fields.required {
                return false;
            }
            break;
        }
        if field.kind == FieldKind::Rest {
            ends = end_bit;
        }
        let end = ends.trailing_zeros() as usize;
        ends &= ends - 1;
        let key: &[u8; KEY_BYTES] = &field.key;
        pen.put(key, field.key_bytes);
        if end - from > SHORT_BYTES {
            pen.copy::<CHUNK_BYTES>(near, from, end);
        } else {
            pen.copy::<SHORT_BYTES>(near, from, end);
        }
        if field.kind == FieldKind::Number {
            if !masks.is_number(chunk, from, end) {
                return false;
            }
        } else {
            if from == end && field.kind == FieldKind::Word {
                return false;
            }
            pen.put(b"\"", 1);
        }
        from = end + 1;
    }
    pen.put(b"},", 2);
    ends == 0
}
