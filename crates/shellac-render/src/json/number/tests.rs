use super::*;

#[test]
fn numbers_are_written_with_all_their_digits() {
    let powers = (0..20).map(|power| 10_u64.pow(power));
    let around = powers.flat_map(|power| [power - 1, power, power + 1]);
    for value in around.chain([42, 99, 101, 32770, 9_007_199_254_740_993, u64::MAX]) {
        let mut out = Text::default();
        out.push(b"[");
        push_number(value, &mut out);
        out.push(b"]");
        assert_eq!(out.as_bytes(), format!("[{value}]").as_bytes());
    }
}

#[test]
fn whole_numbers_are_digits_that_fit_and_have_no_zero_before_them() {
    for text in ["0", "7", "200", "65535", "9999999999999999999"] {
        assert!(is_whole(text.as_bytes()), "{text}");
    }
    for text in ["", "00", "007", "-1", "1.5", "1e9", " 1", "12345678901234567890", "x"] {
        assert!(!is_whole(text.as_bytes()), "{text}");
    }
}
