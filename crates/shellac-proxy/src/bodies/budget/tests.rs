use super::*;

#[test]
fn what_is_reserved_never_exceeds_the_total_and_comes_back() {
    let budget = Arc::new(Budget::default());
    let mut first = Reservation::new(&budget);
    let mut second = Reservation::new(&budget);
    assert!(first.grow(60, 100) && second.grow(40, 100));
    assert!(!second.grow(1, 100));
    // A configuration with less room takes nothing from those that have theirs.
    assert!(!second.grow(1, 50));
    assert!(!second.grow(u64::MAX, u64::MAX), "a sum that does not fit is no room");
    drop(first);
    assert!(second.grow(60, 100));
    drop(second);
    assert_eq!(*budget.used(), 0);
}

#[test]
fn threads_share_it() {
    let budget = Arc::new(Budget::default());
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let budget = Arc::clone(&budget);
            std::thread::spawn(move || {
                (0..1000).map(|_| Reservation::new(&budget)).fold(
                    (0, Vec::new()),
                    |(n, mut all), mut one| {
                        let got = one.grow(1, 1000);
                        all.push(one);
                        (n + u64::from(got), all)
                    },
                )
            })
        })
        .collect();
    let got: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(got.iter().map(|(count, _)| count).sum::<u64>(), 1000);
    drop(got);
    assert_eq!(*budget.used(), 0);
}
