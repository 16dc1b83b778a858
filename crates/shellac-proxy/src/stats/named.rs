//! First attempts by the node that the response names, where the configuration says in which header.
//!
//! Each thread has its own list behind a lock that only the control thread takes as well, every few seconds.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use crate::generation::lock;

/// Longest name of a node in bytes; a longer value is not one.
const NAME_BYTES: usize = 64;
/// Names that a thread keeps between two looks; attempts with further ones count as those without a name.
const NAMES: usize = 4096;

/// First attempts, and how many of them failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Firsts {
    pub(crate) attempts: u64,
    pub(crate) failures: u64,
}

impl Firsts {
    /// Adds others.
    pub(crate) fn add(&mut self, other: Firsts) {
        self.attempts = self.attempts.saturating_add(other.attempts);
        self.failures = self.failures.saturating_add(other.failures);
    }
}

/// What the responses of one configuration's backends name.
#[derive(Debug)]
pub(crate) struct Named {
    threads: Vec<Mutex<HashMap<String, BTreeMap<usize, Firsts>>>>,
}

impl Named {
    /// Nothing yet, for so many threads.
    pub(crate) fn new(threads: usize) -> Named {
        Named { threads: (0..threads).map(|_| Mutex::default()).collect() }
    }

    /// Counts at `backend` what the response says came from `node`.
    pub(crate) fn count(&self, thread: usize, backend: usize, node: &str, firsts: Firsts) {
        let Some(names) = self.threads.get(thread) else { return };
        let mut names = lock(names);
        if names.len() >= NAMES && !names.contains_key(node) {
            return;
        }
        if !names.contains_key(node) {
            names.insert(node.to_owned(), BTreeMap::new());
        }
        if let Some(backends) = names.get_mut(node) {
            backends.entry(backend).or_default().add(firsts);
        }
    }

    /// What came since the last call, by backend and node.
    pub(crate) fn take(&self) -> BTreeMap<(usize, String), Firsts> {
        let mut all: BTreeMap<(usize, String), Firsts> = BTreeMap::new();
        for names in &self.threads {
            for (node, backends) in std::mem::take(&mut *lock(names)) {
                for (backend, firsts) in backends {
                    all.entry((backend, node.clone())).or_default().add(firsts);
                }
            }
        }
        all
    }
}

/// The name of a node that a header's value is, if it can be one.
pub(crate) fn node_name(value: &[u8]) -> Option<&str> {
    let name = std::str::from_utf8(value.trim_ascii()).ok()?;
    let fits = !name.is_empty() && name.len() <= NAME_BYTES;
    (fits && name.bytes().all(|byte| byte.is_ascii_graphic())).then_some(name)
}

#[cfg(test)]
mod tests;
