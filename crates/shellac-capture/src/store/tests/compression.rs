//! Older files are compressed, and everything that led to them still does.

use std::fs;
use std::io::Read;
use std::time::Duration;

use super::{START, at, keep_one, names, options};
use crate::files;
use crate::index::{Item, Lookup, Reader};
use crate::store::Store;
use crate::store::notice::Notice;
use crate::store::options::StoreOptions;

fn compressing(dir: &std::path::Path) -> StoreOptions {
    StoreOptions { compress_after: Some(Duration::from_secs(10)), ..options(dir) }
}

#[test]
fn old_files_are_compressed_and_the_newest_stays_plain() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(compressing(dir.path()), START).unwrap();
    let files: Vec<String> = (0..3)
        .map(|number| keep_one(&mut store, number, "a", at(number as f64), 20_000).file.unwrap())
        .collect();
    let plain: Vec<Vec<u8>> =
        files.iter().map(|file| fs::read(dir.path().join(file)).unwrap()).collect();
    let before = store.usage().1;
    store.tick(at(9.0));
    assert!(dir.path().join(&files[0]).exists(), "it is not old enough");
    for _ in 0..5 {
        store.tick(at(100.0));
    }
    let names = names(dir.path());
    assert!(names.contains(&format!("{}.zst", files[0])), "{names:?}");
    assert!(names.contains(&format!("{}.zst", files[1])), "{names:?}");
    assert!(names.contains(&files[2]), "{names:?}");
    assert_eq!(names.iter().filter(|name| name.contains(".vsl")).count(), 3, "{names:?}");
    assert!(store.usage().1 < before);
    assert_eq!(store.usage().0, 3);

    for (file, plain) in files.iter().zip(&plain) {
        let found = files::locate(dir.path(), file).unwrap().unwrap();
        let mut read = Vec::new();
        found.open().unwrap().read_to_end(&mut read).unwrap();
        assert_eq!(&read, plain);
        let mut from = Vec::new();
        found.open_at(100).unwrap().read_to_end(&mut from).unwrap();
        assert_eq!(from, [&plain[..4], &plain[100..]].concat());
        assert!(found.open_at(3).is_err());
        assert!(found.open_at(1 << 40).is_err());
    }
    let entries = Reader::open(dir.path()).unwrap().find(Lookup::Xid(0));
    let Some(Ok(Item::Entry(entry))) = entries.last() else { panic!("it is in the index") };
    assert!(files::locate(dir.path(), &entry.file.unwrap()).unwrap().unwrap().is_compressed);
    assert!(store.take_notices().is_empty());
}

#[test]
fn what_would_not_become_smaller_stays_plain_and_that_is_said_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(compressing(dir.path()), START).unwrap();
    // The few bytes of this one grow.
    let id = super::open(store.begin(super::head(1, "a", START), START));
    store.append(id, &[1, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0], START).unwrap();
    let file = store.finish(id, super::Facts::default(), START).file.unwrap();
    keep_one(&mut store, 2, "a", at(1.0), 10);
    for second in 20..30 {
        store.tick(at(second as f64));
    }
    let notices = store.take_notices();
    assert!(
        matches!(&notices[..], [Notice::Odd { what, .. }] if what.contains("smaller")),
        "{notices:?}"
    );
    assert!(dir.path().join(&file).exists());
    assert_eq!(store.usage().0, 2);
}

#[test]
fn a_large_file_takes_several_turns_and_is_not_removed_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let options =
        StoreOptions { max_files: 3, keep_first: 0, keep_last: 0, ..compressing(dir.path()) };
    let mut store = Store::open(options, START).unwrap();
    let id = super::open(store.begin(super::head(1, "a", START), START));
    let one = super::records(shellac_format::Dialect::V7_3, 1, 60_000);
    for _ in 0..150 {
        store.append(id, &one, START).unwrap();
    }
    let large = store.finish(id, super::Facts::default(), START).file.unwrap();
    keep_one(&mut store, 2, "a", at(1.0), 10);
    store.tick(at(60.0));
    assert!(dir.path().join(&large).exists(), "9 MB are more than one piece");
    for number in 3..6 {
        keep_one(&mut store, number, "a", at(60.0 + number as f64), 10);
    }
    assert!(dir.path().join(&large).exists());
    for _ in 0..4 {
        store.tick(at(70.0));
    }
    assert!(dir.path().join(format!("{large}.zst")).exists());
    assert!(!dir.path().join(&large).exists());
    // A writer that ends in the middle of one leaves the plain file.
    drop(store.close(at(71.0)));
    assert!(names(dir.path()).iter().all(|name| !name.ends_with(".part")));
}
