use super::*;

#[test]
fn every_worker_begins_above_the_one_before() {
    let at = Duration::from_secs;
    let first = next_xid_base(0, at(1000));
    assert_eq!(first, 1000 << 20);
    assert_eq!(next_xid_base(first, at(1000)), 1001 << 20, "the same second");
    assert_eq!(next_xid_base(first, at(5)), 1001 << 20, "a clock that was set back");
    assert_eq!(next_xid_base(first, at(2000)), 2000 << 20);
}
