use super::Dice;

#[test]
fn a_seed_gives_the_numbers_that_it_always_gave() {
    let mut dice = Dice::new(1_234_567);
    let published = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973];
    assert_eq!([dice.roll(), dice.roll()], published);
}

#[test]
fn every_side_comes_and_no_other() {
    let mut dice = Dice::new(7);
    let mut seen = [0; 6];
    for _ in 0..6_000 {
        seen[dice.below(6)] += 1;
        assert!((0.0..1.0).contains(&dice.share()));
    }
    assert!(seen.iter().all(|count| (800..1_200).contains(count)), "{seen:?}");
    assert_eq!((dice.below(1), dice.below(0)), (0, 0));
}
