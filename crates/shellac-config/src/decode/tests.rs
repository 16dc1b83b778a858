use super::decode;

#[test]
fn what_is_no_text_is_told_with_its_place() {
    for (bytes, place) in [
        (&b"\xff"[..], "f:1: column 1: the byte 0xff"),
        (b"a\n\n\xc3\xa9\xc3", "f:3: column 2: the byte 0xc3"),
        ("ü = 1\r\nab\u{fffd}\0".as_bytes(), ""),
        (b"a\nb \xe9t\xe9", "f:2: column 3: the byte 0xe9"),
    ] {
        let text = decode(bytes.to_vec(), "f").map_err(|error| error.to_string());
        match text {
            Ok(text) => assert!(place.is_empty() && text.as_bytes() == bytes),
            Err(text) => assert!(!place.is_empty() && text.starts_with(place), "{text}"),
        }
    }
}
