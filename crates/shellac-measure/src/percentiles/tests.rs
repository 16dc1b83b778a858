//! Tests of the histogram, against sorted numbers.

use proptest::prelude::*;

use super::Percentiles;

#[test]
fn nothing_has_no_percentiles() {
    let none = Percentiles::default();
    assert_eq!((none.at(0.5), none.mean(), none.range(), none.count()), (None, None, None, 0));
}

#[test]
fn the_largest_number_has_a_cell() {
    let mut all = Percentiles::default();
    all.add(u64::MAX, u64::MAX);
    all.add(0, 1);
    assert_eq!(all.at(1.0), Some(all.at(0.5).unwrap()));
    assert_eq!(all.range(), Some((0, u64::MAX)));
}

proptest! {
    #[test]
    fn percentiles_are_right_to_a_cell(
        numbers in prop::collection::vec((0u32..63).prop_flat_map(|bits| 0..(1u64 << bits) + 1), 1..300),
        thousandths in 0usize..=1000,
        cut in 0usize..300,
    ) {
        let (mut first, mut second) = (Percentiles::default(), Percentiles::default());
        let cut = cut.min(numbers.len());
        numbers[..cut].iter().for_each(|&number| first.add(number, 1));
        numbers[cut..].iter().for_each(|&number| second.add(number, 1));
        first.merge(&second);
        let mut sorted = numbers;
        sorted.sort_unstable();
        let place = (thousandths * sorted.len()).div_ceil(1000).max(1) - 1;
        let share = thousandths as f64 / 1000.0 - 1e-9;
        let (exact, ours) = (sorted[place] as f64, first.at(share).unwrap() as f64);
        prop_assert!((ours - exact).abs() <= exact / 127.0, "{ours} for {exact}");
        prop_assert_eq!(first.range(), Some((sorted[0], sorted[sorted.len() - 1])));
        let mean = sorted.iter().map(|&number| number as f64).sum::<f64>() / sorted.len() as f64;
        prop_assert!((first.mean().unwrap() - mean).abs() <= mean * 1e-9);
    }
}
