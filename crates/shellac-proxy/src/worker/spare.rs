//! Memory that requests hand on to each other, so that none of them asks the allocator for it.

use std::cell::RefCell;

use shellac_http1::ResponseHead;

/// Most pieces that are kept of each kind.
const PIECES: usize = 256;
/// A text that grew beyond this is not kept.
const TEXT_BYTES: usize = 16 << 10;

/// What is not in use just now.
#[derive(Debug, Default)]
#[allow(
    clippy::vec_box,
    reason = "a head goes from the one who reads it to the one who writes it, which is cheaper for a pointer"
)]
pub(crate) struct Spare {
    texts: RefCell<Vec<Vec<u8>>>,
    heads: RefCell<Vec<Box<ResponseHead>>>,
}

impl Spare {
    /// An empty text, with memory if there is some.
    pub(crate) fn text(&self) -> Vec<u8> {
        self.texts.borrow_mut().pop().unwrap_or_default()
    }

    /// Takes the memory of a text that nobody needs any more.
    pub(crate) fn keep_text(&self, mut text: Vec<u8>) {
        let mut texts = self.texts.borrow_mut();
        if texts.len() < PIECES && (1..=TEXT_BYTES).contains(&text.capacity()) {
            text.clear();
            texts.push(text);
        }
    }

    /// A head to be read into.
    pub(crate) fn head(&self) -> Box<ResponseHead> {
        self.heads.borrow_mut().pop().unwrap_or_default()
    }

    /// Takes the memory of a head that nobody needs any more. What it said is replaced by the next one that is read.
    pub(crate) fn keep_head(&self, mut head: Box<ResponseHead>) {
        let mut heads = self.heads.borrow_mut();
        if heads.len() < PIECES && head.headers.capacity_bytes() <= TEXT_BYTES {
            head.headers.forget();
            heads.push(head);
        }
    }
}

#[cfg(test)]
mod tests;
