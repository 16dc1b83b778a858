use std::fs;
use std::path::Path;

use super::{Item, Lookup, Reader};
use crate::index::{Entry, Evicted, Outcome, to_line};
use crate::stamp::Stamp;

fn entry(xid: u64, url: &str, backend: &str) -> Entry {
    Entry {
        xids: vec![xid, xid + 1],
        url: Some(url.to_owned()),
        backend: Some(backend.to_owned()),
        outcome: Outcome::Suppressed,
        ..Entry::new(Stamp(i64::try_from(xid).unwrap()), xid, "timeout")
    }
}

fn found(dir: &Path, lookup: Lookup<'_>) -> Vec<u64> {
    let items = Reader::open(dir).unwrap().find(lookup);
    items
        .map(|item| match item.unwrap() {
            Item::Entry(entry) => entry.xid,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn entries_are_found_by_any_of_their_numbers_by_url_backend_and_class() {
    let dir = tempfile::tempdir().unwrap();
    let lines = [
        entry(100, "/pay?a=\"1\"", "boot.api1").to_line(),
        entry(200, "/cart/ü", "boot.api2").to_line(),
        to_line(&Evicted { evicted: "x-100.vsl".to_owned(), time: Stamp(1) }),
    ];
    fs::write(dir.path().join("index.1.jsonl"), lines.concat()).unwrap();
    let newer = entry(300, "/pay", "xapi1").to_line();
    fs::write(dir.path().join("index.jsonl"), newer).unwrap();

    let dir = dir.path();
    assert_eq!(found(dir, Lookup::All), [300, 200, 100]);
    assert_eq!(found(dir, Lookup::Xid(200)), [200]);
    assert_eq!(found(dir, Lookup::Xid(101)), [100]);
    assert_eq!(found(dir, Lookup::Xid(20)), [0; 0]);
    assert_eq!(found(dir, Lookup::Url("/pay")), [300, 100]);
    assert_eq!(found(dir, Lookup::Url("a=\"1\"")), [100]);
    assert_eq!(found(dir, Lookup::Url("/cart/ü")), [200]);
    assert_eq!(found(dir, Lookup::Url("\"")), [100]);
    assert_eq!(found(dir, Lookup::Backend("api1")), [100]);
    assert_eq!(found(dir, Lookup::Backend("boot.api2")), [200]);
    assert_eq!(found(dir, Lookup::Class("timeout")).len(), 3);
    assert_eq!(found(dir, Lookup::Class("time")), [0; 0]);
    let all: Vec<Item> = Reader::open(dir).unwrap().map(Result::unwrap).collect();
    assert!(matches!(&all[1], Item::Evicted(evicted) if evicted.evicted == "x-100.vsl"));
    assert_eq!(all.len(), 4);
}

#[test]
fn bad_lines_are_reported_with_their_place_and_a_cut_last_line_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = entry(1, "/", "b").to_line();
    let place = bytes.len() as u64;
    bytes.extend_from_slice(b"{\"time\":\"never\"}\n\xff\xfe\n");
    bytes.extend_from_slice(&entry(2, "/", "b").to_line());
    bytes.extend_from_slice(b"{\"time\":\"20");
    let path = dir.path().join("index.jsonl");
    fs::write(&path, &bytes).unwrap();
    let items: Vec<Item> = Reader::open(dir.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(items.len(), 4, "{items:?}");
    assert!(matches!(&items[0], Item::Entry(entry) if entry.xid == 2));
    assert!(matches!(&items[3], Item::Entry(entry) if entry.xid == 1));
    let Item::Bad(bad) = &items[2] else { panic!("{items:?}") };
    assert_eq!((&bad.path, bad.offset), (&path, place));
    assert!(bad.what.contains("time"), "{}", bad.what);
}

#[test]
fn a_cut_line_in_an_older_file_is_reported() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("index.jsonl"), entry(2, "/", "b").to_line()).unwrap();
    fs::write(dir.path().join("index.1.jsonl"), b"{\"xid\":1").unwrap();
    let items: Vec<Item> = Reader::open(dir.path()).unwrap().map(Result::unwrap).collect();
    assert!(matches!(&items[1], Item::Bad(bad) if bad.what == "cut after 8 bytes"), "{items:?}");
}

#[test]
fn without_an_index_there_are_no_lines_and_without_a_directory_there_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(Reader::open(dir.path()).unwrap().count(), 0);
    assert!(Reader::open(&dir.path().join("none")).is_err());
}

#[test]
fn a_rotation_while_reading_takes_nothing_away_and_repeats_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let name = |age| dir.path().join(crate::index::index_name(age));
    fs::write(name(0), entry(2, "/", "b").to_line()).unwrap();
    fs::write(name(1), entry(1, "/", "b").to_line()).unwrap();
    // The same file under two names is what an opener sees that a rotation overtakes.
    fs::hard_link(name(1), name(2)).unwrap();
    let reader = Reader::open(dir.path()).unwrap();
    fs::remove_file(name(1)).unwrap();
    assert_eq!(reader.filter_map(Result::ok).count(), 2);
}
