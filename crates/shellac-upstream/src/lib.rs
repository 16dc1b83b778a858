//! Decisions about backends: which endpoint takes the next attempt.
//!
//! An [`Endpoint`] is one backend as all workers share it, a [`Pool`] a set of them that can stand in for each other,
//! and a [`Picker`] one worker's way of choosing from a pool.
//!
//! A choice never waits and takes no lock: what workers share is a few relaxed counters.
//!
//! [`node`] reads what the kernel says about this machine, so that its faults are not taken for those of backends.
//!
//! Nothing here opens a connection or knows what HTTP is.

mod endpoint;
pub mod node;
mod picker;

pub use endpoint::{Endpoint, InFlight};
pub use picker::{Picker, Pool};
