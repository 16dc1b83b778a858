//! Messages that come together, in pieces or not whole.

use super::*;

#[test]
fn two_messages_that_came_together_are_two() {
    let bytes = b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n\r\n";
    let mut from = &bytes[..];
    let first = Message::read(&mut from, Vec::new()).unwrap().unwrap();
    assert_eq!((first.word(0), first.word(1), first.content_length()), ("POST", "/a", 3));
    let (body, rest) = first.read_body(&mut from).unwrap();
    assert_eq!(body, b"abc");
    let second = Message::read(&mut from, rest).unwrap().unwrap();
    assert_eq!(second.word(1), "/b");
    assert!(Message::read(&mut from, Vec::new()).unwrap().is_none());
}

#[test]
fn a_cut_head_is_an_error_and_a_cut_body_is_short() {
    assert!(Message::read(&mut &b"GET / HT"[..], Vec::new()).is_err());
    let mut from = &b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"[..];
    let message = Message::read(&mut from, Vec::new()).unwrap().unwrap();
    assert_eq!(message.read_body(&mut from).unwrap().0, b"abc");
}
