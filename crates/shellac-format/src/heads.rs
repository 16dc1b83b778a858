//! Walking the heads of records without touching their payloads.

use crate::head_bytes::HeadBytes;
use crate::layout::{BATCH_TAG, Layout, MARK_TAG};
use crate::record::{Head, Record, Side, Vxid};

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
        match self.layout {
            Layout::Words2 => self.next_of::<8>(is_wanted),
            Layout::Words3 => self.next_of::<12>(is_wanted),
        }
    }

    #[inline(always)]
    fn next_of<const HEAD_BYTES: usize>(
        &mut self,
        is_wanted: impl Fn(u8) -> bool,
    ) -> Option<Place> {
        loop {
            let start = self.at;
            let head = HeadBytes::<HEAD_BYTES>::at(self.row, start)?;
            if !is_record(head.number()) {
                self.at = step_over(self.layout, self.row, start)?;
                continue;
            }
            let end = head.end(start);
            if end > self.row.len() {
                return None;
            }
            self.at = end;
            if is_wanted(head.number()) {
                return Some(head.place(start));
            }
        }
    }
}

impl Iterator for Heads<'_> {
    type Item = Place;

    #[inline]
    fn next(&mut self) -> Option<Place> {
        self.next_wanted(|_| true)
    }
}

/// Where it goes on behind a batch's header, or a filler's inner record with its payload. `None`: neither is at `at`.
///
/// Everything by value: a walk whose address is taken does not stay in registers.
#[cold]
#[inline(never)]
pub(crate) fn step_over(layout: Layout, row: &[u8], at: usize) -> Option<usize> {
    let rest = &row[at..];
    let head = Head::decode(layout, rest).filter(Head::is_batch)?;
    let opens_batch = word(rest) & 0xffff == 0;
    let need = if opens_batch { layout.head_bytes() } else { head.record_bytes(layout) };
    (need <= rest.len()).then(|| at + need)
}

/// How many bytes at the start of `row` are whole records that are neither batches nor marks. The walk ends
/// with the first record that reaches `enough_bytes`.
#[inline]
pub fn ordinary_bytes(layout: Layout, row: &[u8], enough_bytes: usize) -> usize {
    match layout {
        Layout::Words2 => ordinary_bytes_of::<8>(row, enough_bytes),
        Layout::Words3 => ordinary_bytes_of::<12>(row, enough_bytes),
    }
}

fn ordinary_bytes_of<const HEAD_BYTES: usize>(row: &[u8], enough_bytes: usize) -> usize {
    let mut at = 0;
    while at < enough_bytes
        && let Some(head) = HeadBytes::<HEAD_BYTES>::at(row, at)
        && is_record(head.number())
        && head.end(at) <= row.len()
    {
        at = head.end(at);
    }
    at
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
pub(crate) mod tests;
