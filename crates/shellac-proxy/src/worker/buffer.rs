//! A buffer that is filled at one end and consumed at the other.

use std::cell::RefCell;

/// Bytes that a buffer has room for before it grows.
pub(crate) const HEAD_ROOM: usize = 16 << 10;

/// Received bytes that nobody has used yet. Without any it holds no memory: see [`Buffers`].
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    /// What is there.
    pub(crate) fn filled(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// How much is there.
    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether nothing is there.
    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Room for more, moved together first; empty when `limit` bytes are there. Grows by doubling, never beyond `limit`.
    pub(crate) fn room(&mut self, limit: usize) -> &mut [u8] {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.bytes.len() && self.end < limit {
            let len = (self.bytes.len() * 2).clamp(HEAD_ROOM, limit.max(HEAD_ROOM));
            self.bytes.resize(len, 0);
        }
        &mut self.bytes[self.end..]
    }

    /// The first `count` bytes of the room are filled now.
    pub(crate) fn fill(&mut self, count: usize) {
        self.end = (self.end + count).min(self.bytes.len());
    }

    /// The first `count` bytes have been used.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Adds bytes that were read elsewhere.
    pub(crate) fn append(&mut self, more: &[u8]) {
        self.bytes.truncate(self.end);
        self.bytes.extend_from_slice(more);
        self.end = self.bytes.len();
    }
}

/// Memory of buffers that are empty just now, so that an idle connection owns none.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    spare: RefCell<Vec<Vec<u8>>>,
}

/// Most pieces of memory that are kept.
const SPARE: usize = 64;

impl Buffers {
    /// Gives an empty buffer memory, if there is some.
    #[inline]
    pub(crate) fn lend(&self, buffer: &mut Buffer) {
        if buffer.bytes.is_empty()
            && let Some(bytes) = self.spare.borrow_mut().pop()
        {
            buffer.bytes = bytes;
        }
    }

    /// Takes the memory of an empty buffer back.
    #[inline]
    pub(crate) fn reclaim(&self, buffer: &mut Buffer) {
        if buffer.is_empty() && !buffer.bytes.is_empty() {
            self.take_back(std::mem::take(&mut buffer.bytes));
        }
    }

    fn take_back(&self, bytes: Vec<u8>) {
        let mut spare = self.spare.borrow_mut();
        if bytes.len() == HEAD_ROOM && spare.len() < SPARE {
            spare.push(bytes);
        }
    }
}

#[cfg(test)]
mod tests;
