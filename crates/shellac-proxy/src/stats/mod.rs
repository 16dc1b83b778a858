//! Counters of the worker: where they are published, and one call for each thing that happens.
//!
//! [`Counting`] is shared and owns the published words, [`Stats`] is a thread's own; what happens to a backend is counted
//! in the thread's part of its configuration. Nothing here waits, locks or calls the system on the path of a request.

mod chores;
mod counting;
mod meter;
mod named;
mod outcome;
mod thread;

pub(crate) use chores::Chores;
pub use counting::Counting;
pub(crate) use counting::{BASE, Backends, Uncounted, is_of_the_process};
pub(crate) use meter::{Busy, Socket};
pub(crate) use named::{Firsts, Named, node_name};
pub(crate) use outcome::known;
pub(crate) use thread::{Sample, Stats};
