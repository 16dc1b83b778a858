//! One request's way through a pool, from its first attempt to its last.

/// What a request remembers between its attempts.
///
/// A retry does not go where the request has been, and with a consistent hash it goes on where the last attempt stood on the ring: that is why a
/// server that is down, one that is ejected and one that has just failed send a key to the same other one.
#[derive(Debug, Clone, Default)]
pub struct Course {
    /// The key's hash; `None` without a key.
    pub(crate) key: Option<u32>,
    /// Positions in the pool that were tried.
    pub(crate) tried: Vec<usize>,
    /// The point of the ring where the search stands.
    pub(crate) point: Option<usize>,
    /// In compatibility mode: points that were passed, over all attempts.
    pub(crate) hops: u32,
    /// In compatibility mode: the search has gone on to the backup servers.
    pub(crate) on_backups: bool,
}

impl Course {
    /// The way of a request whose key has this hash. Without one (the key is empty) a consistent hash takes turns.
    #[must_use]
    pub fn new(key: Option<u32>) -> Course {
        Course { key, ..Course::default() }
    }

    /// Attempts that were selected so far.
    #[must_use]
    pub fn attempts(&self) -> usize {
        self.tried.len()
    }

    pub(crate) fn has_tried(&self, position: usize) -> bool {
        self.tried.contains(&position)
    }
}
