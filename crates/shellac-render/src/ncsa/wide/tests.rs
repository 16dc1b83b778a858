use proptest::prelude::*;

use super::{all_plain, gathered, odd, spaces};
use crate::ncsa::field::is_space;

fn bits(is_one: impl Fn(u8) -> bool, bytes: [u8; 8]) -> u64 {
    (0..).zip(bytes).filter(|(_, byte)| is_one(*byte)).fold(0, |bits, (at, _)| bits | 1 << at)
}

/// Up to the first one.
fn lowest(bits: u64) -> u64 {
    bits & bits.wrapping_neg()
}

fn is_odd(byte: u8) -> bool {
    !(b' '..=b'~').contains(&byte) || byte == b'"' || byte == b'\\'
}

fn check(bytes: [u8; 8]) {
    let word = u64::from_le_bytes(bytes);
    assert_eq!(gathered(spaces(word)), bits(is_space, bytes), "{bytes:?}");
    assert_eq!(lowest(gathered(odd(word))), lowest(bits(is_odd, bytes)), "{bytes:?}");
}

#[test]
fn every_byte_is_known_wherever_it_stands_and_whatever_is_around_it() {
    for byte in 0..=u8::MAX {
        for around in [b'x', 0, 1, 0x1f, b' ', b'!', b'\t', 0x0e, b'"', b'#', 0x7f, 0x80, 0xff] {
            for at in 0..8 {
                let mut bytes = [around; 8];
                bytes[at] = byte;
                check(bytes);
            }
        }
    }
}

proptest! {
    #[test]
    fn eight_bytes_are_what_each_of_them_is(bytes in any::<[u8; 8]>()) {
        check(bytes);
    }
}

proptest! {
    #[test]
    fn a_text_is_plain_when_each_byte_is(
        mut text in prop::collection::vec(b'#'..=b'Z', 0..40),
        byte in any::<u8>(),
        at in any::<prop::sample::Index>(),
    ) {
        prop_assert!(all_plain(&text));
        if !text.is_empty() {
            let at = at.index(text.len());
            text[at] = byte;
        }
        prop_assert_eq!(all_plain(&text), !text.iter().any(|&byte| is_odd(byte)));
    }
}
