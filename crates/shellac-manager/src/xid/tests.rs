use super::*;

/// The bases of workers that start at these times, one after the other.
fn bases<const N: usize>(layout: Layout, starts: [Duration; N]) -> [u64; N] {
    let mut bases = XidBases::new(layout);
    starts.map(|at| bases.next(at))
}

/// Numbers from one base to the other, upwards and around.
fn distance(from: u64, to: u64) -> u64 {
    to.wrapping_sub(from) & Layout::Words2.max_vxid()
}

#[test]
fn with_51_bits_a_base_is_the_second_of_the_clock_and_above_the_one_before() {
    let starts = [1000, 1000, 5, 2000].map(Duration::from_secs);
    let expected = [1000 << 20, 1001 << 20, 1002 << 20, 2000 << 20];
    assert_eq!(bases(Layout::Words3, starts), expected);
}

#[test]
fn with_30_bits_instances_of_one_second_or_one_round_of_seconds_are_apart() {
    let first = Duration::new(1_795_317_069, 100_000_000);
    let [one] = bases(Layout::Words2, [first]);
    for later in [Duration::from_micros(1), Duration::from_millis(3), Duration::from_secs(1024)] {
        let [other] = bases(Layout::Words2, [first + later]);
        let apart = distance(one, other).min(distance(other, one));
        assert!(apart > 100_000, "{later:?} later the numbers begin {apart} further");
    }
}

#[test]
fn with_30_bits_a_worker_begins_above_what_the_one_before_can_have_used() {
    for ran in [0, 1, 1024, 2048, 10_000] {
        let first = Duration::from_secs(1_795_317_069);
        let [one, other] = bases(Layout::Words2, [first, first + Duration::from_secs(ran)]);
        let apart = distance(one, other);
        assert!(apart >= ROOM && apart >= ran << 16, "after {ran} s: {apart}");
    }
    let back = [Duration::from_secs(2000), Duration::from_secs(1000)];
    let [one, other] = bases(Layout::Words2, back);
    assert_eq!(distance(one, other), ROOM, "a clock that was set back");
}

#[test]
fn with_30_bits_the_first_bases_use_the_whole_range() {
    let start = Duration::from_secs(1_795_317_069);
    let mut eighths = [0; 8];
    for step in 0..800 {
        let [base] = bases(Layout::Words2, [start + Duration::from_millis(step)]);
        assert!(base <= Layout::Words2.max_vxid());
        eighths[(base >> 27) as usize] += 1;
    }
    assert!(eighths.iter().all(|&count| count > 50), "{eighths:?}");
}
