//! What the node does to attempts: packets that do not leave this machine, and whatever else its kernel counts.
//!
//! The control thread reads the kernel's files once a second ([`Watcher`]) and tells serving threads through a [`Node`], which they
//! look at when an attempt has failed and at no other time.

mod files;
mod kmsg;
mod watcher;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use crate::generation::lock;
pub(crate) use watcher::{Connects, Watcher};

/// What moved lately, shared by all threads. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Node(Arc<Mutex<Lately>>);

/// What the last five seconds say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lately {
    /// Packets did not leave this machine.
    pub(crate) fault: bool,
    /// What moved, as a record has it; `None` when nothing of interest did.
    pub(crate) moved: Option<Arc<str>>,
}

impl Node {
    /// What an attempt to this address that has failed now should know. Loopback needs no neighbours and no routes.
    pub(crate) fn lately(&self, address: SocketAddr) -> Lately {
        if address.ip().is_loopback() { Lately::default() } else { lock(&self.0).clone() }
    }

    pub(crate) fn tell(&self, lately: Lately) {
        *lock(&self.0) = lately;
    }
}

#[cfg(test)]
mod tests;
