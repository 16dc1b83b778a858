//! Lines as nearly all are: short texts of one transaction, many in a row.
//!
//! This is where most of the time goes when a log is printed, so there is nothing in the loop that is not needed for
//! such lines. It stops at the first record that is in any way different.

use shellac_format::HeadBytes;

use super::text::{Piece, WINDOW_BYTES, Window};
use super::{Cell, TAG_CELL, TAG_WIDTH};
use crate::stop::Stop;

/// Bytes that are copied at once from payloads.
const CHUNK_BYTES: usize = 64;
/// Bytes that are looked at of each record: the longer header, and a chunk.
const NEAR_BYTES: usize = 12 + CHUNK_BYTES;

/// Whether records with some number can have usual lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Usual {
    /// All are shown, as text.
    Shown,
    /// None is shown.
    Hidden,
    /// Some are shown, as text.
    Asked,
    /// It is not that easy.
    No,
}

/// What is the same for all lines of a run.
#[derive(Debug)]
pub(super) struct Start {
    /// What stands before the tag.
    pub(super) lead: Piece,
    /// The side and a blank, where they are shown.
    pub(super) side: Option<[u8; 2]>,
    /// Whose records belong to the run.
    pub(super) owner: Owner,
}

/// The words of a header behind the first, with a mask of the bits that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    bits: u64,
    mask: u64,
}

impl Owner {
    /// All are the same.
    pub(super) const ANY: Owner = Owner { bits: 0, mask: 0 };

    /// That of a record.
    pub(super) const fn of<const HEAD_BYTES: usize>(head: HeadBytes<'_, HEAD_BYTES>) -> Owner {
        Owner { bits: head.owner_bits(), mask: u64::MAX }
    }

    #[inline(always)]
    const fn has<const HEAD_BYTES: usize>(self, head: HeadBytes<'_, HEAD_BYTES>) -> bool {
        (self.bits ^ head.owner_bits()) & self.mask == 0
    }
}

/// Lines that were written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lines {
    /// Records that were walked for them, and where the next one starts.
    pub(super) records: u64,
    pub(super) at: usize,
    /// Bytes of the lines.
    pub(super) len_bytes: usize,
    pub(super) stop: Stop,
}

/// Writes lines of the records from `at` on to `room` as long as they are of the run, usual, and not near the end of
/// the row. Of the row no more than `row_bytes` count. `shows` says whether the record at a place is shown, where its
/// number does not.
#[inline(never)]
pub(super) fn lines<const HEAD_BYTES: usize>(
    cells: &[Cell; 256],
    shows: impl Fn(usize) -> bool,
    start: &Start,
    row: &[u8],
    row_bytes: usize,
    at: usize,
    room: &mut [u8],
) -> Lines {
    let Start { lead, side, owner } = start;
    let label_at = lead.len();
    let text_at = label_at + TAG_WIDTH + 1 + if side.is_some() { 2 } else { 0 };
    let side = side.unwrap_or_default();
    let (mut at, mut records, mut written) = (at, 0, 0);
    let stop = loop {
        let Some(near) = row.get(at..).and_then(<[u8]>::first_chunk::<NEAR_BYTES>) else {
            break Stop::Near;
        };
        let Some(head) = HeadBytes::<HEAD_BYTES>::at(near, 0) else { break Stop::Near };
        let cell = &cells[usize::from(head.number())];
        let end = head.end(at);
        if end > row_bytes {
            break Stop::Unusual;
        }
        let shown = match cell.usual {
            Usual::Shown => true,
            Usual::Hidden => false,
            Usual::Asked => shows(at),
            Usual::No => break Stop::Unusual,
        };
        if !shown {
            (records, at) = (records + 1, end);
            continue;
        }
        if !owner.has(head) {
            break Stop::Unusual;
        }
        let Some(window) = room.get_mut(written..).and_then(<[u8]>::first_chunk_mut) else {
            break Stop::Full;
        };
        let chunk = near[HEAD_BYTES..].first_chunk().expect("a header and a chunk are near");
        let text_bytes = head.len_bytes().wrapping_sub(1);
        if text_bytes >= CHUNK_BYTES || !ends_at(chunk, text_bytes) {
            break Stop::Unusual;
        }
        put(window, lead, label_at, &cell.label, side, text_at, chunk);
        window[(text_at + text_bytes) % WINDOW_BYTES] = b'\n';
        written += text_at + text_bytes + 1;
        (records, at) = (records + 1, end);
    };
    Lines { records, at, len_bytes: written, stop }
}

/// Puts everything of a line but its end in place. Each piece overwrites what the one before had too much.
#[inline(always)]
fn put(
    window: &mut Window,
    lead: &Piece,
    label_at: usize,
    label: &[u8; TAG_CELL],
    side: [u8; 2],
    text_at: usize,
    chunk: &[u8; CHUNK_BYTES],
) {
    const _: () = assert!(Piece::MAX_BYTES + TAG_CELL + 2 + CHUNK_BYTES < WINDOW_BYTES);
    lead.copy_to(window);
    // A lead is never longer than a piece, which the compiler does not know.
    let label_at = label_at.min(Piece::MAX_BYTES);
    window[label_at..label_at + TAG_CELL].copy_from_slice(label);
    let side_at = label_at + TAG_WIDTH + 1;
    window[side_at..side_at + 2].copy_from_slice(&side);
    let text_at = text_at.min(side_at + 2);
    window[text_at..text_at + CHUNK_BYTES].copy_from_slice(chunk);
}

/// Whether the first NUL of the chunk is at `len_bytes`. All bytes are looked at, those behind with a mask that hides
/// them: the compiler makes a few wide instructions of that, and no branch.
#[inline(always)]
fn ends_at(chunk: &[u8; CHUNK_BYTES], len_bytes: usize) -> bool {
    static MASKS: [u8; 2 * CHUNK_BYTES] = {
        let mut masks = [0; 2 * CHUNK_BYTES];
        let mut at = CHUNK_BYTES;
        while at < masks.len() {
            masks[at] = 0xff;
            at += 1;
        }
        masks
    };
    let Some(masks) = MASKS[CHUNK_BYTES - len_bytes..].first_chunk::<CHUNK_BYTES>() else {
        return false;
    };
    let is_early = chunk
        .iter()
        .zip(masks)
        .fold(0, |found, (&byte, &mask)| found | if byte | mask == 0 { 0xffu8 } else { 0 });
    is_early == 0 && chunk[len_bytes] == 0
}

/// The end of a row, with enough behind it for [`lines`] to walk all of it, and how long it is.
pub(super) fn padded_end(rest: &[u8]) -> Option<([u8; 2 * NEAR_BYTES], usize)> {
    let mut end = [0; 2 * NEAR_BYTES];
    end[..NEAR_BYTES].get_mut(..rest.len())?.copy_from_slice(rest);
    Some((end, rest.len()))
}
