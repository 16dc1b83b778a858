use super::*;

#[test]
fn an_order_is_taken_once_and_as_a_whole() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path();
    let taken = || {
        let mut taken = Vec::new();
        take_kills(dir, |xid, reason| taken.push((xid, reason.to_owned())));
        taken.sort();
        taken
    };
    let first = order_kill(dir, 17, "it hangs").unwrap();
    let second = order_kill(dir, 4, &"é".repeat(4 << 10)).unwrap();
    // What is no order is left alone.
    for name in ["kill.", "kill.x", "_.index", "new.kill.5"] {
        std::fs::write(dir.join(name), "").unwrap();
    }
    assert_eq!(taken(), [(4, "é".repeat(2 << 10)), (17, "it hangs".to_owned())]);
    assert!(!first.exists() && !second.exists());
    assert_eq!(taken(), []);
    assert_eq!(std::fs::read_dir(dir).unwrap().count(), 4);
    // The worker has ended.
    assert!(order_kill(&dir.join("gone"), 1, "").is_err());
    take_kills(&dir.join("gone"), |_, _| panic!("there is nothing"));
}
