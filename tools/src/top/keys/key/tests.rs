use super::{Key, WINDOW_BYTES};

/// As it reads in the description of the tool.
fn expected(key: Key, payload: &[u8]) -> &[u8] {
    let text = payload.split(|&byte| byte == 0).next().unwrap_or_default();
    let is_end = |byte: &u8| match key {
        Key::Text => false,
        Key::Field => [b':', b' ', b'\t', b'\n', 0x0b, 0x0c, b'\r'].contains(byte),
    };
    text.split(is_end).next().unwrap_or_default()
}

fn check(payload: &[u8], behind: &[u8]) {
    for key in [Key::Text, Key::Field] {
        let expected = expected(key, payload);
        assert_eq!(key.of(payload), expected, "{key:?} {}", payload.escape_ascii());
        let bytes = [payload, behind].concat();
        let Some(window) = bytes.first_chunk() else { continue };
        let short = key.short(window, payload.len());
        let shown = expected.escape_ascii();
        if expected.len() < WINDOW_BYTES {
            let mut word = [0; WINDOW_BYTES];
            word[..expected.len()].copy_from_slice(expected);
            assert_eq!(short, Some(u128::from_le_bytes(word)), "{key:?} {shown}");
        } else {
            assert_eq!(short, None, "{key:?} {shown}");
        }
    }
}

#[test]
fn every_byte_ends_a_key_or_is_part_of_it_wherever_it_stands() {
    for byte in 0..=u8::MAX {
        for at in 0..20 {
            for before in [b'x', 0xff, b'\t' | 0x80, 0x08, 0x0e] {
                let mut payload = vec![before; 20];
                payload[at] = byte;
                check(&payload, b"");
                check(&payload[..=at], &[b':'; WINDOW_BYTES]);
                check(&payload[..at], &[byte; WINDOW_BYTES]);
            }
        }
    }
}

#[test]
fn what_is_around_an_end_does_not_matter() {
    const BYTES: [u8; 6] = [0, b':', b' ', b'\t', b'x', 0xff];
    for at in 0..18 {
        for (first, second, third) in
            BYTES.iter().flat_map(|a| BYTES.iter().flat_map(move |b| BYTES.map(|c| (*a, *b, c))))
        {
            let mut payload = vec![b'x'; at];
            payload.extend([first, second, third, b'x']);
            check(&payload, &[third; WINDOW_BYTES]);
            check(&payload, b"");
        }
    }
}
