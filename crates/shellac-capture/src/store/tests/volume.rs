//! Very many failures: the sums stay right, index and manifest stay within their budgets.

use std::collections::BTreeMap;
use std::time::Duration;

use shellac_format::Dialect;

use super::fake::FakeDisk;
use super::trouble::entries;
use super::{START, head, records};
use crate::index::{Entry, MAX_INDEX_FILES, Outcome, index_name};
use crate::store::manifest::{self, Facts};
use crate::store::notice::Notice;
use crate::store::options::{KeepFree, StoreOptions};
use crate::store::{Begun, Store};

/// Bytes of all index files.
fn index_bytes(disk: &FakeDisk) -> u64 {
    (0..MAX_INDEX_FILES).map(|age| disk.len_of(&index_name(age))).sum()
}

#[test]
fn a_burst_of_nothing_but_failures_is_accounted_for_class_by_class() {
    const CLASSES: u64 = 200;
    const PER_SECOND: u64 = 2000;
    let disk = FakeDisk::new(16 << 20);
    let options = StoreOptions {
        max_bytes: 2 << 20,
        keep_free: KeepFree::Bytes(1 << 20),
        keep_first: 1,
        keep_last: 1,
        ..StoreOptions::new("/captures")
    };
    let mut store = Store::open_on(disk.clone(), options, START).unwrap();
    let mut expected: BTreeMap<String, BTreeMap<Outcome, u64>> = BTreeMap::new();
    for number in 0..3 * PER_SECOND {
        let now = START.after(Duration::from_secs(1) * u32::try_from(number).unwrap() / 2000);
        let class = format!("class{}", number % CLASSES);
        // In the second second somebody else fills the disk, in the third it is read-only for a while.
        let second = number / PER_SECOND;
        disk.state().foreign = if second == 1 { 13 << 20 } else { 0 };
        disk.state().is_read_only = (4500..5000).contains(&number);
        let entry = Entry::new(now, number, &class);
        // As many captures as a bucket would let through, and one group in each; every tenth is not wanted at all.
        let outcome = if number % 10 == 9 {
            store.note(entry, now)
        } else if number % 5 == 4 {
            store.note(
                Entry { outcome: Outcome::Suppressed, reason: Some("rate".to_owned()), ..entry },
                now,
            )
        } else {
            match store.begin(head(number, &class, now), now) {
                Begun::Open(id) => {
                    let one = records(Dialect::V7_3, number, 600);
                    let outcome = store.keep(id, &one, entry, now);
                    store.finish(id, Facts::default(), now);
                    outcome
                }
                Begun::Refused(refusal) => store.note(
                    Entry {
                        outcome: refusal.outcome(),
                        reason: Some(refusal.word().to_owned()),
                        ..entry
                    },
                    now,
                ),
            }
        };
        *expected.entry(class).or_default().entry(outcome).or_default() += 1;
        if number % 40 == 0 {
            store.tick(now);
            assert!(store.usage().1 <= 2 << 20);
            assert!(disk.state().free() >= 1 << 20 || second == 1, "at {number}");
        }
    }
    let end = START.after(Duration::from_secs(10));
    let (accounts, _) = store.close(end);
    assert_eq!(accounts.classes.len() as u64, CLASSES);
    assert_eq!((accounts.lines_lost, accounts.lines_held), (0, 0));
    let total = accounts.total();
    assert_eq!(total.handed_in, 3 * PER_SECOND);
    assert!(
        total.full >= 2000 && total.suppressed > 1000 && total.lost > 100 && total.index == 600,
        "{total:?}"
    );
    let (lines, bad) = entries(&disk);
    assert_eq!(bad, 0);
    let mut written: BTreeMap<String, BTreeMap<Outcome, u64>> = BTreeMap::new();
    for line in lines {
        *written.entry(line.class).or_default().entry(line.outcome).or_default() += 1;
    }
    for (class, counted) in &expected {
        let account = accounts.classes[class];
        let of = |outcome| counted.get(&outcome).copied().unwrap_or(0);
        assert!(account.balances(), "{class}: {account:?}");
        let numbers = [account.full, account.index, account.suppressed, account.lost];
        assert_eq!(numbers, Outcome::ALL.map(of), "{class}");
    }
    assert_eq!(written, expected, "what is in the index is what was counted");
    // Of every class the first and the last capture are there.
    let contents = disk.contents();
    for number in 0..CLASSES {
        let of_class = format!("-class{number}-");
        let captures = contents.keys().filter(|name| name.contains(&of_class)).count();
        assert!(captures >= 1 || !expected[&format!("class{number}")].contains_key(&Outcome::Full));
    }
}

#[test]
fn the_index_keeps_the_newest_lines_within_its_budget_and_says_when_it_forgets() {
    let disk = FakeDisk::new(1 << 30);
    let options = StoreOptions { index_bytes: 1 << 20, ..StoreOptions::new("/captures") };
    let mut store = Store::open_on(disk.clone(), options, START).unwrap();
    let mut xid = 0;
    while store.accounts().index_files_removed < 3 {
        xid += 1;
        let url = Some("/".repeat(usize::try_from(xid % 700).unwrap()));
        store.note(Entry { url, ..Entry::new(START, xid, "a") }, START);
        assert!(index_bytes(&disk) <= 1 << 20);
        assert!(xid < 100_000, "it grows without end");
    }
    let (lines, bad) = entries(&disk);
    assert_eq!(bad, 0);
    let first = lines[0].xid;
    assert!(
        first > 1 && lines.iter().map(|entry| entry.xid).eq(first..=xid),
        "a gap from {first} on"
    );
    let notices = store.take_notices();
    assert_eq!(notices.len(), 3, "{notices:?}");
    assert!(notices.iter().all(|notice| matches!(notice, Notice::IndexForgot { .. })));
    assert!(index_bytes(&disk) > 3 << 18, "it could be longer");
}

