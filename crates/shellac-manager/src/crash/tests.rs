use std::path::Path;

use shellac_format::Dialect;
use shellac_ring::Ring;
use shellac_sys::LogViewMut;
use shellac_vsm::{ChildSet, MgtSet, PublishOptions};

use super::*;

/// A published log with these batches of whole words, of a worker that is not there any more.
fn dead(workdir: &Path, batches: &[&[u8]]) -> (MgtSet, ChildSet) {
    let options = PublishOptions { pid: u32::MAX >> 2, holds_lock: true, ..PublishOptions::own(1) };
    let mut mgt = MgtSet::create(workdir, &options).unwrap();
    mgt.add_identity("i", "7.3-8.0", "0").unwrap();
    mgt.publish().unwrap();
    let mut set = ChildSet::create(workdir, &options).unwrap();
    let file = set.allocate("Log", "Log", 1 << 16).unwrap();
    let layout = Dialect::V7_3.layout();
    let view = LogViewMut::create(file, layout.segment_marker()).unwrap();
    let (ring, producers) = Ring::create(view, layout, 1).unwrap();
    ring.publish_marker();
    set.publish().unwrap();
    for batch in batches {
        producers[0].publish(1, batch).unwrap();
    }
    (mgt, set)
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

#[test]
fn an_empty_log_is_no_file_and_one_that_is_none_is_told() {
    let root = tempfile::tempdir().unwrap();
    assert!(DeadLog::find(&root.path().join("none")).is_none());
    let _sets = dead(root.path(), &[]);
    let log = DeadLog::find(root.path()).unwrap().unwrap();
    let why = log.save(root.path(), None, at(0)).unwrap_err();
    assert!(why.contains("nothing was in its log"), "{why}");
    let left: Vec<_> = std::fs::read_dir(root.path()).unwrap().flatten().collect();
    assert!(left.iter().all(|entry| !entry.file_name().to_string_lossy().contains("crash")));
}

#[test]
fn the_newest_three_are_kept() {
    let root = tempfile::tempdir().unwrap();
    for day in 1..=5 {
        std::fs::write(root.path().join(format!("crash-2026010{day}T000000.000Z.vsl")), "")
            .unwrap();
    }
    std::fs::write(root.path().join("crash-notes.txt"), "").unwrap();
    remove_oldest(root.path()).unwrap();
    let mut names: Vec<_> = std::fs::read_dir(root.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "crash-20260103T000000.000Z.vsl",
            "crash-20260104T000000.000Z.vsl",
            "crash-20260105T000000.000Z.vsl",
            "crash-notes.txt"
        ]
    );
}
