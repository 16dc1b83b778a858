//! Walking the heads of records without touching their payloads.

use crate::layout::{BATCH_TAG, Layout, MARK_TAG, WORD};
use crate::record::{Head, Record, Side, Vxid, owner};

/// Where a record lies in a row, and what its header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The tag's number in the writer's table: neither 0, nor that of a mark or batch.
    pub number: u8,
    /// The transaction.
    pub vxid: Vxid,
    /// The side.
    pub side: Side,
    /// The first byte of the header.
    pub start: usize,
    /// The first byte of the payload.
    pub payload: usize,
    /// Bytes of the payload, with the NUL of a text and without the padding.
    pub len_bytes: usize,
    /// The first byte behind the padding. It lies in the row, or at its end.
    pub end: usize,
}

impl Place {
    /// The record in the row that was walked; with another row it may be cut short.
    #[inline]
    pub fn record<'a>(&self, row: &'a [u8]) -> Record<'a> {
        let payload = row.get(self.payload..self.payload + self.len_bytes).unwrap_or_default();
        Record { number: self.number, vxid: self.vxid, side: self.side, payload }
    }
}

/// Walks records as [`Records`](crate::Records) does, header by header, for loops that have millions of
/// them: payloads are not looked at, and the first byte that is no record ends the walk without a reason.
#[derive(Clone, Debug)]
pub struct Heads<'a> {
    layout: Layout,
    row: &'a [u8],
    at: usize,
}

impl<'a> Heads<'a> {
    /// Walks `row`, which starts with a record.
    #[inline]
    pub const fn new(layout: Layout, row: &'a [u8]) -> Heads<'a> {
        Heads { layout, row, at: 0 }
    }

    /// Where the next record starts, in bytes from the start of the row.
    #[inline]
    pub const fn position(&self) -> usize {
        self.at
    }
}

impl Heads<'_> {
    /// The next record whose number is wanted. Of the others no more than the first word is read.
    #[inline]
    pub fn next_wanted(&mut self, is_wanted: impl Fn(u8) -> bool) -> Option<Place> {
        let head_bytes = self.layout.head_bytes();
        loop {
            // The row is a slice and records are longer than their heads, so no sum overflows.
            let head = self.row.get(self.at..self.at + head_bytes)?;
            let first = word(head);
            let number = first.to_be_bytes()[0];
            if !is_record(number) {
                self.at = step_over(self.layout, self.row, self.at)?;
                continue;
            }
            let len_bytes = (first & 0xffff) as usize;
            let start = self.at;
            let payload = start + head_bytes;
            let end = payload + padded(len_bytes);
            if end > self.row.len() {
                return None;
            }
            self.at = end;
            if !is_wanted(number) {
                continue;
            }
            let third = match self.layout {
                Layout::Words2 => None,
                Layout::Words3 => Some(word(&head[2 * WORD..])),
            };
            let (vxid, side) = owner(word(&head[WORD..]), third);
            return Some(Place { number, vxid, side, start, payload, len_bytes, end });
        }
    }
}

/// Where it goes on behind a batch's header, or a filler's inner record with its payload. `None`: neither is at `at`.
///
/// Everything by value: a walk whose address is taken does not stay in registers.
#[cold]
#[inline(never)]
fn step_over(layout: Layout, row: &[u8], at: usize) -> Option<usize> {
    let rest = &row[at..];
    let head = Head::decode(layout, rest).filter(Head::is_batch)?;
    let opens_batch = word(rest) & 0xffff == 0;
    let need = if opens_batch { layout.head_bytes() } else { head.record_bytes(layout) };
    (need <= rest.len()).then(|| at + need)
}

impl Iterator for Heads<'_> {
    type Item = Place;

    #[inline]
    fn next(&mut self) -> Option<Place> {
        self.next_wanted(|_| true)
    }
}

/// How many bytes at the start of `row` are whole records that are neither batches nor marks. The walk ends
/// with the first record that reaches `enough_bytes`.
#[inline]
pub fn ordinary_bytes(layout: Layout, row: &[u8], enough_bytes: usize) -> usize {
    let head_bytes = layout.head_bytes();
    let mut at = 0;
    while at < enough_bytes {
        let Some(head) = row.get(at..at + head_bytes) else { break };
        let first = word(head);
        let len_bytes = (first & 0xffff) as usize;
        let end = at + head_bytes + padded(len_bytes);
        if !is_record(first.to_be_bytes()[0]) || end > row.len() {
            break;
        }
        at = end;
    }
    at
}

/// Bytes up to the next word: words are a power of two long, so a mask does what a division would.
#[inline]
const fn padded(len_bytes: usize) -> usize {
    const _: () = assert!(WORD.is_power_of_two());
    (len_bytes + WORD - 1) & !(WORD - 1)
}

/// Whether records have this number, which is none of a zero word, a mark or a batch: those have the first number
/// and the last two, so one comparison does.
#[inline]
pub const fn is_record(number: u8) -> bool {
    const _: () = assert!(MARK_TAG == 254 && BATCH_TAG == 255);
    number.wrapping_sub(1) < MARK_TAG - 1
}

/// The first word of `bytes`; 0 when there is none.
#[inline]
fn word(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |word| u32::from_ne_bytes(*word))
}

#[cfg(test)]
mod tests;
