//! Digits, as the standard library has them.

use proptest::prelude::*;

use super::*;

fn check(number: u64) {
    assert_eq!(Decimal::new(number).as_bytes(), number.to_string().as_bytes());
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

proptest! {
    #[test]
    fn any_number(number: u64, shift in 0_u32..64) {
        check(number >> shift);
    }
}
