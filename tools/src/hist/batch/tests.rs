use super::short;

#[test]
fn numbers_have_three_digits_that_say_something() {
    let numbers = [0.0, 0.000_012_345, 0.001, 1.0, 12.345, 999.9, 123_456.0, 1e12].map(short);
    assert_eq!(
        numbers,
        ["0", "0.0000123", "0.001", "1", "12.3", "1000", "123456", "1000000000000"]
    );
}
