//! A record's header as it lies there: each field is only made when it is asked for.

use crate::heads::Place;
use crate::layout::WORD;
use crate::record::{Side, Vxid, owner};

/// The bytes of a header. How many there are is known when loops over them are compiled: one loop for each
/// [`Layout`](crate::Layout), with its [`head_bytes`](crate::Layout::head_bytes).
#[derive(Clone, Copy, Debug)]
pub struct HeadBytes<'a, const HEAD_BYTES: usize>(&'a [u8; HEAD_BYTES]);

impl<'a, const HEAD_BYTES: usize> HeadBytes<'a, HEAD_BYTES> {
    /// The header at `at`, if so many bytes are there.
    #[inline(always)]
    pub fn at(row: &'a [u8], at: usize) -> Option<Self> {
        row.get(at..)?.first_chunk().map(HeadBytes)
    }

    #[inline(always)]
    const fn word(self, index: usize) -> u32 {
        let at = index * WORD;
        let bytes = self.0;
        u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
    }

    /// The tag's number in the writer's table, or that of a mark or batch.
    #[inline(always)]
    pub const fn number(self) -> u8 {
        self.word(0).to_be_bytes()[0]
    }

    /// Bytes of a record's payload, with the NUL of a text.
    #[inline(always)]
    pub const fn len_bytes(self) -> usize {
        (self.word(0) & 0xffff) as usize
    }

    /// The first byte behind the padding of a record that starts at `at`.
    #[inline(always)]
    pub const fn end(self, at: usize) -> usize {
        const _: () = assert!(WORD.is_power_of_two());
        // So a mask does what a division would. Positions in a slice leave room for this sum.
        at + HEAD_BYTES + ((self.len_bytes() + WORD - 1) & !(WORD - 1))
    }

    /// What says whose record it is: the words behind the first, where only equality counts.
    #[inline(always)]
    pub const fn owner_bits(self) -> u64 {
        let low = self.word(1) as u64;
        if HEAD_BYTES > 2 * WORD { (self.word(2) as u64) << 32 | low } else { low }
    }

    /// Transaction and side.
    #[inline(always)]
    pub const fn owner(self) -> (Vxid, Side) {
        owner(self.word(1), if HEAD_BYTES > 2 * WORD { Some(self.word(2)) } else { None })
    }

    /// The record that starts at `start`.
    #[inline(always)]
    pub const fn place(self, start: usize) -> Place {
        let (vxid, side) = self.owner();
        let (payload, end) = (start + HEAD_BYTES, self.end(start));
        Place {
            number: self.number(),
            vxid,
            side,
            start,
            payload,
            len_bytes: self.len_bytes(),
            end,
        }
    }
}
