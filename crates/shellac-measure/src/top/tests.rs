//! Tests of the counters, against exact counts.

use std::collections::HashMap;

use proptest::prelude::*;

use super::Top;

#[test]
fn with_room_for_all_counts_are_exact() {
    let mut top = Top::new(3);
    for key in ["b", "a", "b", "c", "b", "c"] {
        top.add(key, 1);
    }
    let entries: Vec<_> =
        top.entries(2).into_iter().map(|it| (it.key, it.count, it.over)).collect();
    assert_eq!(entries, [("b".to_owned(), 3, 0), ("c".to_owned(), 2, 0)]);
    assert_eq!(top.total(), 6);
}

proptest! {
    #[test]
    fn counts_are_never_too_low_and_frequent_keys_are_there(
        keys in prop::collection::vec(0u32..60, 1..600), capacity in 1usize..30,
    ) {
        let mut top = Top::new(capacity);
        let mut exact: HashMap<String, u64> = HashMap::new();
        for key in &keys {
            // A few keys are much more frequent than others.
            let key = (key / 7 * key / 20).to_string();
            top.add(&key, 1);
            *exact.entry(key).or_default() += 1;
        }
        let entries = top.entries(usize::MAX);
        prop_assert!(entries.len() <= capacity);
        for entry in &entries {
            let exact = exact[&entry.key];
            prop_assert!(entry.count >= exact && entry.count - entry.over <= exact, "{entry:?} {exact}");
        }
        for (key, &count) in &exact {
            if count > keys.len() as u64 / capacity as u64 {
                prop_assert!(entries.iter().any(|entry| &entry.key == key), "{key}");
            }
        }
        prop_assert_eq!(top.total(), keys.len() as u64);
    }
}
