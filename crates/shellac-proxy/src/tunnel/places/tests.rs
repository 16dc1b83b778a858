use super::*;

#[test]
fn as_many_as_may_be_and_again_when_one_has_gone() {
    let tunnels = Tunnels::default();
    let other_thread = tunnels.clone();
    let first = tunnels.take(2).expect("there is room");
    let _second = other_thread.take(2).expect("there is room");
    assert!(tunnels.take(2).is_none());
    assert!(other_thread.take(2).is_none(), "one that was refused has no place");
    // A configuration with another limit.
    let _third = tunnels.take(3).expect("there is room");
    let _fourth = tunnels.take(0).expect("no limit");
    assert!(tunnels.take(3).is_none());
    drop(first);
    assert!(tunnels.take(3).is_none());
    assert!(tunnels.take(4).is_some());
}
