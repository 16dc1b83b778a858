//! A disk that is full, read-only or gone: the store goes on, says so once, counts, and takes up again.

use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::fake::FakeDisk;
use super::{START, at, head, open, records};
use crate::index::{Entry, Item, Outcome, understand_line};
use crate::store::accounts::Account;
use crate::store::journal::MAX_HELD_LINES;
use crate::store::manifest::Facts;
use crate::store::notice::Notice;
use crate::store::options::{KeepFree, StoreOptions};
use crate::store::{Begun, Refusal, Store};
use shellac_format::Dialect;

const DIR: &str = "/captures";

fn options() -> StoreOptions {
    StoreOptions { keep_free: KeepFree::Bytes(0), ..StoreOptions::new(DIR) }
}

fn on(disk: &FakeDisk) -> Store<FakeDisk> {
    Store::open_on(disk.clone(), options(), START).unwrap()
}

/// The entries of the index, oldest first, with the numbers of lines that are none.
pub(super) fn entries(disk: &FakeDisk) -> (Vec<Entry>, usize) {
    let contents = disk.contents();
    let mut entries = Vec::new();
    let mut bad = 0;
    for age in (0..crate::index::MAX_INDEX_FILES).rev() {
        let Some(text) = contents.get(&crate::index::index_name(age)) else { continue };
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            match understand_line(line.strip_suffix(b"\n").unwrap_or(b"cut")) {
                Ok(Item::Entry(entry)) => entries.push(*entry),
                Ok(_) => {}
                Err(_) => bad += 1,
            }
        }
    }
    (entries, bad)
}

#[test]
fn a_full_disk_loses_records_but_no_lines_and_is_reported_once() {
    let disk = FakeDisk::new(1 << 20);
    let mut store = on(&disk);
    store.note(Entry::new(START, 1, "timeout"), START);
    let id = open(store.begin(head(2, "timeout", START), START));
    disk.state().foreign = 10 << 20;
    for xid in 2..50 {
        let now = START.after(Duration::from_millis(xid));
        let big = records(Dialect::V7_3, xid, 9000);
        let outcome = store.keep(id, &big, Entry::new(now, xid, "timeout"), now);
        assert_eq!(outcome, Outcome::Lost, "{xid}");
    }
    let notices = store.take_notices();
    assert_eq!(notices.len(), 1, "{notices:?}");
    let Notice::CannotWrite { path, error } = &notices[0] else { panic!("{notices:?}") };
    assert_eq!(path, Path::new(DIR));
    assert!(error.contains("No space left on device"), "{error}");
    // The room for lines had been reserved before the disk was full.
    let (lines, bad) = entries(&disk);
    assert_eq!((lines.len(), bad), (49, 0));
    assert_eq!(lines[48].reason.as_deref(), Some("disk"));

    // Another capture is not even tried at once, and works when there is room again.
    let refused = store.begin(head(60, "timeout", at(0.1)), at(0.1));
    assert_eq!(refused, Begun::Refused(Refusal::Disk));
    disk.state().foreign = 0;
    store.finish(id, Facts::default(), at(2.0));
    let id = open(store.begin(head(61, "timeout", at(2.0)), at(2.0)));
    let outcome =
        store.keep(id, &records(Dialect::V7_3, 61, 10), Entry::new(START, 61, "timeout"), at(2.0));
    assert_eq!(outcome, Outcome::Full);
    let notices = store.take_notices();
    assert!(matches!(notices[..], [Notice::WritesAgain { .. }]), "{notices:?}");
    let (accounts, _) = store.close(at(3.0));
    let account = Account { handed_in: 50, full: 1, index: 1, suppressed: 0, lost: 48 };
    assert_eq!(accounts.classes["timeout"], account);
    assert!(account.balances());
}

#[test]
fn lines_are_held_while_the_disk_takes_none_and_written_in_order_later() {
    let disk = FakeDisk::new(1 << 30);
    let mut store = on(&disk);
    store.note(Entry::new(START, 1, "a"), START);
    disk.state().is_read_only = true;
    for xid in 2..=500 {
        let now = START.after(Duration::from_millis(xid * 10));
        store.note(Entry::new(now, xid, "a"), now);
        store.tick(now);
    }
    let notices = store.take_notices();
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(notices[0].to_string().contains("Read-only file system"), "{}", notices[0]);
    assert_eq!((entries(&disk).0.len(), store.accounts().lines_held), (1, 499));
    disk.state().is_read_only = false;
    store.tick(at(7.0));
    let (lines, bad) = entries(&disk);
    assert_eq!(bad, 0);
    assert!(lines.iter().map(|entry| entry.xid).eq(1..=500));
    let notices = store.take_notices();
    assert!(matches!(notices[..], [Notice::WritesAgain { held: 499, lost: 0, .. }]), "{notices:?}");
    assert_eq!(store.accounts().classes["a"].index, 500);
}

