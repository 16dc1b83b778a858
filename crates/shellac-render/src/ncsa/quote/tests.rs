use proptest::prelude::*;

use super::{Quote, Quoting};
use crate::lines::Text;

/// As it reads in the description of the tool.
fn expected(quoting: Quoting, bytes: &[u8]) -> String {
    let is_json = matches!(quoting, Quoting::Json);
    let mut out = String::new();
    for &byte in bytes {
        match byte {
            b'"' if quoting != Quoting::Ltsv => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x0b => out.push_str("\\v"),
            b' '..=b'~' => out.push(char::from(byte)),
            0x7f.. if is_json => out.push(char::from(byte)),
            _ if is_json => out.push_str(&format!("\\u00{byte:02x}")),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out
}

proptest! {
    #[test]
    fn a_part_is_written_as_if_it_were_alone(
        before in prop::collection::vec(any::<u8>(), 0..3),
        text in prop::collection::vec(
            prop_oneof![6 => b' '..=b'~', 1 => any::<u8>(), 1 => Just(b'"')], 0..70),
        behind in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let bytes = [&before[..], &text, &behind].concat();
        let part = before.len()..before.len() + text.len();
        for quoting in [Quoting::Plain, Quoting::Json, Quoting::Ltsv] {
            let quote = Quote::new(quoting, true);
            let (mut whole, mut alone) = (Text::default(), Text::default());
            whole.push(b"x");
            quote.write_part(&bytes, part.clone(), &mut whole);
            quote.write(&text, &mut alone);
            let found: String = alone.as_bytes().iter().copied().map(char::from).collect();
            prop_assert_eq!(found, expected(quoting, &text), "{:?}", quoting);
            prop_assert_eq!(&whole.as_bytes()[1..], alone.as_bytes());
        }
    }
}
