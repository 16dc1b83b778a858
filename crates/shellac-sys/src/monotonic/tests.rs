use std::time::Instant;

use super::monotonic_micros;

#[allow(clippy::disallowed_methods, reason = "the other way to ask the same clock")]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn it_goes_on_as_the_clock_of_instants_does() {
    let micros = || u128::from(monotonic_micros());
    let outer_start = micros();
    let start = now();
    let inner_start = micros();
    while micros() < inner_start + 1_000 {
        std::hint::spin_loop();
    }
    let inner = micros() - inner_start;
    let between = start.elapsed().as_micros();
    let outer = micros() - outer_start;
    assert!(outer_start > 0);
    // One lies within the other, whatever comes between two lines; each is cut to microseconds.
    assert!(inner <= between + 1 && between <= outer + 1, "{inner}, {between}, {outer}");
}
