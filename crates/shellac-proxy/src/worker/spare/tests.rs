//! What is handed on comes empty, and large pieces are let go.

use super::*;

#[test]
fn a_text_comes_back_empty_with_its_memory() {
    let spare = Spare::default();
    assert_eq!(spare.text().capacity(), 0);
    let mut text = Vec::with_capacity(100);
    text.extend_from_slice(b"of somebody else");
    spare.keep_text(text);
    let text = spare.text();
    assert!(text.is_empty() && text.capacity() >= 100);
    spare.keep_text(Vec::with_capacity(TEXT_BYTES + 1));
    spare.keep_text(Vec::new());
    assert_eq!(spare.text().capacity(), 0, "neither is worth keeping");
}

#[test]
fn there_is_a_limit_to_what_is_kept() {
    let spare = Spare::default();
    for _ in 0..PIECES + 10 {
        spare.keep_text(Vec::with_capacity(8));
        spare.keep_head(Box::default());
    }
    assert_eq!((spare.texts.borrow().len(), spare.heads.borrow().len()), (PIECES, PIECES));
}

#[test]
fn a_head_comes_back_without_fields() {
    let spare = Spare::default();
    let mut head = ResponseHead::default();
    head.headers.push("Set-Cookie", "of somebody else");
    spare.keep_head(Box::new(head));
    assert!(spare.head().headers.is_empty());
    let mut large = ResponseHead::default();
    large.headers.push("X", vec![b'x'; TEXT_BYTES]);
    spare.keep_head(Box::new(large));
    assert_eq!(spare.heads.borrow().len(), 0);
}
