use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use shellac_format::{Dialect, Side, Tag, Vxid};

use super::manifest::{CaptureLine, Facts, captures};
use super::options::{Fsync, KeepFree, StoreOptions};
use super::{Begun, CaptureHead, CaptureId, Finished, OpenError, Refusal, Store};
use crate::index::{Entry, Item, Lookup, Outcome, Reader};
use crate::stamp::Stamp;

mod compression;
mod eviction;
mod fake;
mod random;
mod recovery;
mod trouble;
mod volume;

const START: Stamp = Stamp(1_795_325_485_000_000);

fn at(seconds: f64) -> Stamp {
    START.after(Duration::from_secs_f64(seconds))
}

/// A transaction of a few records.
fn records(dialect: Dialect, xid: u64, payload_bytes: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let payload = "x".repeat(payload_bytes);
    for (tag, text) in
        [(Tag::Begin, "req 0 rxreq"), (Tag::VclLog, payload.as_str()), (Tag::End, "")]
    {
        let number = tag.number(dialect).unwrap();
        let text = [text.as_bytes(), b"\0"].concat();
        let layout = dialect.layout();
        shellac_format::record::encode(&mut bytes, layout, number, Vxid(xid), Side::Client, &text);
    }
    bytes
}

fn head(xid: u64, class: &str, time: Stamp) -> CaptureHead<'_> {
    CaptureHead { time, rule: "fetch", class, xid, dialect: Dialect::V7_3, expect_bytes: 0 }
}

fn options(dir: &Path) -> StoreOptions {
    StoreOptions { keep_free: KeepFree::Bytes(0), fsync: Fsync::None, ..StoreOptions::new(dir) }
}

fn open(begun: Begun) -> CaptureId {
    match begun {
        Begun::Open(id) => id,
        Begun::Refused(refusal) => panic!("{refusal:?}"),
    }
}

/// Keeps one failure in a capture of its own.
fn keep_one(store: &mut Store, xid: u64, class: &str, now: Stamp, bytes: usize) -> Finished {
    let id = open(store.begin(head(xid, class, now), now));
    let records = records(Dialect::V7_3, xid, bytes);
    assert_eq!(store.keep(id, &records, Entry::new(now, xid, class), now), Outcome::Full);
    store.finish(id, Facts::default(), now)
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn manifest(dir: &Path) -> Vec<CaptureLine> {
    captures(fs::File::open(dir.join("manifest.jsonl")).unwrap()).map(Result::unwrap).collect()
}

#[test]
fn a_capture_is_a_file_that_readers_know_with_its_line_in_index_and_manifest() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("captures");
    let mut store = Store::open(options(&dir), START).unwrap();
    let id = open(store.begin(head(7, "timeout", at(1.5)), at(2.0)));
    let part = "20261122T053126.500Z-fetch-timeout-7.vsl.part";
    assert_eq!(
        names(&dir),
        [part, "index.jsonl", "manifest.jsonl"],
        "it is seen while it is written"
    );
    let before = records(Dialect::V7_3, 6, 10);
    assert_eq!(store.append(id, &before, at(2.0)), Ok(4));
    let failing = records(Dialect::V7_3, 7, 10);
    let entry = Entry { url: Some("/pay".to_owned()), ..Entry::new(at(1.5), 7, "timeout") };
    assert_eq!(store.keep(id, &failing, entry, at(2.0)), Outcome::Full);
    let facts = Facts { rules: vec!["fetch".to_owned()], ..Facts::default() };
    let finished = store.finish(id, facts, at(3.0));
    let name = "20261122T053126.500Z-fetch-timeout-7.vsl";
    let bytes = (before.len() + failing.len()) as u64;
    assert_eq!(finished, Finished { file: Some(name.to_owned()), bytes, cut: None });
    assert_eq!(names(&dir), [name, "index.jsonl", "manifest.jsonl"]);
    assert_eq!(fs::read(dir.join(name)).unwrap(), [b"VSL2", &before[..], &failing].concat());

    let items: Vec<_> = Reader::open(&dir).unwrap().find(Lookup::Xid(7)).collect();
    let Ok(Item::Entry(entry)) = &items[0] else { panic!("{items:?}") };
    assert_eq!((entry.file.as_deref(), entry.offset), (Some(name), Some(4 + before.len() as u64)));
    let lines = manifest(&dir);
    assert_eq!((lines.len(), lines[0].bytes, lines[0].offset), (1, bytes, 4));
    assert_eq!(lines[0].classes["timeout"], 1);
    assert_eq!(lines[0].facts.rules, ["fetch"]);
    assert_eq!(lines[0].dialect.as_deref(), Some("7.3-8.0"));

    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o750);
    for name in names(&dir) {
        let mode = fs::metadata(dir.join(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640, "{name}");
    }
    let (accounts, notices) = store.close(at(4.0));
    assert!(notices.is_empty(), "{notices:?}");
    assert_eq!((accounts.total().handed_in, accounts.total().full), (1, 1));
}

#[test]
fn a_capture_to_which_nothing_came_leaves_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(options(dir.path()), START).unwrap();
    let id = open(store.begin(head(7, "timeout", START), START));
    assert_eq!(store.finish(id, Facts::default(), START).file, None);
    assert_eq!(names(dir.path()), ["index.jsonl", "manifest.jsonl"]);
    assert_eq!(store.append(id, &records(Dialect::V7_3, 7, 1), START), Err(Refusal::Ended));
    assert_eq!(store.usage(), (0, 0));
}

#[test]
fn captures_with_the_same_name_do_not_overwrite_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(options(dir.path()), START).unwrap();
    let files: Vec<_> =
        (0..3).map(|_| keep_one(&mut store, 7, "timeout", START, 10).file.unwrap()).collect();
    assert_eq!(files[2], "20261122T053125.000Z-fetch-timeout-7_2.vsl");
    assert_eq!(store.usage().0, 3);
}

#[test]
fn a_second_writer_is_turned_away() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(options(dir.path()), START).unwrap();
    let second = Store::open(options(dir.path()), START);
    assert!(matches!(second, Err(OpenError::Busy { .. })), "{second:?}");
    drop(store);
    assert!(Store::open(options(dir.path()), START).is_ok());
}

#[test]
fn options_that_make_no_sense_are_refused_with_what_would() {
    let dir = tempfile::tempdir().unwrap();
    let wrong = [
        StoreOptions { keep_free: KeepFree::Percent(f64::NAN), ..options(dir.path()) },
        StoreOptions { keep_free: KeepFree::Percent(100.5), ..options(dir.path()) },
        StoreOptions { max_files: 0, ..options(dir.path()) },
        StoreOptions { max_open: 0, ..options(dir.path()) },
        StoreOptions { index_bytes: 4096, ..options(dir.path()) },
    ];
    for options in wrong {
        let error = Store::open(options, START).unwrap_err();
        assert!(matches!(error, OpenError::Option { .. }), "{error}");
    }
    let error = Store::open(options(&dir.path().join("a/b")), START).unwrap_err();
    assert!(error.to_string().contains("a/b"), "{error}");
}
