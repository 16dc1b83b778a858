//! The lock-free log ring: laying batches down and following them.
//!
//! [`Ring::create`] makes a ring of a log segment and hands out one [`Producer`] per thread, and a
//! [`RingHandle`] to look at it. A [`Publisher`] is a producer with a queue for what the ring refuses.
//! [`Cursor`] reads: our rings and those of varnishd.
//!
//! No producer ever waits for another one: one that is held up for half a lap makes the others refuse instead.
//! No reader ever writes. What lies in shared memory is input to a reader: it is copied out, the copy is
//! found good or overwritten, and only then looked at. How the ring is laid out is in the crate's file
//! `geometry.rs`, why each step of publishing holds in `publish.rs`.
//!
//! What a transaction is, and where logs lie in the file system, is none of its business.

pub mod cursor;
mod geometry;
mod mutant;
pub mod pending;
mod publish;
pub mod publisher;
pub mod ring;
mod sync;

pub use cursor::{Cursor, Hole, Lag, Loss, Next, OpenError, Position, ReadError, Start, layout_of};
pub use pending::PendingStats;
pub use publisher::Publisher;
pub use ring::{Producer, PublishError, Ring, RingError, RingHandle, RingStats};

/// What a [`Cursor`] reads, for those who map a log and know nothing else of mappings.
pub use shellac_sys::LogView;

#[cfg(test)]
mod tests;
