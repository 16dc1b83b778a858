use shellac_sys::wide::Everywhere;

use super::*;

#[test]
fn each_byte_has_its_bit_at_each_place() {
    for byte in 0..=255u8 {
        for at in 0..64 {
            let mut chunk = [b'x'; 64];
            chunk[at] = byte;
            let bit = |is: bool| u64::from(is) << at;
            let is_odd = !matches!(byte, 0x20..=0x7e) || byte == b'"' || byte == b'\\';
            assert_eq!(odd(Everywhere, &chunk), bit(is_odd));
            let masks = Masks::of(Everywhere, &chunk);
            assert_eq!(
                (masks.blanks, masks.digits),
                (bit(byte == b' '), bit(byte.is_ascii_digit()))
            );
        }
    }
}

#[test]
fn numbers_as_they_are_known_elsewhere() {
    for text in [
        "0",
        "7",
        "00",
        "01",
        "10",
        "-1",
        "-",
        "",
        "1.",
        ".1",
        "1.5",
        "0.000000",
        "1..5",
        "1.5.5",
        "1e5",
        "x",
        "1234567890123456789",
        "12345678901234567890",
        "1.12345678901234567890",
        "-0.5",
        "1 ",
        "1795305357.021339",
    ] {
        for from in [0, 1, 30] {
            let mut chunk = [b'9'; 64];
            let end = from + text.len();
            chunk[from..end].copy_from_slice(text.as_bytes());
            let masks = Masks::of(Everywhere, &chunk);
            assert_eq!(masks.is_number(&chunk, from, end), is_number(text.as_bytes()), "{text}");
        }
    }
}