#[test]
fn lines_that_are_too_many_to_hold_are_lost_and_counted() {
    let disk = FakeDisk::new(1 << 30);
    let mut store = on(&disk);
    disk.state().is_read_only = true;
    let total = MAX_HELD_LINES as u64 + 1000;
    for xid in 1..=total {
        let mut entry = Entry::new(START, xid, "a");
        entry.outcome = if xid % 2 == 0 { Outcome::Index } else { Outcome::Suppressed };
        store.note(entry, START);
    }
    let accounts = store.accounts();
    assert_eq!((accounts.lines_held, accounts.lines_lost), (MAX_HELD_LINES as u64, 1000));
    let account = accounts.classes["a"];
    assert_eq!((account.handed_in, account.lost), (total, 1000));
    assert!(account.balances());
    let (accounts, _) = store.close(at(5.0));
    let account = accounts.classes["a"];
    assert_eq!((account.lost, accounts.lines_held), (total, 0), "what is held at the end is lost");
    assert!(account.balances());
}

#[test]
fn a_directory_that_is_removed_is_made_again() {
    let disk = FakeDisk::new(1 << 30);
    let mut store = on(&disk);
    let id = open(store.begin(head(1, "a", START), START));
    store.keep(id, &records(Dialect::V7_3, 1, 10), Entry::new(START, 1, "a"), START);
    disk.remove_all();
    // What would go to a file without a name is not said to be kept.
    let outcome = store.keep(id, &records(Dialect::V7_3, 2, 10), Entry::new(START, 2, "a"), START);
    assert_eq!(outcome, Outcome::Lost);
    store.finish(id, Facts::default(), START);
    let id = open(store.begin(head(3, "a", at(2.0)), at(2.0)));
    store.keep(id, &records(Dialect::V7_3, 3, 10), Entry::new(START, 3, "a"), at(2.0));
    let file = store.finish(id, Facts::default(), at(2.0)).file.unwrap();
    assert!(disk.contents().contains_key(&file));
    let (lines, bad) = entries(&disk);
    assert_eq!((lines.iter().map(|entry| entry.xid).collect::<Vec<_>>(), bad), (vec![2, 3], 0));
    let account = store.accounts().classes["a"];
    assert_eq!((account.full, account.lost, account.balances()), (2, 1, true));
    assert_eq!(store.usage().0, 1);
}

#[test]
fn what_is_to_be_kept_free_stays_free_and_lines_go_on() {
    let disk = FakeDisk::new(4 << 20);
    let keep = KeepFree::Percent(25.0);
    let mut store =
        Store::open_on(disk.clone(), StoreOptions { keep_free: keep, ..options() }, START).unwrap();
    let id = open(store.begin(head(1, "a", START), START));
    store.keep(id, &records(Dialect::V7_3, 1, 10), Entry::new(START, 1, "a"), START);
    let free = disk.state().free();
    disk.state().foreign = free - (1 << 20) - 4096;
    let outcome =
        store.keep(id, &records(Dialect::V7_3, 2, 8000), Entry::new(START, 2, "a"), START);
    assert_eq!(outcome, Outcome::Suppressed);
    assert_eq!(store.begin(head(3, "a", START), START), Begun::Open(super::CaptureId(4)));
    disk.state().foreign += 8192;
    assert_eq!(store.begin(head(3, "a", START), START), Begun::Refused(Refusal::KeepFree));
    let before = disk.state().free();
    for xid in 4..100 {
        store.note(Entry::new(START, xid, "a"), START);
    }
    assert_eq!(disk.state().free(), before, "the room for lines was reserved");
    let notices = store.take_notices();
    assert!(matches!(notices[..], [Notice::BelowKeepFree { .. }]), "{notices:?}");
    disk.state().foreign = 0;
    store.tick(at(1.0));
    let notices = store.take_notices();
    assert!(matches!(notices[..], [Notice::AboveKeepFree { refused: 2, .. }]), "{notices:?}");
    assert!(store.accounts().classes["a"].balances());
}

#[test]
fn a_directory_on_a_disk_that_is_full_or_read_only_can_be_opened() {
    let disk = FakeDisk::new(1 << 20);
    drop(on(&disk));
    disk.state().is_read_only = true;
    let mut store = on(&disk);
    store.note(Entry::new(START, 1, "a"), START);
    disk.state().is_read_only = false;
    store.tick(at(2.0));
    assert_eq!(entries(&disk).0.len(), 1);
}

proptest! {
    #[test]
    fn a_write_that_stops_anywhere_leaves_whole_lines_and_whole_records(after in 0..3000_u64, size in 1..400_usize) {
        let disk = FakeDisk::new(1 << 30);
        let mut store = on(&disk);
        let id = open(store.begin(head(1, "a", START), START));
        disk.state().fails_after = Some(after);
        let mut full = 0;
        for xid in 1..20 {
            let one = records(Dialect::V7_3, xid, size);
            full += u64::from(store.keep(id, &one, Entry::new(START, xid, "a"), START) == Outcome::Full);
        }
        disk.state().fails_after = None;
        store.tick(at(2.0));
        let file = store.finish(id, Facts::default(), at(2.0)).file;
        let (lines, bad) = entries(&disk);
        prop_assert_eq!(bad, 0);
        prop_assert!(lines.iter().map(|entry| entry.xid).eq(1..20));
        let kept: Vec<u8> = (1..=full).flat_map(|xid| records(Dialect::V7_3, xid, size)).collect();
        match file {
            Some(file) => prop_assert_eq!(&disk.contents()[&file][4..], &kept[..]),
            None => prop_assert_eq!(full, 0),
        }
        prop_assert!(store.accounts().classes["a"].balances());
        prop_assert_eq!(store.accounts().classes["a"].full, full);
    }
}
