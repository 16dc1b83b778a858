//! Tests of the counts, against exact ones.

use std::collections::HashMap;

use proptest::prelude::*;

use super::Counts;

#[test]
fn with_room_for_all_counts_are_exact() {
    let mut counts = Counts::new(3, 100, 1);
    for key in ["b", "a", "b", "c", "b", "c"] {
        counts.add(7, key.as_bytes());
    }
    counts.add(7, b"a");
    let found: Vec<_> = counts.iter().map(|it| (it.kind, it.text, it.count, it.over)).collect();
    let expected: [(u8, &[u8], f64, f64); 3] =
        [(7, b"b", 3.0, 0.0), (7, b"a", 2.0, 0.0), (7, b"c", 2.0, 0.0)];
    assert_eq!(found, expected);
    assert_eq!(counts.floor(), 0.0);
}

#[test]
fn kinds_are_told_apart_and_texts_of_every_length_are_found_again() {
    let mut counts = Counts::new(1000, 1 << 20, 99);
    for round in 0..3 {
        for len in 0..100 {
            counts.add(1, &vec![b'x'; len]);
            counts.add(2, &vec![b'x'; len]);
        }
        assert_eq!(counts.len(), 200, "round {round}");
    }
    assert!(counts.iter().all(|it| it.count == 3.0 && it.over == 0.0));
}

#[test]
fn what_is_forgotten_is_not_found_and_the_rest_is() {
    let mut counts = Counts::new(100, 1 << 20, 5);
    for number in 0..50_u32 {
        for _ in 0..=number {
            counts.add(0, number.to_string().as_bytes());
        }
    }
    counts.retain(|it| it.count > 25.0);
    assert_eq!((counts.len(), counts.floor()), (25, 0.0));
    counts.add(0, b"30");
    counts.add(0, b"3");
    let count = |text: &[u8]| counts.iter().find(|it| it.text == text).map(|it| it.count);
    assert_eq!((count(b"30"), count(b"3"), count(b"4")), (Some(32.0), Some(1.0), None));
}

#[test]
fn counts_come_nearer_to_what_they_decay_to() {
    let mut counts = Counts::new(10, 100, 5);
    (0..10).for_each(|_| counts.add(0, b"a"));
    counts.decay(1.0 / 3.0, 2.0);
    let count = counts.iter().next().unwrap().count;
    assert!((count - (10.0 + 1.0 / 3.0) / 2.0).abs() < 1e-12, "{count}");
    counts.decay(1.0 / 3.0, 0.5);
    let count = counts.iter().next().unwrap().count;
    assert!((count - 1.0 / 3.0).abs() < 1e-12, "{count}");
}

#[test]
fn a_text_that_is_too_long_is_cut_and_takes_not_more_than_the_room() {
    let mut counts = Counts::new(10, 64, 5);
    for len in 0..200 {
        counts.add(0, &vec![b'a'; len]);
    }
    assert!(counts.iter().all(|it| it.text.len() <= 32));
    assert!(counts.iter().map(|it| it.text.len()).sum::<usize>() <= 64);
}

fn padded(text: &[u8]) -> Vec<u8> {
    let mut bytes = text.to_vec();
    bytes.resize(bytes.len().max(8), 0);
    bytes
}

#[test]
fn short_texts_are_counted_with_the_others_also_after_some_were_forgotten() {
    let word = |text: &[u8]| u64::from_le_bytes(padded(text).try_into().unwrap()).into();
    let mut counts = Counts::new(4, 100, 5);
    for text in [&b"a"[..], b"b", b"a", b"c", b"a"] {
        counts.add_short(1, word(text));
    }
    counts.add(1, b"a");
    counts.add_short(2, word(b"a"));
    let found = |counts: &Counts| -> Vec<(u8, Vec<u8>, f64)> {
        counts.iter().map(|it| (it.kind, it.text.to_vec(), it.count)).collect()
    };
    let key = |kind, text: &[u8], count| (kind, text.to_vec(), count);
    let all = [key(1, b"a", 4.0), key(1, b"b", 1.0), key(1, b"c", 1.0), key(2, b"a", 1.0)];
    assert_eq!(found(&counts), all);
    // Rows move.
    counts.retain(|it| it.text != b"b");
    counts.add_short(1, word(b"c"));
    counts.add_short(2, word(b"a"));
    let left = [key(1, b"a", 4.0), key(1, b"c", 2.0), key(2, b"a", 2.0)];
    assert_eq!(found(&counts), left);
    counts.clear();
    counts.add_short(2, word(b"a"));
    assert_eq!(found(&counts), [key(2, b"a", 1.0)]);
}

proptest! {
    #[test]
    fn counts_are_never_too_low_and_frequent_keys_are_there(
        keys in prop::collection::vec(0u32..90, 1..900),
        room in 2usize..40,
        bytes in 8usize..200,
        seed in any::<u64>(),
        are_short in any::<bool>(),
    ) {
        let mut counts = Counts::new(room, bytes, seed);
        let mut exact: HashMap<Vec<u8>, f64> = HashMap::new();
        for key in &keys {
            // A few keys are much more frequent than others.
            let key = (key / 7 * key / 20).to_string().into_bytes();
            if let (true, Ok(short)) = (are_short, <[u8; 8]>::try_from(padded(&key))) {
                counts.add_short(3, u64::from_le_bytes(short).into());
            } else {
                counts.add(3, &key);
            }
            *exact.entry(key).or_default() += 1.0;
            prop_assert!(counts.len() <= room);
        }
        let found: HashMap<Vec<u8>, (f64, f64)> =
            counts.iter().map(|it| (it.text.to_vec(), (it.count, it.over))).collect();
        for (key, exact) in &exact {
            match found.get(key) {
                Some((count, over)) => {
                    prop_assert!(count >= exact && count - over <= *exact, "{key:?}");
                }
                None => prop_assert!(*exact <= counts.floor(), "{key:?}"),
            }
        }
        prop_assert!(found.values().all(|(_, over)| *over <= counts.floor()));
        // By number alone: short texts fill no more room than they are many.
        if bytes >= 4 * room {
            let most = 2.0 * keys.len() as f64 / (room - room % 2) as f64;
            prop_assert!(counts.floor() <= most, "{} {most}", counts.floor());
        }
    }
}
