//! Numbers about a running proxy in shared memory, beside its log.
//!
//! [`live`] is the scoreboard of what is in flight: a worker makes a [`live::Board`] and hands a [`live::Seat`] to each
//! of its threads, which claims a [`live::Slot`] per request; [`live::LiveView`] reads it in another process.
//!
//! [`vsc`] reads the counters that instances publish, ours or others.
//!
//! A writer never waits, locks, allocates or calls the system; two threads never write to one cache line. What a
//! reader finds is input: it is copied, found whole, and only then looked at. Times are handed in.
//!
//! What happens to a request, and how any of this is shown, is other people's business.

pub mod live;
mod mutant;
pub mod vsc;

#[cfg(test)]
mod tests;
