//! Whether a copied batch consists of whole records.

use shellac_format::layout::{BATCH_TAG, MARK_TAG, WORD};
use shellac_format::{Layout, RecordError};

/// Walks from header to header. `bytes` are whole words.
///
/// # Errors
///
/// The first record that is none, with its place in `bytes`.
pub(super) fn records(layout: Layout, bytes: &[u8]) -> Result<(), RecordError> {
    let (words, _) = bytes.as_chunks::<WORD>();
    let head_words = layout.head_words();
    let mut at = 0;
    // This runs for every record that is read, so what is wrong is only found out when something is.
    while let Some(word) = words.get(at) {
        let word = u32::from_ne_bytes(*word);
        let next = at + head_words + (word as usize & 0xffff).div_ceil(WORD);
        if !is_record(word) || next > words.len() {
            return Err(what_is_wrong(layout, bytes, at * WORD, word));
        }
        at = next;
    }
    Ok(())
}

/// Tags of records are 1 to 253. A batch in a batch would be a second way to say the same.
fn is_record(word: u32) -> bool {
    !matches!(number(word), 0 | MARK_TAG | BATCH_TAG)
}

fn number(word: u32) -> u8 {
    word.to_be_bytes()[0]
}

#[cold]
fn what_is_wrong(layout: Layout, bytes: &[u8], at: usize, word: u32) -> RecordError {
    let (have, head_bytes) = (bytes.len() - at, layout.head_bytes());
    if have < head_bytes {
        return RecordError::ShortHead { at, have };
    }
    if !is_record(word) {
        return RecordError::NotARecord { at, number: number(word) };
    }
    let need = head_bytes + (word as usize & 0xffff).next_multiple_of(WORD);
    RecordError::ShortPayload { at, need, have }
}
