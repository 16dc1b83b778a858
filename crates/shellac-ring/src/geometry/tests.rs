use super::*;

#[test]
fn eight_segments_have_the_limits_of_the_protocol() {
    let ring = Geometry::new(8, 100, Layout::Words3).unwrap();
    assert_eq!(ring.max_reservation_lag(), 4);
    assert_eq!(max_read_lag(8), 6);
    assert_eq!(resume_lag(8), 5);
    assert_eq!(ring.first_segment(), u32::MAX - 7);
    assert_eq!(ring.max_batch_words(), 100 - 1 - 6);
    assert_eq!(ring.max_body_bytes(), (100 - 1 - 6 - 3) * 4);
}

#[test]
fn only_the_last_segment_is_a_word_shorter() {
    let ring = Geometry::new(8, 100, Layout::Words2).unwrap();
    let first = ring.first_segment();
    let usable: Vec<u32> = (0..9).map(|n| ring.usable_words(first.wrapping_add(n))).collect();
    assert_eq!(usable, [100, 100, 100, 100, 100, 100, 100, 99, 100]);
    assert_eq!(ring.start(first.wrapping_add(7)), 700);
    assert_eq!(ring.start(first.wrapping_add(8)), 0);
}

#[test]
fn the_start_word_differs_from_that_of_the_laps_around_it() {
    let ring = Geometry::new(8, 100, Layout::Words2).unwrap();
    for segment in [0, 7, 8, 504, 511, 512, u32::MAX - 7, u32::MAX] {
        let word = ring.start_word(segment);
        assert_eq!(word & 0xff03_ffff, BATCH_WORD, "only bits 18 to 23 are ours");
        assert_ne!(word, ring.start_word(segment.wrapping_sub(8)));
        assert_ne!(word, ring.start_word(segment.wrapping_add(8)));
    }
}

#[test]
fn what_cannot_be_a_ring_is_refused() {
    assert!(Geometry::new(8, 9, Layout::Words2).is_none());
    assert!(Geometry::new(8, 10, Layout::Words2).is_some());
    assert!(Geometry::new(8, 13, Layout::Words3).is_none());
    assert!(Geometry::new(7, 100, Layout::Words2).is_none());
    assert!(Geometry::new(1, 100, Layout::Words2).is_none());
    assert!(Geometry::new(0, 100, Layout::Words2).is_none());
    assert!(Geometry::new(8, u32::MAX / 8 + 1, Layout::Words2).is_none());
}
