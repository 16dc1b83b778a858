use proptest::prelude::*;

use super::*;

fn written(bytes: &[u8]) -> String {
    let mut out = Text::default();
    push_string(bytes, &mut out);
    String::from_utf8(out.as_bytes().to_vec()).expect("JSON is UTF-8")
}

/// As [`written`], with something behind the text, odd or not.
fn written_amid(bytes: &[u8], behind: u8) -> String {
    let ahead = [bytes, &[behind; 40]].concat();
    let mut out = Text::default();
    push_quoted(Passage::new(&ahead, bytes.len()), &mut out);
    String::from_utf8(out.as_bytes().to_vec()).expect("JSON is UTF-8")
}

fn read_back(json: &str) -> Vec<u8> {
    bytes_of(&serde_json::from_str::<String>(json).expect("it parses"))
}

#[test]
fn what_is_written_for_each_kind_of_byte() {
    let cases: [(&[u8], &str); 10] = [
        (b"", r#""""#),
        (b"plain", r#""plain""#),
        (b"a\"b\\c", r#""a\"b\\c""#),
        (b"\0\t\n\r\x1b\x7f", r#""\u0000\t\n\r\u001b\u007f""#),
        ("caf\u{e9}".as_bytes(), "\"caf\u{e9}\""),
        (b"caf\xe9", r#""caf\udbfd\udfe9""#),
        // The start of a character, cut off.
        (b"\xe2\x82", r#""\udbfd\udfe2\udbfd\udf82""#),
        // What stands for a byte stands for its own bytes when a log has it.
        ("\u{10f7e9}".as_bytes(), r#""\udbfd\udff4\udbfd\udf8f\udbfd\udf9f\udbfd\udfa9""#),
        // Escapes of terminals, and marks that turn the direction of a line.
        ("\u{9b}31m\u{202e}".as_bytes(), r#""\u009b31m\u202e""#),
        ("\u{10f6ff}\u{10f800}".as_bytes(), "\"\u{10f6ff}\u{10f800}\""),
    ];
    for (bytes, expected) in cases {
        assert_eq!(written(bytes), expected);
        assert_eq!(read_back(expected), bytes);
    }
}

#[test]
fn one_odd_byte_is_found_wherever_it_is() {
    for len in 0..=100 {
        let plain = vec![b'x'; len];
        assert_eq!(written(&plain), format!("\"{}\"", "x".repeat(len)));
        for at in 0..len {
            for (odd, escaped) in [(b'"', "\\\""), (b'\\', "\\\\"), (b'\n', "\\n"), (0, "\\u0000")]
            {
                let mut bytes = plain.clone();
                bytes[at] = odd;
                let (before, behind) = ("x".repeat(at), "x".repeat(len - at - 1));
                assert_eq!(written(&bytes), format!("\"{before}{escaped}{behind}\""));
            }
        }
    }
}

#[test]
fn words_are_what_is_between_blanks() {
    for text in ["", " ", "a", "a b", "a  b ", " a"] {
        let ahead = format!("{text} and more");
        let passage = Passage::new(ahead.as_bytes(), text.len());
        let words: Vec<_> = passage.words().map(|word| word.bytes().to_vec()).collect();
        assert_eq!(words, text.split(' ').map(|word| word.as_bytes().to_vec()).collect::<Vec<_>>());
    }
}

proptest! {
    #[test]
    fn any_bytes_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let written = written(&bytes);
        prop_assert_eq!(&written_amid(&bytes, b'x'), &written);
        prop_assert_eq!(&written_amid(&bytes, b'"'), &written);
        prop_assert_eq!(read_back(&written), bytes);
    }

    #[test]
    fn any_text_comes_back(text in "\\PC*|[\u{10f6f0}-\u{10f810}]*") {
        prop_assert_eq!(read_back(&written(text.as_bytes())), text.as_bytes());
    }
}
