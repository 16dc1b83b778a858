//! What tools that read a log have in common: opening what is read, the thread that reads a live log and the queue behind it, signals as
//! flags, and losses in words.

pub(crate) mod loss_text;
mod open;
pub(crate) mod pause;
pub(crate) mod queue;
pub(crate) mod signals;

pub(crate) use open::{Opened, files_of, name_of, open_file};
