//! What tools that read a log have in common.
//!
//! From the outside in: `table` has the options that they share, `options` reads them with clap and `stock` as the stock
//! tools do, `settings` is what they stand for; `input` opens what is read, `follow` is the loop from there through `pass`, which
//! groups and selects, to a tool's `Sink`; `behind` does so in a thread for those that have a screen; `target` is where most of
//! the others write.
//!
//! `rotate` is when a file of theirs is begun anew. Beside that is what tools with a loop of their own use: opening files, the thread that reads a live log and the queue
//! behind it, signals as flags, and losses in words.

pub(crate) mod arguments;
pub(crate) mod behind;
pub(crate) mod follow;
pub(crate) mod identity;
mod input;
pub(crate) mod loss_text;
mod notices;
mod open;
pub(crate) mod options;
pub(crate) mod pass;
pub(crate) mod pause;
pub(crate) mod queue;
mod rate;
pub(crate) mod rotate;
pub(crate) mod settings;
pub(crate) mod signals;
pub(crate) mod stock;
pub(crate) mod table;
pub(crate) mod target;
mod window;

pub(crate) use open::{Opened, files_of, name_of, open_file};
