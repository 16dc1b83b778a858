//! Budgets, and what goes when they are used up.

use std::path::Path;
use std::time::Duration;

use super::{START, at, head, keep_one, manifest, names, open, options, records};
use crate::index::{Entry, Item, Outcome, Reader};
use crate::stamp::Stamp;
use crate::store::manifest::Facts;
use crate::store::notice::Notice;
use crate::store::options::{Roll, StoreOptions};
use crate::store::{Begun, Refusal, Store};
use shellac_format::Dialect;

/// The numbers of the failures whose files are there, with class before them.
fn kept(dir: &Path) -> Vec<String> {
    let mut kept: Vec<String> = names(dir)
        .iter()
        .filter_map(|name| name.strip_suffix(".vsl"))
        .map(|stem| stem.split('-').skip(2).collect::<Vec<_>>().join(" "))
        .collect();
    kept.sort();
    kept
}

#[test]
fn the_middle_of_the_class_with_most_goes_first_then_the_oldest_of_the_class_with_most() {
    let dir = tempfile::tempdir().unwrap();
    let options = StoreOptions { max_files: 6, keep_first: 1, keep_last: 2, ..options(dir.path()) };
    let mut store = Store::open(options, START).unwrap();
    for number in 0..5 {
        keep_one(&mut store, 10 + number, "common", at(number as f64), 10);
    }
    keep_one(&mut store, 20, "rare", at(5.0), 10);
    assert_eq!(store.usage().0, 6);
    keep_one(&mut store, 21, "rare", at(6.0), 10);
    assert_eq!(
        kept(dir.path()),
        ["common 10", "common 12", "common 13", "common 14", "rare 20", "rare 21"]
    );
    keep_one(&mut store, 22, "rare", at(7.0), 10);
    assert_eq!(
        kept(dir.path()),
        ["common 10", "common 13", "common 14", "rare 20", "rare 21", "rare 22"]
    );
    // No class has a middle now; the oldest of the one that began first goes.
    keep_one(&mut store, 30, "new", at(8.0), 10);
    assert_eq!(
        kept(dir.path()),
        ["common 13", "common 14", "new 30", "rare 20", "rare 21", "rare 22"]
    );
    keep_one(&mut store, 31, "new", at(9.0), 10);
    assert_eq!(
        kept(dir.path()),
        ["common 13", "common 14", "new 30", "new 31", "rare 21", "rare 22"]
    );

    let evicted: Vec<String> = Reader::open(dir.path())
        .unwrap()
        .filter_map(|item| match item.unwrap() {
            Item::Evicted(evicted) => Some(evicted.evicted),
            _ => None,
        })
        .collect();
    assert_eq!(evicted.len(), 4);
    assert_eq!(evicted[3], "20261122T053126.000Z-fetch-common-11.vsl");
    assert_eq!(store.accounts().evicted, 4);
    assert_eq!(store.accounts().total().full, 10, "what was kept once stays counted as kept");
}

#[test]
fn bytes_are_counted_in_blocks_and_never_above_the_budget() {
    let dir = tempfile::tempdir().unwrap();
    let options = StoreOptions { max_bytes: 40_960, ..options(dir.path()) };
    let mut store = Store::open(options, START).unwrap();
    for number in 0..40_u16 {
        let bytes = usize::from(number) * 331 % 9000;
        keep_one(&mut store, number.into(), "a", at(number.into()), bytes);
        assert!(store.usage().1 <= 40_960);
        let on_disk: u64 = names(dir.path())
            .iter()
            .filter(|name| name.ends_with(".vsl"))
            .map(|name| dir.path().join(name).metadata().unwrap().len().div_ceil(4096) * 4096)
            .sum();
        assert_eq!(store.usage().1, on_disk);
    }
}

#[test]
fn a_capture_that_could_never_fit_removes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let options = StoreOptions { max_bytes: 40_960, ..options(dir.path()) };
    let mut store = Store::open(options, START).unwrap();
    for number in 0..5 {
        keep_one(&mut store, number, "a", at(number as f64), 10);
    }
    let huge = super::CaptureHead { expect_bytes: 50_000, ..head(9, "a", at(9.0)) };
    assert_eq!(store.begin(huge, at(9.0)), Begun::Refused(Refusal::Budget));
    assert_eq!(kept(dir.path()).len(), 5);
    let notices = store.take_notices();
    assert!(matches!(notices[..], [Notice::BudgetTooSmall { what: "bytes", .. }]), "{notices:?}");

    // One that grows is cut, and what came before the cut stays.
    let id = open(store.begin(head(10, "a", at(10.0)), at(10.0)));
    let one = records(Dialect::V7_3, 10, 9000);
    let mut full = 0;
    for _ in 0..10 {
        let outcome = store.keep(id, &one, Entry::new(START, 10, "a"), at(10.0));
        full += usize::from(outcome == Outcome::Full);
    }
    assert_eq!(full, 4, "four times 9 KB and no fifth one fit in 40 KB");
    let finished = store.finish(id, Facts::default(), at(11.0));
    assert_eq!((finished.cut, finished.bytes), (Some(Refusal::Budget), 4 * one.len() as u64));
    assert_eq!(manifest(dir.path()).last().unwrap().cut.as_deref(), Some("budget"));
}

