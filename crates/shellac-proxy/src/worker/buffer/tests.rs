//! Buffers and their memory.

use super::*;

#[test]
fn bytes_come_out_in_the_order_they_went_in() {
    let mut buffer = Buffer::default();
    buffer.room(HEAD_ROOM)[..6].copy_from_slice(b"abcdef");
    buffer.fill(6);
    buffer.consume(2);
    buffer.append(b"gh");
    assert_eq!(buffer.filled(), b"cdefgh");
    buffer.room(HEAD_ROOM);
    assert_eq!(buffer.filled(), b"cdefgh");
    buffer.consume(6);
    assert!(buffer.is_empty());
}

#[test]
fn a_buffer_grows_to_its_limit_and_not_beyond() {
    let mut buffer = Buffer::default();
    let limit = HEAD_ROOM + 100;
    while !buffer.room(limit).is_empty() {
        let count = buffer.room(limit).len();
        buffer.fill(count);
    }
    assert_eq!(buffer.len(), limit);
}

#[test]
fn an_empty_buffer_gives_its_memory_back() {
    let buffers = Buffers::default();
    let mut buffer = Buffer::default();
    buffer.room(HEAD_ROOM);
    buffers.reclaim(&mut buffer);
    assert_eq!((buffers.spare.borrow().len(), buffer.bytes.len()), (1, 0));
    buffers.lend(&mut buffer);
    assert_eq!((buffers.spare.borrow().len(), buffer.bytes.len()), (0, HEAD_ROOM));
}
