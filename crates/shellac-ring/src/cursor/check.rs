//! Whether a copied batch consists of whole records.

use shellac_format::layout::{BATCH_TAG, MARK_TAG, WORD};
use shellac_format::{Layout, RecordError};

/// Walks from header to header.
///
/// # Errors
///
/// The first record that is none, with its place in `bytes`.
pub(super) fn records(layout: Layout, bytes: &[u8]) -> Result<(), RecordError> {
    let head_bytes = layout.head_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let Some(word) = rest.first_chunk::<WORD>().filter(|_| rest.len() >= head_bytes) else {
            return Err(RecordError::ShortHead { at, have: rest.len() });
        };
        let word = u32::from_ne_bytes(*word);
        let number = word.to_be_bytes()[0];
        // A batch in a batch would be a second way to say the same.
        if matches!(number, 0 | MARK_TAG | BATCH_TAG) {
            return Err(RecordError::NotARecord { at, number });
        }
        let need = head_bytes + (word as usize & 0xffff).next_multiple_of(WORD);
        if need > rest.len() {
            return Err(RecordError::ShortPayload { at, need, have: rest.len() });
        }
        at += need;
    }
    Ok(())
}
