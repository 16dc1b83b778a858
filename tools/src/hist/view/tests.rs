use super::{Picture, lines};
use crate::hist::samples::Buckets;

fn buckets(decades: usize, hits: &[(usize, u64)], misses: &[(usize, u64)]) -> Buckets {
    let mut buckets = Buckets { hits: vec![0; decades * 100], misses: vec![0; decades * 100] };
    hits.iter().for_each(|&(at, count)| buckets.hits[at] = count);
    misses.iter().for_each(|&(at, count)| buckets.misses[at] = count);
    buckets
}

fn picture(buckets: &Buckets) -> Picture<'_> {
    let decades = buckets.hits.len() / 100;
    Picture { low: -2, decades, buckets, samples: 7, delay: 1.0, bend: None, right: "EOF" }
}

#[test]
fn misses_stand_below_hits_on_an_axis_with_powers_of_ten() {
    let buckets = buckets(2, &[(0, 4), (50, 1), (199, 2)], &[(0, 1), (100, 3)]);
    let found = lines(&picture(&buckets), 24, 8);
    assert_eq!(found[0], "1:1, n = 7, d = 1   EOF");
    // Five of eight lines are the picture; the label stands beside the fifth cell.
    assert_eq!(
        found[1..],
        [
            "|_",
            "|",
            "|           #",
            "|           #          |",
            "#     |     #          |",
            "+-----------+-----------",
            "|1e-2       |1e-1"
        ]
    );
}

#[test]
fn what_is_left_of_a_cell_of_misses_and_of_one_of_hits_is_a_cell() {
    let buckets = buckets(1, &[(0, 41), (50, 1)], &[(0, 1), (50, 2)]);
    let found = lines(&picture(&buckets), 20, 23);
    assert!(found[0].starts_with("1:3,"), "{found:?}");
    assert_eq!((&*found[20], found[7].starts_with('|')), ("|         |", true), "{found:?}");
}

#[test]
fn the_first_scale_that_fits_is_taken() {
    let head = |count, rows| {
        let buckets = buckets(1, &[(0, count)], &[]);
        lines(&picture(&buckets), 80, rows)[0].split(',').next().unwrap().to_owned()
    };
    assert_eq!(head(0, 24), "1:1");
    assert_eq!(head(21, 24), "1:1");
    assert_eq!(head(22, 24), "1:2");
    assert_eq!(head(2000, 24), "1:100");
    assert_eq!(head(u64::MAX, 24), "1:100000");
}

#[test]
fn screens_without_room_show_what_fits() {
    let buckets = buckets(9, &[(0, 1)], &[(899, 1)]);
    for columns in 0..30 {
        for rows in 0..12 {
            let found = lines(&picture(&buckets), columns, rows);
            assert_eq!(found.len(), rows);
            assert!(found.iter().all(|line| line.len() <= columns), "{columns}x{rows}: {found:?}");
        }
    }
}

#[test]
fn bent_time_is_told_in_the_first_line() {
    let buckets = buckets(1, &[], &[]);
    let bend = Some(("Sat, 21 Nov 2026 23:47:59 GMT".to_owned(), 2.5));
    let picture = Picture { bend, delay: 0.25, right: "edge-1", ..picture(&buckets) };
    let found = lines(&picture, 79, 10).swap_remove(0);
    let left = "1:1, n = 7, d = 0.25 @ Sat, 21 Nov 2026 23:47:59 GMT x 2.5";
    assert_eq!(found, format!("{left:72}edge-1"));
}
