use super::*;

fn picker(size: usize, offset: usize) -> Picker {
    let endpoints = (0..size)
        .map(|at| Arc::new(Endpoint::new(at + 10, format!("b{at}"), ([127, 0, 0, 1], 9000).into())))
        .collect();
    Picker::new(Arc::new(Pool::new("p", endpoints)), offset)
}

fn picks(picker: &mut Picker, exclude: &[usize], count: usize) -> Vec<usize> {
    (0..count).map(|_| picker.pick(exclude).unwrap().index()).collect()
}

#[test]
fn everyone_in_turn() {
    assert_eq!(picks(&mut picker(3, 0), &[], 7), [10, 11, 12, 10, 11, 12, 10]);
    assert_eq!(picks(&mut picker(3, 4), &[], 3), [11, 12, 10]);
}

#[test]
fn a_retry_prefers_another_endpoint() {
    let mut picker = picker(3, 0);
    assert_eq!(picks(&mut picker, &[10], 4), [11, 12, 11, 12]);
    assert_eq!(picks(&mut picker, &[10, 12], 2), [11, 11]);
}

#[test]
fn when_all_were_tried_the_turn_goes_on() {
    let mut picker = picker(2, 1);
    assert_eq!(picks(&mut picker, &[10, 11], 3), [11, 10, 11]);
    assert_eq!(picks(&mut super::tests::picker(1, 7), &[10], 2), [10, 10]);
}

#[test]
fn an_empty_pool_has_nothing() {
    assert!(picker(0, 3).pick(&[]).is_none());
}

#[test]
fn an_attempt_is_in_flight_until_it_is_dropped() {
    let endpoint = picker(1, 0).pick(&[]).unwrap();
    let (one, two) = (endpoint.begin(), endpoint.begin());
    assert_eq!((endpoint.in_flight(), endpoint.attempts()), (2, 2));
    drop(one);
    assert_eq!((endpoint.in_flight(), endpoint.attempts()), (1, 2));
    two.endpoint().failed();
    drop(two);
    assert_eq!((endpoint.in_flight(), endpoint.failures()), (0, 1));
}
