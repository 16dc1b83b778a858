use std::io::{Seek, SeekFrom};
use std::path::Path;

use shellac_format::layout::END_MARK;
use shellac_format::record::encode_text;
use shellac_format::{Dialect, Side, Vxid};
use shellac_ring::Ring;
use shellac_sys::LogViewMut;
use shellac_vsm::{ChildSet, MgtSet, PublishOptions};

use super::*;

/// A published log with these batches of whole words, of a worker that is not there any more.
fn dead(workdir: &Path, batches: &[Vec<u8>]) -> (MgtSet, ChildSet) {
    let options = PublishOptions { pid: u32::MAX >> 2, holds_lock: true, ..PublishOptions::own(1) };
    let mut mgt = MgtSet::create(workdir, &options).unwrap();
    mgt.add_identity("i", "7.3-8.0", "0").unwrap();
    mgt.publish().unwrap();
    let mut set = ChildSet::create(workdir, &options).unwrap();
    let file = set.allocate("Log", "Log", 1 << 16).unwrap();
    let layout = Dialect::V7_3.layout();
    let view = LogViewMut::create(file, layout.segment_marker()).unwrap();
    let (ring, mut producers) = Ring::create(view, layout, 1).unwrap();
    ring.publish_marker();
    set.publish().unwrap();
    for batch in batches {
        producers[0].publish(batch).unwrap();
    }
    (mgt, set)
}

fn death() -> Death {
    Death { pid: 17, how: "signal: 9 (SIGKILL)".to_owned(), at: 5_000_000 }
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

#[test]
fn an_empty_log_is_no_file_and_one_that_is_none_is_told() {
    let root = tempfile::tempdir().unwrap();
    assert!(DeadLog::find(&root.path().join("none"), Dialect::V7_3).is_none());
    let _sets = dead(root.path(), &[]);
    let log = DeadLog::find(root.path(), Dialect::V7_3).unwrap().unwrap();
    let why = log.save(root.path(), None, at(0), &death()).unwrap_err();
    assert!(why.contains("nothing was in its log"), "{why}");
    let left: Vec<_> = std::fs::read_dir(root.path()).unwrap().flatten().collect();
    assert!(left.iter().all(|entry| !entry.file_name().to_string_lossy().contains("crash")));
}

/// A batch with one record that says which one it is.
fn batch(number: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let text = format!("{number:04}{}", "x".repeat(500));
    encode_text(&mut out, Dialect::V7_3.layout(), 1, Vxid(2), Side::Client, text.as_bytes(), 4096);
    out
}

/// The numbers of the batches in a file.
fn numbers(file: &Path) -> Vec<usize> {
    let text = std::fs::read(file).unwrap();
    assert_eq!(text[..4], Dialect::V7_3.layout().file_magic());
    let text = String::from_utf8_lossy(&text).into_owned();
    let found = text.match_indices("xxxx");
    let mut numbers: Vec<usize> = Vec::new();
    for (at, _) in found {
        // The first of a row of them is behind the number.
        if text[..at].ends_with(|c: char| c.is_ascii_digit()) {
            let digits = &text[at - 4..at];
            numbers.push(digits.parse().unwrap());
        }
    }
    numbers
}

#[test]
fn at_a_hole_it_goes_on_with_the_next_segment() {
    let root = tempfile::tempdir().unwrap();
    let batches: Vec<Vec<u8>> = (0..60).map(batch).collect();
    let (_mgt, set) = dead(root.path(), &batches);
    let log = std::fs::read_dir(set.dir())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().unwrap().to_str().unwrap().starts_with("_.Log."))
        .unwrap();
    // A producer that died between its reservation and its header leaves the end mark.
    let bytes = std::fs::read(&log).unwrap();
    let at = bytes.windows(6).position(|window| window == b"0020xx").unwrap();
    let header = u64::try_from(at - 2 * Dialect::V7_3.layout().head_bytes()).unwrap();
    let mut file = OpenOptions::new().write(true).open(&log).unwrap();
    file.seek(SeekFrom::Start(header)).unwrap();
    file.write_all(&END_MARK.to_ne_bytes()).unwrap();

    let found = DeadLog::find(root.path(), Dialect::V7_3).unwrap().unwrap();
    let crash = found.save(root.path(), None, at_time(), &death()).unwrap();
    assert_eq!(crash.path.file_name().unwrap(), "crash-20260102T030405.678Z.vsl");
    assert_eq!(crash.holes, 1);
    let found = numbers(&crash.path);
    assert_eq!(found[..20], (0..20).collect::<Vec<_>>(), "up to the hole");
    let after = &found[20..];
    assert!(after[0] > 20 && after[0] < 45, "from the next segment on: {after:?}");
    assert_eq!(after, (after[0]..60).collect::<Vec<_>>(), "up to the end");
}

fn at_time() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_767_323_045_678).unwrap()
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