#[test]
fn one_capture_has_a_limit_and_only_so_many_are_open() {
    let dir = tempfile::tempdir().unwrap();
    let options = StoreOptions { max_capture_bytes: 1000, max_open: 2, ..options(dir.path()) };
    let mut store = Store::open(options, START).unwrap();
    let id = open(store.begin(head(1, "a", START), START));
    open(store.begin(head(2, "a", START), START));
    assert_eq!(store.begin(head(3, "a", START), START), Begun::Refused(Refusal::TooManyOpen));
    let one = records(Dialect::V7_3, 1, 500);
    assert!(store.append(id, &one, START).is_ok());
    assert_eq!(store.append(id, &one, START), Err(Refusal::CaptureFull));
    let small = records(Dialect::V7_3, 1, 1);
    assert_eq!(store.append(id, &small, START), Err(Refusal::CaptureFull), "it is cut there");
    assert_eq!(store.finish(id, Facts::default(), START).bytes, one.len() as u64);
    open(store.begin(head(3, "a", START), START));
}

#[test]
fn a_directory_above_the_budget_is_brought_below_it_at_opening() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(options(dir.path()), START).unwrap();
    for number in 0..20 {
        keep_one(&mut store, number, "a", at(number as f64), 10);
    }
    drop(store.close(at(30.0)));
    let foreign = dir.path().join("notes.vsl");
    std::fs::write(&foreign, "not ours").unwrap();
    let options = StoreOptions { max_files: 6, keep_first: 2, keep_last: 3, ..options(dir.path()) };
    let store = Store::open(options, at(31.0)).unwrap();
    assert_eq!(store.usage().0, 6);
    assert_eq!(kept(dir.path()).len(), 7);
    for number in [0, 1, 17, 18, 19] {
        assert!(kept(dir.path()).contains(&format!("a {number}")), "{number}");
    }
    assert!(foreign.exists(), "a file that is not ours is left alone");
}

#[test]
fn a_capture_with_several_classes_stays_as_long_as_one_of_them_wants_it() {
    let dir = tempfile::tempdir().unwrap();
    let options = StoreOptions { max_files: 4, keep_first: 1, keep_last: 1, ..options(dir.path()) };
    let keep_two = |store: &mut Store, now: Stamp| {
        let id = open(store.begin(head(1, "common", now), now));
        for class in ["common", "rare"] {
            let one = records(Dialect::V7_3, 1, 10);
            store.keep(id, &one, Entry::new(now, 1, class), now);
        }
        store.finish(id, Facts::default(), now);
    };
    let mut store = Store::open(options.clone(), START).unwrap();
    keep_one(&mut store, 0, "common", at(0.0), 10);
    keep_two(&mut store, at(1.0));
    keep_one(&mut store, 2, "common", at(2.0), 10);
    // Classes come back from the manifest.
    drop(store.close(at(2.5)));
    let mut store = Store::open(options, at(2.5)).unwrap();
    for number in 3..8 {
        keep_one(&mut store, number, "common", at(number as f64), 10);
    }
    assert_eq!(kept(dir.path()), ["common 0", "common 1", "common 6", "common 7"]);
}

#[test]
fn captures_share_a_file_until_it_is_long_or_old() {
    let dir = tempfile::tempdir().unwrap();
    let roll = Roll { bytes: 1500, age: Duration::from_secs(60) };
    let options = StoreOptions { roll: Some(roll), ..options(dir.path()) };
    let mut store = Store::open(options, START).unwrap();
    let first = keep_one(&mut store, 1, "a", at(0.0), 500).file.unwrap();
    assert_eq!(keep_one(&mut store, 2, "b", at(1.0), 500).file.as_ref(), Some(&first));
    assert!(dir.path().join(format!("{first}.part")).exists(), "it goes on");
    // Two at the same time, the second of which begins before the file is long enough.
    let one = open(store.begin(head(3, "a", at(2.0)), at(2.0)));
    let two = open(store.begin(head(4, "a", at(2.0)), at(2.0)));
    store.append(one, &records(Dialect::V7_3, 3, 900), at(2.0)).unwrap();
    store.append(two, &records(Dialect::V7_3, 4, 10), at(2.0)).unwrap();
    store.finish(one, Facts::default(), at(3.0));
    assert!(!dir.path().join(&first).exists(), "somebody still writes");
    store.finish(two, Facts::default(), at(3.0));
    assert!(dir.path().join(&first).exists());
    let lines = manifest(dir.path());
    assert_eq!(lines.len(), 4);
    assert!(lines.iter().all(|line| line.file == first));
    let ends: Vec<u64> = lines.iter().map(|line| line.offset + line.bytes).collect();
    assert_eq!((lines[1].offset, lines[2].offset, lines[3].offset), (ends[0], ends[1], ends[2]));

    let second = keep_one(&mut store, 5, "a", at(10.0), 10).file.unwrap();
    assert_ne!(second, first);
    store.tick(at(69.0));
    assert!(!dir.path().join(&second).exists());
    store.tick(at(71.0));
    assert!(dir.path().join(&second).exists(), "it was old");
    // Records of another length never come to the same file.
    let third = keep_one(&mut store, 6, "a", at(72.0), 10).file.unwrap();
    let other = super::CaptureHead { dialect: Dialect::V6_0, ..head(7, "a", at(73.0)) };
    let id = open(store.begin(other, at(73.0)));
    assert!(dir.path().join(&third).exists());
    store.append(id, &records(Dialect::V6_0, 7, 10), at(73.0)).unwrap();
    let fourth = store.finish(id, Facts::default(), at(73.0)).file.unwrap();
    store.rotate(at(74.0));
    assert_eq!(&std::fs::read(dir.path().join(fourth)).unwrap()[..4], b"VSL\0");
}
