use super::{Key, Keys};

fn keys(bytes: &[u8]) -> Vec<Key> {
    let mut keys = Keys::default();
    keys.feed(bytes);
    std::iter::from_fn(|| keys.next_key()).collect()
}

#[test]
fn terminals_send_the_same_keys_in_several_ways() {
    assert_eq!(
        keys(b"G\x06\x03\r\t\x7f"),
        [Key::Char('G'), Key::Ctrl('f'), Key::Ctrl('c'), Key::Enter, Key::Tab, Key::Backspace]
    );
    for sequence in [&b"\x1b[A"[..], b"\x1bOA", b"\x1b[1;5A"] {
        assert_eq!(keys(sequence), [Key::Up], "{}", sequence.escape_ascii());
    }
    for sequence in [&b"\x1b[H"[..], b"\x1b[1~", b"\x1b[7~", b"\x1bOH"] {
        assert_eq!(keys(sequence), [Key::Home], "{}", sequence.escape_ascii());
    }
    for sequence in [&b"\x1bOS"[..], b"\x1b[14~", b"\x1b[[D"] {
        assert_eq!(keys(sequence), [Key::F(4)], "{}", sequence.escape_ascii());
    }
    assert_eq!(keys(b"\x1b[15~\x1b[24~"), [Key::F(5), Key::F(12)]);
    assert_eq!(keys(b"\x1b[5~\x1b[6~\x1b[Z"), [Key::PageUp, Key::PageDown, Key::BackTab]);
    assert_eq!(keys("é日".as_bytes()), [Key::Char('é'), Key::Char('日')]);
}

#[test]
fn what_is_unknown_is_left_out_and_nothing_behind_it() {
    // Answers to questions that nobody asked, a lone byte of UTF-8, a control character in UTF-8.
    assert_eq!(keys(b"\x1b[?62;c\x1b[I\x1b[200~q"), [Key::Char('q')]);
    assert_eq!(keys(b"\xffq\xc2\x9bq\0q"), [Key::Char('q'); 3]);
    assert_eq!(keys(b"\x1bxq"), [Key::Esc, Key::Char('x'), Key::Char('q')]);
}

#[test]
fn a_sequence_may_come_in_pieces_and_esc_is_one_that_does_not_go_on() {
    let whole = b"\x1b[1;5C\xe6\x97\xa5\x1bOP";
    let mut pieces = Keys::default();
    let mut found = Vec::new();
    for byte in whole {
        pieces.feed(&[*byte]);
        found.extend(std::iter::from_fn(|| pieces.next_key()));
    }
    assert_eq!(found, [Key::Right, Key::Char('日'), Key::F(1)]);
    assert!(!pieces.is_in_between());

    pieces.feed(b"\x1b");
    assert_eq!(pieces.next_key(), None);
    assert!(pieces.is_in_between());
    assert_eq!(pieces.give_up(), Some(Key::Esc));
    assert_eq!(pieces.give_up(), None);
}

#[test]
fn no_bytes_make_it_panic_or_keep_more_and_more() {
    let mut state = 1_u64;
    let mut keys = Keys::default();
    for _ in 0..20_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let byte = [0x1b, b'[', b';', b'9', 0xe6, 0xff, b'~', b'A'][(state >> 61) as usize];
        keys.feed(&[byte]);
        while keys.next_key().is_some() {}
        assert!(keys.pending.len() < super::SEQUENCE_MOST);
    }
    keys.feed(&[b'1'; 100]);
    while keys.next_key().is_some() {}
    assert!(!keys.is_in_between());
}
