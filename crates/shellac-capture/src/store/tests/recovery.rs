//! What a writer that died leaves behind, and what the next one makes of it.

use std::fs::{self, OpenOptions};
use std::io::Write;

use super::{START, at, head, keep_one, manifest, names, open, options, records};
use crate::files;
use crate::index::{Entry, Item, Lookup, Reader};
use crate::store::Store;
use crate::store::notice::Notice;
use proptest::prelude::*;
use shellac_format::Dialect;

#[test]
fn a_file_whose_writer_died_is_cut_behind_its_last_whole_record_and_completed() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(options(dir.path()), START).unwrap();
    let id = open(store.begin(head(7, "timeout", START), START));
    let one = records(Dialect::V7_3, 7, 100);
    store.keep(id, &one, Entry::new(START, 7, "timeout"), START);
    let name = store.file_name(id).unwrap();
    let part = dir.path().join(format!("{name}.part"));
    drop(store);
    let mut file = OpenOptions::new().append(true).open(&part).unwrap();
    file.write_all(&one[..one.len() - 3]).unwrap();
    let index = dir.path().join("index.jsonl");
    OpenOptions::new().append(true).open(&index).unwrap().write_all(b"{\"time\":").unwrap();

    // Before anybody completes it, the index leads to it all the same.
    let found = files::locate(dir.path(), &name).unwrap().unwrap();
    assert!(found.is_partial);

    let mut store = Store::open(options(dir.path()), at(5.0)).unwrap();
    let notices = store.take_notices();
    let Notice::Recovered { path, bytes, cut: removed } = &notices[0] else {
        panic!("{notices:?}")
    };
    assert_eq!(path, &dir.path().join(&name));
    // The last record of the second transaction was cut, and is an `End` of 12 + 4 bytes.
    assert_eq!((*bytes, *removed), (4 + 2 * one.len() as u64 - 16, 13));
    let content = fs::read(dir.path().join(&name)).unwrap();
    assert_eq!(content, [b"VSL2", &one[..], &one[..one.len() - 16]].concat());
    let lines = manifest(dir.path());
    assert!(lines[0].recovered && lines[0].file == name, "{lines:?}");
    assert_eq!(lines[0].cut.as_deref(), Some("writer_died"));
    assert_eq!(
        (lines[0].rule.as_str(), lines[0].class.as_str(), lines[0].xid),
        ("fetch", "timeout", 7)
    );

    assert!(matches!(notices[1..], [Notice::CutLine { bytes: 8, .. }]), "{notices:?}");
    store.note(Entry::new(at(5.0), 8, "timeout"), at(5.0));
    let items: Vec<Item> = Reader::open(dir.path()).unwrap().map(Result::unwrap).collect();
    assert!(
        matches!(&items[..], [Item::Entry(new), Item::Entry(old)] if new.xid == 8 && old.xid == 7),
        "{items:?}"
    );
}

#[test]
fn files_in_which_nothing_is_whole_and_beginnings_of_others_go() {
    let dir = tempfile::tempdir().unwrap();
    let stem = "20261122T053125.000Z-fetch-timeout-7";
    let path = |name: &str| dir.path().join(name);
    fs::write(path(&format!("{stem}.vsl.part")), b"VSL2\x01").unwrap();
    fs::write(path(&format!("{stem}_1.vsl.part")), b"no log at all").unwrap();
    fs::write(path(&format!("{stem}_2.vsl")), b"VSL2").unwrap();
    fs::write(path(&format!("{stem}_2.vsl.zst")), b"half").unwrap();
    fs::write(path(&format!("{stem}_3.vsl.zst.part")), b"half").unwrap();
    fs::write(path(&format!("{stem}_4.vsl.new")), b"VS").unwrap();
    fs::write(path("manifest.jsonl.new"), b"{").unwrap();
    fs::write(path("mine.vsl.part"), b"VSL2").unwrap();
    let store = Store::open(options(dir.path()), START).unwrap();
    assert_eq!(
        names(dir.path()),
        [&format!("{stem}_2.vsl"), "index.jsonl", "manifest.jsonl", "mine.vsl.part"]
    );
    assert_eq!(store.usage().0, 1);
}

#[test]
fn accounts_are_written_now_and_then_and_at_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(options(dir.path()), START).unwrap();
    keep_one(&mut store, 7, "timeout", START, 10);
    let count = || {
        let text = fs::read_to_string(dir.path().join("manifest.jsonl")).unwrap();
        let lines = text.lines().filter_map(|line| serde_json::from_str(line).ok());
        lines.collect::<Vec<crate::store::manifest::AccountsLine>>()
    };
    store.tick(at(59.0));
    assert_eq!(count(), []);
    store.tick(at(61.0));
    store.tick(at(200.0));
    assert_eq!(count().len(), 1, "nothing has changed since");
    store.note(Entry::new(at(201.0), 8, "other"), at(201.0));
    let (accounts, _) = store.close(at(202.0));
    let lines = count();
    assert_eq!((lines.len(), lines[1].since, lines[1].time), (2, START, at(202.0)));
    assert_eq!(lines[1].accounts, accounts);
    assert_eq!(accounts.classes.len(), 2);
    // What was reserved behind the lines is given back.
    for name in names(dir.path()) {
        let metadata = dir.path().join(&name).metadata().unwrap();
        let blocks = std::os::unix::fs::MetadataExt::blocks(&metadata);
        assert!(blocks * 512 <= metadata.len().next_multiple_of(4096), "{name}: {blocks}");
    }
}

proptest! {
    #[test]
    fn whatever_is_cut_the_rest_is_whole(cut in 0..2000_usize, noise in prop::collection::vec(any::<u8>(), 0..40)) {
        let dir = tempfile::tempdir().unwrap();
        let bytes = [b"VSL2", &records(Dialect::V7_3, 7, 300)[..], &records(Dialect::V7_3, 8, 900)].concat();
        let cut = cut.min(bytes.len());
        let stem = "20261122T053125.000Z-fetch-timeout-7";
        let content = [&bytes[..cut], &noise].concat();
        fs::write(dir.path().join(format!("{stem}.vsl.part")), &content).unwrap();
        drop(Store::open(options(dir.path()), START).unwrap());
        if let Ok(kept) = fs::read(dir.path().join(format!("{stem}.vsl"))) {
            prop_assert!(content.starts_with(&kept));
            let mut heads = shellac_format::Heads::new(Dialect::V7_3.layout(), &kept[4..]);
            while heads.next().is_some() {}
            prop_assert_eq!(heads.position(), kept.len() - 4);
        } else {
            let whole = records(Dialect::V7_3, 7, 300);
            let mut heads = shellac_format::Heads::new(Dialect::V7_3.layout(), &whole);
            let first = heads.next().unwrap().end;
            prop_assert!(cut < 4 + first, "a whole record was thrown away");
        }
    }
}

#[test]
fn an_index_that_was_moved_away_is_begun_anew() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(options(dir.path()), START).unwrap();
    store.note(Entry::new(START, 1, "a"), START);
    fs::rename(dir.path().join("index.jsonl"), dir.path().join("elsewhere")).unwrap();
    store.rotate(START);
    store.note(Entry::new(START, 2, "a"), START);
    fs::remove_file(dir.path().join("index.jsonl")).unwrap();
    store.note(Entry::new(START, 3, "a"), START);
    let found: Vec<_> = Reader::open(dir.path()).unwrap().find(Lookup::All).collect();
    assert!(matches!(&found[..], [Ok(Item::Entry(entry))] if entry.xid == 3), "{found:?}");
}
