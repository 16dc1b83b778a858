use shellac_counters::vsc::Counters;
use shellac_vsm::{AttachOptions, Attachment, PublishOptions};

use super::*;

#[test]
fn ends_of_workers_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let mut mgt = MgtSet::create(dir.path(), &PublishOptions::own(1)).unwrap();
    mgt.add_identity("test", "7.3-8.0", "0").unwrap();
    let life = Life::publish(&mut mgt).unwrap();
    // As wait() gives them: the exit status in the second byte, the signal in the lowest bits, 128 for a core.
    let exit = |code: i32| ExitStatus::from_raw(code << 8);
    for status in
        [exit(0), exit(3), exit(101), ExitStatus::from_raw(9), ExitStatus::from_raw(11 | 128)]
    {
        life.started();
        life.died(status);
    }
    let attachment = Attachment::open(dir.path(), AttachOptions::default()).unwrap();
    let counters = Counters::read(&attachment);
    let found: Vec<(&str, u64)> =
        counters.iter().map(|counter| (counter.name.as_str(), counter.value)).collect();
    assert_eq!(
        found,
        [
            ("MGT.uptime", 0),
            ("MGT.child_start", 5),
            ("MGT.child_exit", 1),
            ("MGT.child_stop", 2),
            ("MGT.child_died", 2),
            ("MGT.child_dump", 1),
            ("MGT.child_panic", 1)
        ]
    );
}
