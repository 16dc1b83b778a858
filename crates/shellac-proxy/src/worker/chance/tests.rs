use super::*;

#[test]
fn a_seed_is_a_sequence_and_the_numbers_are_spread() {
    let draws = |seed| {
        let chance = Chance::new(seed);
        std::iter::repeat_with(move || chance.draw()).take(1000)
    };
    assert!(draws(7).eq(draws(7)) && draws(7).ne(draws(8)));
    assert!(draws(7).all(|drawn| (0.0..1.0).contains(&drawn)));
    let low = draws(7).filter(|&drawn| drawn < 0.5).count();
    assert!((400..600).contains(&low), "{low} of 1000 are below a half");
}
