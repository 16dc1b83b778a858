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
    pub(crate) tried: Tried,
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
    #[inline]
    pub fn new(key: Option<u32>) -> Course {
        Course { key, ..Course::default() }
    }

    /// Attempts that were selected so far.
    #[must_use]
    pub fn attempts(&self) -> usize {
        self.tried.as_slice().len()
    }

    pub(crate) fn has_tried(&self, position: usize) -> bool {
        self.tried.as_slice().contains(&position)
    }
}

/// Most positions for which no memory is asked.
const FEW: usize = 4;

/// Positions in the order in which they were tried.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tried {
    few: [usize; FEW],
    len: usize,
    /// All of them, once they are more than a few.
    many: Vec<usize>,
}

impl Tried {
    pub(crate) fn as_slice(&self) -> &[usize] {
        if self.many.is_empty() { &self.few[..self.len] } else { &self.many }
    }

    pub(crate) fn push(&mut self, position: usize) {
        if self.len < FEW {
            self.few[self.len] = position;
            self.len += 1;
            return;
        }
        if self.many.is_empty() {
            self.many.extend_from_slice(&self.few);
        }
        self.many.push(position);
    }
}

#[cfg(test)]
mod tests;
