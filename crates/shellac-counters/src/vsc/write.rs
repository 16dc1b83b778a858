//! Publishing counters: sets in shared memory, and counting without touching them.
//!
//! [`publish()`] puts sets of one [`Kind`](super::table::Kind) into a directory, side by side in one file, and gives a [`Published`]: what several threads
//! share. Each thread makes a [`Tally`] of it, counts there in memory of its own, and adds what has come together with
//! [`Tally::sweep`] ten times a second. What has to be exact at any moment is added to the published word at once.

mod publish;
mod published;
mod retired;
mod tally;
mod text;

pub use publish::{Cluster, publish};
pub use published::Published;
pub use retired::Retired;
pub use tally::{Counts, Tally};
pub use text::document;

#[cfg(all(test, not(shellac_model = "loom")))]
mod tests;
