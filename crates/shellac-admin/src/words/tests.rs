use proptest::prelude::*;

use super::{SyntaxError, quote, words};

#[test]
fn lines_are_split_as_a_varnishd_splits_them() {
    let cases: [(&str, Result<&[&str], SyntaxError>); 16] = [
        ("", Ok(&[])),
        (" \t ", Ok(&[])),
        ("\tping\t x ", Ok(&["ping", "x"])),
        ("\"pi\\x6eg\"", Ok(&["ping"])),
        ("\"p\\151ng\" \"\"", Ok(&["ping", ""])),
        ("\"a b\"c", Ok(&["a b", "c"])),
        ("x \"\\n\\r\\t\\\"\\\\\"", Ok(&["x", "\n\r\t\"\\"])),
        ("a\\nb", Ok(&["a\\nb"])),
        ("status \"a", Err(SyntaxError::MissingQuote)),
        ("\"a\\", Err(SyntaxError::MissingQuote)),
        ("ping a\"b\"c", Err(SyntaxError::StrayQuote)),
        ("\"\\q\"", Err(SyntaxError::BadEscape)),
        ("\"\\x4\"", Err(SyntaxError::BadEscape)),
        ("\"\\x+4\"", Err(SyntaxError::BadEscape)),
        ("\"\\08\"", Err(SyntaxError::BadEscape)),
        ("\"\\xff\"", Err(SyntaxError::NotUtf8)),
    ];
    for (line, expected) in cases {
        let expected = expected.map(|words| words.iter().map(|&word| word.to_owned()).collect());
        assert_eq!(words(line.as_bytes()), expected, "{line:?}");
    }
}

proptest! {
    #[test]
    fn what_is_quoted_comes_back(given in prop::collection::vec(any::<String>(), 0..6)) {
        let line = given.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ");
        prop_assert!(!line.contains('\n'), "it stays one line");
        prop_assert_eq!(words(line.as_bytes()), Ok(given));
    }

    #[test]
    fn any_line_is_words_or_an_error(line in prop::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(words) = words(&line) {
            let bytes: usize = words.iter().map(String::len).sum();
            prop_assert!(bytes <= line.len());
        }
    }
}
