use proptest::prelude::*;

use super::{Header, Headers};
use crate::ncsa::field::after;

#[test]
fn headers_are_found_by_their_first_letter_in_either_case() {
    let mut headers = Headers::default();
    for (slot, name) in ["Referer", "x-b", "User-agent", "X-A", "", "\u{e9}"].iter().enumerate() {
        headers.push(Header::new(name.as_bytes(), None, slot));
    }
    let found = |byte: u8| -> Vec<usize> {
        headers.beginning_with(byte).iter().map(|header| header.slot).collect()
    };
    assert_eq!(found(b'r'), [0]);
    assert_eq!(found(b'R'), [0]);
    assert_eq!(found(b'X'), [1, 3]);
    assert_eq!(found(b'x'), [1, 3]);
    assert_eq!(found(b':'), [4]);
    assert_eq!(found(0xc3), [5]);
    assert_eq!(found(b'h'), [0; 0]);
    let first = headers.first_bytes();
    let all: Vec<u8> = (0..=u8::MAX).filter(|&byte| first.contains(byte)).collect();
    assert_eq!(all, [b':', b'R', b'U', b'X', b'r', b'u', b'x', 0xc3]);
}

proptest! {
    #[test]
    fn a_value_is_what_is_behind_the_name_in_either_case(
        name in "[@A-Z\\[`a-z{-]{0,20}",
        flips in any::<u32>(),
        other in 0..40usize,
        value in " {0,2}[ -~]{0,20}",
        behind in "[ -~]{0,20}",
        cut in 0..60usize,
    ) {
        // The name in another case, perhaps with a byte that is like a letter in the other case but for being none.
        let mut text: Vec<u8> = name.bytes().chain([b':']).collect();
        for (at, byte) in text.iter_mut().enumerate() {
            if flips >> at & 1 != 0 && (byte.is_ascii_alphabetic() || at == other) {
                *byte ^= b'a' ^ b'A';
            }
        }
        text.extend_from_slice(value.as_bytes());
        text.truncate(cut);
        let bytes = [b"x", &text[..], behind.as_bytes()].concat();
        let record = 1..=text.len();
        let record = *record.start()..record.end() + 1;
        let header = Header::new(name.as_bytes(), None, 0);
        let expected = after(&bytes, record.clone(), &[name.as_bytes(), b":"].concat());
        prop_assert_eq!(header.value(&bytes, &record), expected);
    }
}
