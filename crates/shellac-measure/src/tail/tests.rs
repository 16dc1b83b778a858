//! Tests of the tails, against sums that are done the long way.

use proptest::prelude::*;

use super::{ln_binomial, ln_choose, ln_factorial, ln_hypergeometric, wilson};

fn close(ours: f64, exact: f64) -> bool {
    (ours - exact).abs() <= 1e-9 * exact.abs().max(1.0)
}

#[test]
fn factorials_agree_where_the_table_ends() {
    let mut sum = 0.0;
    for n in 1..400u64 {
        sum += (n as f64).ln();
        assert!(close(ln_factorial(n), sum), "{n}: {} and {sum}", ln_factorial(n));
    }
}

#[test]
fn known_values() {
    // Tea with milk: 4 of 4 right among 8 cups, 1 in 70.
    assert!(close(ln_hypergeometric(8, 4, 4, 4), (1.0f64 / 70.0).ln()));
    // Ten heads in a row.
    assert!(close(ln_binomial(10, 0.5, 10), -10.0 * std::f64::consts::LN_2));
    // 10 of 100 at 95 %.
    let (low, high) = wilson(10, 100, 1.959_964);
    assert!((low - 0.0552).abs() < 1e-4 && (high - 0.1744).abs() < 1e-4, "{low} {high}");
    assert_eq!(wilson(0, 0, 3.29), (0.0, 1.0));
    assert_eq!(ln_choose(3, 4), f64::NEG_INFINITY);
    // Far out, where the number itself would be 0.
    assert!(ln_hypergeometric(1_000_000, 5000, 5000, 5000) < -30_000.0);
    assert_eq!(ln_hypergeometric(u64::MAX / 4, 1 << 40, 1 << 41, 0), 0.0);
}

proptest! {
    #[test]
    fn the_hypergeometric_tail_is_the_sum_of_its_terms(
        all in 1u64..300, marked in 0u64..300, drawn in 0u64..300, at_least in 0u64..300,
    ) {
        let (marked, drawn) = (marked.min(all), drawn.min(all));
        let term = |k: u64| {
            if drawn < k { return 0.0 }
            (ln_choose(marked, k) + ln_choose(all - marked, drawn - k) - ln_choose(all, drawn)).exp()
        };
        let exact: f64 = (at_least..=drawn).map(term).sum();
        let ours = ln_hypergeometric(all, marked, drawn, at_least).exp();
        prop_assert!((ours - exact).abs() < 1e-9, "{ours} {exact}");
    }

    #[test]
    fn the_binomial_tail_is_the_sum_of_its_terms(
        trials in 0u64..200, chance in 0.0f64..=1.0, at_least in 0u64..210,
    ) {
        let term = |k: u64| {
            let count = i32::try_from(k).unwrap();
            let rest = i32::try_from(trials - k).unwrap();
            ln_choose(trials, k).exp() * chance.powi(count) * (1.0 - chance).powi(rest)
        };
        let exact: f64 = (at_least..=trials).map(term).sum();
        let ours = ln_binomial(trials, chance, at_least).exp();
        prop_assert!((ours - exact).abs() < 1e-9, "{ours} {exact}");
    }

    #[test]
    fn no_numbers_are_too_large(
        all in any::<u64>(), marked in any::<u64>(), drawn in any::<u64>(), at_least in any::<u64>(),
    ) {
        // The sums of three numbers stay below the end of the type.
        let all = all / 4;
        let ln = ln_hypergeometric(all, marked, drawn, at_least);
        prop_assert!(ln <= 0.0 && !ln.is_nan(), "{ln}");
    }
}
