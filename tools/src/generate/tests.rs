use shellac_format::{Dialect, Records};

use super::content::{Maker, Part};
use super::parse_size;

#[test]
fn the_same_seed_makes_the_same_batches() {
    let make = |seed, thread| {
        let mut maker = Maker::new(Dialect::V7_3, thread, seed, 600, 6000);
        (0..50).map(|_| maker.batch(Part::Attempt, 1000, 10_000)).collect::<Vec<_>>()
    };
    assert_eq!(make(1, 0), make(1, 0));
    assert_ne!(make(1, 0), make(2, 0));
    assert_ne!(make(1, 0), make(1, 1));
}

#[test]
fn batches_stay_below_the_limit_and_count_their_bytes() {
    for dialect in Dialect::ALL {
        let mut maker = Maker::new(dialect, 3, 7, 3000, 60_000);
        let mut bytes = 0;
        for _ in 0..200 {
            assert_eq!(maker.bytes(), bytes);
            let batch = maker.batch(Part::RequestBegins, 1000, 4000);
            assert!(batch.len() <= 4000 && batch.len().is_multiple_of(4));
            assert!(Records::new(dialect.layout(), &batch).all(|record| record.is_ok()));
            bytes += (batch.len() + dialect.layout().head_bytes()) as u64;
        }
        assert_eq!((maker.batches(), maker.bytes()), (200, bytes));
    }
}

#[test]
fn sizes_have_units() {
    assert_eq!(parse_size("1M"), Ok(1 << 20));
    assert_eq!(parse_size("80k"), Ok(80 << 10));
    assert_eq!(parse_size("7"), Ok(7));
    for bad in ["", "M", "-1", "1.5M", "99999999999G"] {
        assert!(parse_size(bad).is_err(), "{bad}");
    }
}
