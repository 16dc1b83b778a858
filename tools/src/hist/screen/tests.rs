use std::time::Duration;

use shellac_format::Dialect;
use shellac_log::Sides;

use super::{Bent, View};
use crate::hist::profile::Profile;
use crate::hist::samples::Samples;
use crate::reading::behind::Seen;
use crate::terminal::Key;

#[test]
fn digits_and_signs_change_the_delay() {
    let mut view = View { delay: 1.0, identity: String::new() };
    let mut delay_after = |key| (view.key(Key::Char(key)), view.delay);
    let keys = [('+', 0.5), ('+', 0.25), ('-', 0.5), ('0', 1.0), ('3', 8.0), ('9', 512.0)];
    for (key, delay) in keys {
        assert_eq!(delay_after(key), (true, delay), "{key}");
    }
    assert_eq!(delay_after('x'), (false, 512.0));
    // However often it is pressed there is a time between two pictures, and it ends.
    for _ in 0..2000 {
        let _ = delay_after('+');
    }
    assert!(delay_after('+').1 > 0.0);
    for _ in 0..5000 {
        let _ = delay_after('-');
    }
    assert!(Duration::try_from_secs_f64(delay_after('-').1).is_ok());
}

#[test]
fn the_first_press_begins_to_bend_time_and_the_next_ones_change_it() {
    let samples = Samples::new(Profile::default(), Sides::default(), Dialect::V7_3);
    let mut bent = Bent { samples, bend: None };
    let mut factor_after = |times| {
        bent.change(times);
        bent.bend.map(|bend| bend.factor)
    };
    let factors = [2.0, 2.0, 0.5, 0.5, 0.5].map(|times| factor_after(times).unwrap());
    assert_eq!(factors, [1.0, 2.0, 1.0, 0.5, 0.25]);
    // It never stops and never goes at once.
    for _ in 0..5000 {
        let _ = factor_after(0.5);
    }
    assert!(factor_after(0.5).unwrap() > 0.0);
    for _ in 0..9000 {
        let _ = factor_after(2.0);
    }
    assert!(factor_after(2.0).unwrap().is_finite());
    assert_eq!((bent.ahead(), bent.samples.watches_time), (Duration::ZERO, true));
}
