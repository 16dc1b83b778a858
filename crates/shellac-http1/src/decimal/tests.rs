//! Digits, as the standard library has them.

use proptest::prelude::*;

use super::*;

fn check(number: u64) {
    let text = number.to_string();
    assert_eq!(Decimal::new(number).as_bytes(), text.as_bytes());
    match long(number) {
        Some((digits, len)) => {
            assert_eq!(digits[..len], *text.as_bytes());
            assert!(digits[len..].iter().all(|&byte| byte == 0), "{number}");
        }
        None => assert!(text.len() > 16, "{number}"),
    }
}

#[test]
fn numbers_of_every_length() {
    check(0);
    check(u64::MAX);
    for power in 0..20 {
        let number = 10_u64.pow(power);
        check(number);
        check(number - 1);
        check(number.saturating_mul(9));
    }
}

fn check_short(number: u64) {
    assert_eq!(eight_digits(number), format!("{number:08}").as_bytes());
    let (digits, len) = short(number);
    assert_eq!(digits[..len], *number.to_string().as_bytes());
}

#[test]
fn every_pair_of_every_half_and_every_length() {
    (0..10_000).for_each(|half| {
        check_short(half);
        check_short(half * 10_000);
        check_short(half * 10_000 + 9_999 - half);
        let half = u32::try_from(half).unwrap();
        assert_eq!(four_digits(half), format!("{half:04}").as_bytes());
        let (digits, len) = tiny(half);
        assert_eq!(digits[..len], *half.to_string().as_bytes());
    });
    for power in 0..8 {
        check_short(10_u64.pow(power));
        check_short(10_u64.pow(power + 1) - 1);
    }
}

proptest! {
    #[test]
    fn any_short_number(number in 0_u64..100_000_000) {
        check_short(number);
    }

    #[test]
    fn any_number(number: u64, shift in 0_u32..64) {
        check(number >> shift);
    }
}

#[test]
fn a_text_is_the_decimal_of_one_number_only() {
    for number in [0, 1, 9, 10, 99, 100, 1024, u64::MAX] {
        let text = Decimal::new(number);
        assert!(is_decimal(text.as_bytes(), number), "{number}");
        assert!(!is_decimal(text.as_bytes(), number ^ 1), "{number}");
        assert!(!is_decimal(&[b"0", text.as_bytes()].concat(), number), "{number}");
        assert!(!is_decimal(&text.as_bytes()[1..], number), "{number}");
    }
    assert!(!is_decimal(b"+1", 1) && !is_decimal(b"1 ", 1));
}
