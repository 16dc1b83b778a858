//! `shellac log` on a living log: it is there before the log is, outlives it, and says what it has missed.

mod identity;
mod live;
mod output;
pub(crate) mod reader;
