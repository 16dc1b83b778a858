//! What the kernel says about the machine that we run on: whether a failure is a backend's fault at all.
//!
//! A full neighbour table, a full connection table or a lack of ports makes connections fail as a dead backend does, and
//! to all backends alike. [`Sample`] reads the numbers that tell the two apart, [`Delta`] is what they did between
//! two samples, [`kmsg`] knows the lines that the kernel writes about it, and [`errno`] says which errors of a call are
//! ours and which a backend's.
//!
//! No file is opened here: texts are handed in. A number whose file is not there stays unknown, and [`Sample::missing`] says
//! what cannot be told without it. [`Signal`] is the table of all numbers, for counters, metrics and screens alike.

mod delta;
pub mod errno;
mod files;
pub mod kmsg;
mod level;
mod sample;
mod signal;

pub use delta::Delta;
pub use level::{Fill, Level, time_to_full};
pub use sample::{Missing, Sample};
pub use signal::{Kind, Reach, Signal, Source};

#[cfg(test)]
mod tests;
