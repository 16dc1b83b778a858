//! What comes late.

use std::time::Duration;

use super::Parts;

fn add(parts: &mut Parts<u32>, second: u64) -> bool {
    let part = parts.at(Duration::from_secs(second), |_| 0);
    part.map(|part| *part += 1).is_some()
}

#[test]
fn what_comes_late_has_its_place_and_what_comes_too_late_has_none() {
    let mut parts = Parts::default();
    assert!(add(&mut parts, 1000));
    // The one between comes later than both.
    assert!(add(&mut parts, 1015) && add(&mut parts, 1006) && add(&mut parts, 1007));
    assert_eq!(parts.iter().copied().collect::<Vec<_>>(), [1, 2, 1]);
    assert!(add(&mut parts, 960));
    assert!(!add(&mut parts, 959));
    parts.advance(Duration::from_secs(1066));
    assert_eq!(parts.iter().copied().collect::<Vec<_>>(), [1]);
    parts.advance(Duration::from_secs(1000));
    assert!(!add(&mut parts, 1000));
}
