use super::{BYTES_MOST, base64, copy};

#[test]
fn letters_are_those_of_base64() {
    for (bytes, letters) in [
        (&b""[..], ""),
        (b"f", "Zg=="),
        (b"fo", "Zm8="),
        (b"foo", "Zm9v"),
        (b"\x00\xff\xfe\xfd", "AP/+/Q=="),
    ] {
        assert_eq!(base64(bytes), letters);
    }
}

#[test]
fn tmux_gets_it_for_itself_and_wrapped_for_the_terminal() {
    assert_eq!(copy("a\n", false).bytes, b"\x1b]52;c;YQo=\x07");
    let both = b"\x1b]52;c;YQo=\x07\x1bPtmux;\x1b\x1b]52;c;YQo=\x07\x1b\\";
    assert_eq!(copy("a\n", true).bytes, both);
}

#[test]
fn what_does_not_fit_is_cut_between_lines_and_counted() {
    let line = format!("{}\n", "x".repeat(999));
    let text = line.repeat(60);
    let copied = copy(&text, false);
    assert_eq!((copied.lines, copied.cut), (BYTES_MOST / 1000, 60 - BYTES_MOST / 1000));
    // Terminals take no more than this.
    assert!(copied.bytes.len() < 74_994 + 20, "{} bytes", copied.bytes.len());
}
