//! The command line: who may come in, the connections, the commands that the manager runs itself.

pub(crate) mod commands;
pub(crate) mod door;
pub(crate) mod sessions;

pub(crate) use door::Door;
pub(crate) use sessions::{SessionId, Sessions};
