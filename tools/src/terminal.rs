//! The terminal for tools that have a screen: who owns it, what is typed there, and the signals that come with it.

mod input;
mod key;
mod notices;
mod owner;
mod picture;
mod signals;

pub(crate) use key::Key;
pub(crate) use notices::{is_over, last_said, say};
pub(crate) use owner::{Owner, Woken};
pub(crate) use picture::{Picture, Taken, show};
pub(crate) use signals::Signals;
