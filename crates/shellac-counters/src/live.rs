//! The scoreboard of what is in flight: one slot per request, from its first byte to the last byte of its answer.
//!
//! The log says what has happened; a request that hangs says nothing. The scoreboard says where it hangs now, since when,
//! and when that will be too long. A slot is updated with a few plain stores at each place where a request waits.

mod board;
mod layout;
mod phase;
mod read;
mod slot;

pub use board::{Board, BoardError, BoardOptions, Seat};
pub use layout::{CLASS, IDENT, MAGIC, SLOT_BYTES, VERSION};
pub use phase::{Party, Phase};
pub use read::{InFlight, LiveError, LiveHead, LiveView, SeatState, Snapshot};
pub use slot::{Bytes, Edit, Request, Slot};

#[cfg(all(test, not(shellac_model = "loom")))]
mod tests;
