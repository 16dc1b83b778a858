//! Tests of the sample.

use super::Reservoir;
use crate::dice::Dice;

#[test]
fn few_are_all_kept() {
    let mut sample = Reservoir::new(10);
    (0..7).for_each(|item| sample.offer(0, || item));
    assert_eq!(sample.items(), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(sample.offered(), 7);
}

#[test]
fn each_item_is_kept_with_the_same_chance() {
    let mut dice = Dice::new(5);
    let mut kept = [0u32; 50];
    for _ in 0..10_000 {
        let mut sample = Reservoir::new(5);
        (0..50).for_each(|item| sample.offer(dice.roll(), || item));
        assert_eq!(sample.items().len(), 5);
        sample.items().iter().for_each(|&item| kept[item] += 1);
    }
    // 1000 on average with a deviation of 30; five of them for the worst of fifty.
    for (item, &kept) in kept.iter().enumerate() {
        assert!((850..=1150).contains(&kept), "{item}: {kept}");
    }
}

#[test]
fn nothing_is_kept_without_room() {
    let mut sample = Reservoir::new(0);
    sample.offer(0, || ());
    assert_eq!((sample.items().len(), sample.offered()), (0, 1));
}
