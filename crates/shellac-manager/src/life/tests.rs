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

#[test]
fn the_next_program_goes_on_counting() {
    let publish = |dir: &std::path::Path| {
        let mut mgt = MgtSet::create(dir, &PublishOptions::own(1)).unwrap();
        (Life::publish(&mut mgt).unwrap(), mgt)
    };
    let dir = tempfile::tempdir().unwrap();
    let (mut first, _mgt) = publish(&dir.path().join("a"));
    first.started();
    first.died(ExitStatus::from_raw(9));
    first.go_on(&[("uptime".to_owned(), 3600), ("child_start".to_owned(), 4)]);
    let left = first.all();
    let (mut second, _mgt) = publish(&dir.path().join("b"));
    second.started();
    let mut unknown = left.clone();
    unknown.push(("from_the_future".to_owned(), 7));
    second.go_on(&unknown);
    let value = |name: &str| second.all().into_iter().find(|(one, _)| one == name).unwrap().1;
    assert_eq!((value("child_start"), value("child_died")), (6, 1));
    assert!((3600..3660).contains(&value("uptime")), "{}", value("uptime"));
}
