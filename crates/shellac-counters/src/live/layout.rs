//! How a scoreboard is laid out.
//!
//! ```text
//! segment of class `Live`, ident `Live`, in cells of 8 bytes, native order
//!
//! byte 0    magic `SHLIVE\0\0`; zero until everything else is in place
//!      8    version of this layout: 1
//!     16    bytes per slot: 256
//!     24    slots per seat
//!     32    seats: one per thread that serves
//!     40    the worker's process
//!     48    when it was made, in microseconds since 1970
//!     56    the same moment in microseconds of CLOCK_MONOTONIC, as all times below
//!    256    the seats, each of 1 + slots lines of 256 bytes
//!
//! first line of a seat
//! byte 0    the last time its thread swept, at most a tenth of a second ago while it is well
//!      8    slots that were ever used: those behind it are free
//!     16    requests in flight for which there was no slot
//!     24    the same since the start
//!
//! slot
//! byte 0    sequence: odd while it is being written
//!      8    phase (bits 0 to 7; 0: free), number of the attempt (bits 32 to 63)
//!     16    XID of the request; 0 while its head is being read
//!     24    XID of the session
//!     32    XID of the attempt; 0 without one
//!     40    when the request began
//!     48    when the phase began
//!     56    when the wait is given up; 0: not limited
//!     64    bytes from the client, 72 to the client, 80 to the backend, 88 from the backend
//!     96    lengths: backend (bits 0 to 7), request (8 to 15); port of the client (16 to 31);
//!           kind of its address (32 to 39: 0, 4 or 6); backend cut (bit 40), request cut (bit 41)
//!    104    address of the client, 16 bytes
//!    120    name of the backend, 32 bytes
//!    152    method, blank, beginning of the URL: 104 bytes
//! ```
//!
//! Bytes and deadline are also stored by themselves, between two sequences: they are as new as the request is.

/// Class of the segment.
pub const CLASS: &str = "Live";
/// Ident of the segment.
pub const IDENT: &str = "Live";
/// The first eight bytes.
pub const MAGIC: [u8; 8] = *b"SHLIVE\0\0";
/// Version of the layout.
pub const VERSION: u64 = 1;
/// Bytes of a slot, and of each other line.
pub const SLOT_BYTES: usize = 256;

/// Cells of a line.
pub(crate) const LINE: usize = SLOT_BYTES / 8;

/// Cells of the head.
pub(crate) mod head {
    pub(crate) const MAGIC: usize = 0;
    pub(crate) const VERSION: usize = 1;
    pub(crate) const SLOT_BYTES: usize = 2;
    pub(crate) const SLOTS: usize = 3;
    pub(crate) const SEATS: usize = 4;
    pub(crate) const PID: usize = 5;
    pub(crate) const STARTED_UNIX: usize = 6;
    pub(crate) const STARTED: usize = 7;
}

/// Cells of a seat's first line.
pub(crate) mod seat {
    pub(crate) const SWEPT: usize = 0;
    pub(crate) const REACHED: usize = 1;
    pub(crate) const HIDDEN: usize = 2;
    pub(crate) const HIDDEN_TOTAL: usize = 3;
}

/// Cells of a slot.
pub(crate) mod slot {
    pub(crate) const SEQUENCE: usize = 0;
    pub(crate) const PHASE: usize = 1;
    pub(crate) const XID: usize = 2;
    pub(crate) const SESSION: usize = 3;
    pub(crate) const ATTEMPT_XID: usize = 4;
    pub(crate) const STARTED: usize = 5;
    pub(crate) const SINCE: usize = 6;
    pub(crate) const DEADLINE: usize = 7;
    pub(crate) const BYTES: usize = 8;
    pub(crate) const LENGTHS: usize = 12;
    pub(crate) const CLIENT: usize = 13;
    pub(crate) const BACKEND: usize = 15;
    pub(crate) const REQUEST: usize = 19;
}

/// Longest name of a backend, in bytes.
pub(crate) const BACKEND_BYTES: usize = (slot::REQUEST - slot::BACKEND) * 8;
/// Longest beginning of a request, in bytes.
pub(crate) const REQUEST_BYTES: usize = (LINE - slot::REQUEST) * 8;

/// The cell of lengths, field by field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lengths {
    pub(crate) backend: u8,
    pub(crate) request: u8,
    pub(crate) port: u16,
    /// 0, 4 or 6.
    pub(crate) family: u8,
    pub(crate) backend_cut: bool,
    pub(crate) request_cut: bool,
}

impl Lengths {
    pub(crate) fn pack(self) -> u64 {
        u64::from(self.backend)
            | u64::from(self.request) << 8
            | u64::from(self.port) << 16
            | u64::from(self.family) << 32
            | u64::from(self.backend_cut) << 40
            | u64::from(self.request_cut) << 41
    }

    pub(crate) fn unpack(cell: u64) -> Lengths {
        let [backend, request, low, high, family, cut, ..] = cell.to_le_bytes();
        Lengths {
            backend,
            request,
            port: u16::from_le_bytes([low, high]),
            family,
            backend_cut: cut & 1 != 0,
            request_cut: cut & 2 != 0,
        }
    }
}

/// Cells of a whole board, its head included; `None` beyond what a machine can hold.
pub(crate) fn board_cells(seats: u64, slots: u64) -> Option<usize> {
    let lines = slots.checked_add(1)?.checked_mul(seats)?.checked_add(1)?;
    usize::try_from(lines).ok()?.checked_mul(LINE)
}

/// The first cell of a seat, on a board that [`board_cells`] was asked about.
pub(crate) fn seat_at(seat: usize, slots: usize) -> usize {
    LINE + seat * (slots + 1) * LINE
}
