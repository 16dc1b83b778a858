use super::*;

fn at(ms: u64) -> Duration {
    Duration::from_millis(1_800_000_000_000 + ms)
}

#[test]
fn two_that_take_three_times_the_usual_raise_it() {
    let suspicion = Suspicion::new();
    let usual = suspicion.begin(at(0)).unwrap();
    suspicion.end(&usual, Some(at(40)));
    let one = suspicion.begin(at(1000)).unwrap();
    let two = suspicion.begin(at(1010)).unwrap();
    assert!(!suspicion.is_raised(at(1125)));
    assert!(suspicion.is_raised(at(1131)));
    suspicion.end(&one, None);
    assert!(!suspicion.is_raised(at(5000)));
    suspicion.end(&two, Some(at(5000)));
    assert_eq!(suspicion.pending.load(Ordering::Relaxed), 0);
}

#[test]
fn without_experience_a_second_is_waited_for() {
    let suspicion = Suspicion::new();
    let _all: Vec<_> = (0..WATCHED).map(|_| suspicion.begin(at(0)).unwrap()).collect();
    assert!(suspicion.begin(at(0)).is_none());
    assert!(!suspicion.is_raised(at(999)));
    assert!(suspicion.is_raised(at(1001)));
}

#[test]
fn a_fast_network_is_no_reason_to_be_hasty() {
    let suspicion = Suspicion::new();
    let usual = suspicion.begin(at(0)).unwrap();
    suspicion.end(&usual, Some(at(0) + Duration::from_micros(80)));
    let _hanging = [suspicion.begin(at(10)).unwrap(), suspicion.begin(at(10)).unwrap()];
    assert!(!suspicion.is_raised(at(59)));
    assert!(suspicion.is_raised(at(61)));
}