#[test]
fn a_rotation_that_stops_half_way_loses_nothing_when_it_goes_on() {
    let disk = FakeDisk::new(1 << 30);
    let options = StoreOptions { index_bytes: 1 << 20, ..StoreOptions::new("/captures") };
    let mut store = Store::open_on(disk.clone(), options, START).unwrap();
    let mut now = START;
    let mut lines = 0;
    for xid in 1..4000_u64 {
        // At any time, so also when the next line wants another file.
        disk.state().is_read_only = xid % 3 == 0;
        let url = Some("u".repeat(150));
        store.note(Entry { url, ..Entry::new(now, xid, "a") }, now);
        now = now.after(Duration::from_millis(700));
        lines = xid;
    }
    disk.state().is_read_only = false;
    store.tick(now.after(Duration::from_secs(5)));
    let (entries, bad) = entries(&disk);
    let first = entries[0].xid;
    assert_eq!(bad, 0);
    assert!(entries.iter().map(|entry| entry.xid).eq(first..=lines));
    assert_eq!(store.accounts().lines_lost, 0);
}

#[test]
fn the_manifest_is_written_anew_with_the_lines_of_files_that_are_there() {
    let disk = FakeDisk::new(1 << 30);
    let options = StoreOptions {
        manifest_bytes: 1 << 20,
        max_files: 10,
        keep_first: 3,
        keep_last: 3,
        ..StoreOptions::new("/captures")
    };
    let mut store = Store::open_on(disk.clone(), options.clone(), START).unwrap();
    for number in 0..1000_u64 {
        let now = START.after(Duration::from_secs(number));
        let Begun::Open(id) = store.begin(head(number, "a", now), now) else { panic!("no room") };
        store.append(id, &records(Dialect::V7_3, number, 10), now).unwrap();
        let facts = Facts { rules: vec!["r".repeat(1000)], ..Facts::default() };
        store.finish(id, facts, now);
        let bytes = disk.len_of(manifest::MANIFEST_NAME);
        assert!(bytes <= 1 << 19, "{bytes} bytes after {number}");
    }
    let contents = disk.contents();
    let lines: Vec<_> =
        manifest::captures(&contents[manifest::MANIFEST_NAME][..]).map(Result::unwrap).collect();
    assert!(lines.len() < 700, "it was never written anew");
    let mut listed: Vec<&String> = lines.iter().map(|line| &line.file).collect();
    listed.sort();
    for file in contents.keys().filter(|name| name.ends_with(".vsl")) {
        assert!(listed.binary_search(&file).is_ok(), "{file} has no line any more");
    }
    assert!(listed[0].contains("-a-0.vsl"), "{listed:?}");
}

#[test]
fn a_manifest_with_too_many_lines_that_are_of_use_keeps_the_newest() {
    let disk = FakeDisk::new(1 << 30);
    let options = StoreOptions { manifest_bytes: 1 << 20, ..StoreOptions::new("/captures") };
    let mut store = Store::open_on(disk.clone(), options, START).unwrap();
    for number in 0..400_u64 {
        let now = START.after(Duration::from_secs(number));
        let Begun::Open(id) = store.begin(head(number, "a", now), now) else { panic!("no room") };
        store.append(id, &records(Dialect::V7_3, number, 10), now).unwrap();
        let facts = Facts { rules: vec!["r".repeat(5000)], ..Facts::default() };
        store.finish(id, facts, now);
    }
    let contents = disk.contents();
    let lines = manifest::captures(&contents[manifest::MANIFEST_NAME][..]);
    let xids: Vec<u64> = lines.map(|line| line.unwrap().xid).collect();
    assert!(disk.len_of(manifest::MANIFEST_NAME) <= 1 << 19);
    assert!((30..120).contains(&xids.len()), "{} lines", xids.len());
    assert!(xids.iter().copied().eq(400 - xids.len() as u64..400), "{xids:?}");
}

#[test]
fn an_index_that_had_a_larger_budget_is_brought_within_the_smaller_one() {
    let disk = FakeDisk::new(1 << 30);
    let with = |index_bytes| StoreOptions { index_bytes, ..StoreOptions::new("/captures") };
    let note = |store: &mut Store<FakeDisk>, xid| {
        let url = Some("u".repeat(2000));
        store.note(Entry { url, ..Entry::new(START, xid, "a") }, START);
    };
    let mut store = Store::open_on(disk.clone(), with(8 << 20), START).unwrap();
    (0..4000).for_each(|xid| note(&mut store, xid));
    assert!(index_bytes(&disk) > 7 << 20);
    drop(store.close(START));
    let mut store = Store::open_on(disk.clone(), with(1 << 20), START).unwrap();
    for xid in 4000..5000 {
        note(&mut store, xid);
        assert!(index_bytes(&disk) <= 1 << 20, "after {xid}");
    }
    let (lines, bad) = entries(&disk);
    assert_eq!((lines.last().unwrap().xid, bad), (4999, 0));
    assert!(store.accounts().index_files_removed > 7);
}
