//! The terminal for tools that have a screen: who owns it, what is typed there, and the signals that come with it.

mod input;
mod key;
mod owner;
mod signals;

pub(crate) use key::Key;
pub(crate) use owner::{Owner, Woken};
pub(crate) use signals::Signals;
