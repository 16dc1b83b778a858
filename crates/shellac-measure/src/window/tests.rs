//! Tests of the sliding count.

use std::time::Duration;

use proptest::prelude::*;

use super::Window;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn a_steady_stream_gives_its_rate_at_every_moment() {
    let mut window = Window::new(ms(1000));
    for at in 0..1000 {
        window.add(ms(5000 + at * 10), 1);
        if at >= 100 {
            let rate = window.rate(ms(5000 + at * 10));
            assert!((99.0..=101.0).contains(&rate), "{rate} after {at}");
        }
    }
}

#[test]
fn what_is_older_than_the_span_is_gone() {
    let mut window = Window::new(ms(1000));
    window.add(ms(10), 7);
    assert_eq!(window.count(ms(900)), 7.0);
    assert_eq!(window.count(ms(1100)), 0.0);
    assert!(window.is_empty());
    window.add(ms(1100), 3);
    assert_eq!(window.count(ms(1_000_000)), 0.0);
}

#[test]
fn time_does_not_go_back() {
    let mut window = Window::new(ms(1000));
    window.add(ms(5000), 1);
    window.add(ms(10), 1);
    assert_eq!(window.count(ms(0)), 2.0);
}

proptest! {
    /// The count lies between what is surely within the span and what may be.
    #[test]
    fn the_count_is_right_to_a_slot(
        steps in prop::collection::vec((0u64..400, 0u64..5), 1..200),
        span in 100u64..3000,
    ) {
        let mut window = Window::new(ms(span));
        let (mut now, mut all) = (0, Vec::new());
        for (step, count) in steps {
            now += step;
            window.add(ms(now), count);
            all.push((now, count));
            let within = |span: u64| -> u64 {
                all.iter().filter(|(at, _)| at + span > now).map(|(_, count)| count).sum()
            };
            let counted = window.count(ms(now));
            let slot = span / 20 + 2;
            prop_assert!(counted >= within(span - slot) as f64 - 1e-6);
            prop_assert!(counted <= within(span + slot) as f64 + 1e-6);
        }
    }
}
