use std::io::Cursor;

use proptest::prelude::*;

use super::{Backward, Line, Text};
use crate::index::MAX_LINE_BYTES;

fn read(bytes: &[u8]) -> Vec<Line> {
    let mut lines = Backward::new(Cursor::new(bytes)).unwrap();
    std::iter::from_fn(|| lines.read().unwrap()).collect()
}

fn whole(offset: u64, text: &[u8]) -> Line {
    Line { offset, text: Text::Whole(text.to_vec()) }
}

#[test]
fn lines_come_last_first_with_their_places() {
    assert_eq!(read(b"one\n\nthree\n"), [whole(5, b"three"), whole(4, b""), whole(0, b"one")]);
    assert!(read(b"").is_empty());
    assert_eq!(read(b"\n"), [whole(0, b"")]);
}

#[test]
fn what_follows_the_last_line_end_is_a_cut_line() {
    let cut = Line { offset: 4, text: Text::Cut(b"tw".to_vec()) };
    assert_eq!(read(b"one\ntw"), [cut, whole(0, b"one")]);
    assert_eq!(read(b"on"), [Line { offset: 0, text: Text::Cut(b"on".to_vec()) }]);
}

#[test]
fn a_line_that_is_too_long_is_counted_and_the_others_are_there() {
    let long = MAX_LINE_BYTES * 3 + 77;
    let mut bytes = b"first\n".to_vec();
    bytes.resize(bytes.len() + long, b'x');
    bytes.extend_from_slice(b"\nlast\n");
    let lines = read(&bytes);
    let place = 6 + long as u64 + 1;
    assert_eq!(lines[0], whole(place, b"last"));
    assert_eq!(lines[1], Line { offset: 6, text: Text::TooLong(long as u64) });
    assert_eq!(lines[2..], [whole(0, b"first")]);
    let alone = read(&bytes[6..6 + long]);
    assert_eq!(alone, [Line { offset: 0, text: Text::TooLong(long as u64) }]);
}

proptest! {
    #[test]
    fn backward_is_forward_reversed(lines in prop::collection::vec(0..3000_usize, 0..200), tail in 0..5_usize) {
        let mut bytes = Vec::new();
        let mut expected = Vec::new();
        for (number, len) in lines.iter().enumerate() {
            let text = vec![b'a' + u8::try_from(number % 26).unwrap(); *len];
            expected.push(whole(bytes.len() as u64, &text));
            bytes.extend_from_slice(&text);
            bytes.push(b'\n');
        }
        if tail > 0 {
            let text = vec![b'#'; tail];
            expected.push(Line { offset: bytes.len() as u64, text: Text::Cut(text.clone()) });
            bytes.extend_from_slice(&text);
        }
        expected.reverse();
        prop_assert_eq!(read(&bytes), expected);
    }
}
