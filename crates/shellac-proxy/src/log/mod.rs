//! What a serving thread writes about itself: open transactions, their buffers and when they go out.
//!
//! A [`Txn`] is one session, request or attempt. Its records are collected in a buffer of the thread's [`Log`] and
//! handed over as one batch when the buffer is full, when nothing was added for the stall time, and at the end.

mod buffer;
mod events;
mod grammar;
mod head;
mod health;
mod panic;
mod rehearsal;
mod remains;
mod rows;
mod sink;
mod text;
mod tls;
mod turn;
mod txn;
mod xid;

pub(crate) use events::{Acct, BodyKind, Details, Phase, SessionEnd, TxnKind};
pub(crate) use grammar::{CloseReason, Grammar};
pub(crate) use head::HeadTags;
pub(crate) use health::Health;
pub(crate) use panic::publish_on_panic;
pub use rehearsal::Rehearsal;
pub use remains::Predecessor;
pub(crate) use remains::{CLASS, REST, Remains, Unfinished};
pub(crate) use rows::Row;
pub use sink::LogSink;
pub(crate) use text::{AddressText, EndsText};
pub(crate) use turn::{Turn, Turning};
pub(crate) use txn::{Log, Txn, Written};
pub(crate) use xid::Xids;

#[cfg(test)]
mod tests;
