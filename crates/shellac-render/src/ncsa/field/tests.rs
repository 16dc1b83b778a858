use proptest::prelude::*;

use super::{one_by_one, word};

/// Words at any length and place, with whatever behind them.
fn check(before: &[u8], text: &[u8], behind: &[u8]) {
    let bytes = [before, text, behind].concat();
    let range = before.len()..before.len() + text.len();
    let expected: Vec<&[u8]> = text
        .split(|byte| b" \t\n\x0b\x0c\r".contains(byte))
        .filter(|word| !word.is_empty())
        .collect();
    for wanted in 1..=expected.len() + 1 {
        let expected = expected.get(wanted - 1).copied();
        for found in
            [word(&bytes, range.clone(), wanted), one_by_one(&bytes, range.clone(), wanted)]
        {
            assert_eq!(found.map(|it| &bytes[it]), expected, "{wanted} {}", text.escape_ascii());
        }
    }
}

#[test]
fn words_are_found_at_every_length() {
    for len in 0..80 {
        let text: Vec<u8> = (0..len).map(|at| if at % 5 == 3 { b' ' } else { b'x' }).collect();
        for behind in [&b""[..], b"y", b"yyyyyyyyyyyyyyyy", b"                "] {
            check(b"", &text, behind);
            check(b"yy ", &text, behind);
        }
    }
}

proptest! {
    #[test]
    fn words_are_what_is_between_spaces(
        text in prop::collection::vec(prop_oneof![Just(b' '), 0..40u8, any::<u8>()], 0..80),
        behind in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        check(b"x", &text, &behind);
    }
}
