use std::time::Duration;

use super::{Envelope, quoted};

#[test]
fn the_envelope_is_as_a_varnishd_writes_it() {
    let now = Duration::from_millis(1_795_306_938_098);
    let words = ["ping".to_owned(), "-j".to_owned()];
    assert_eq!(
        Envelope::new(2, &words, now).inline("\"PONG\"\n"),
        "[ 2, [\"ping\", \"-j\"], 1795306938.098, \"PONG\"\n\n]\n"
    );
    assert_eq!(
        Envelope::new(3, &words[..1], now).block("  {}"),
        "[ 3, [\"ping\"], 1795306938.098,\n  {}\n]\n"
    );
}

#[test]
fn strings_are_escaped() {
    assert_eq!(quoted("a\"\\\n\t\r\u{1}\u{85}é"), "\"a\\\"\\\\\\n\\t\\r\\u0001\\u0085é\"");
}
