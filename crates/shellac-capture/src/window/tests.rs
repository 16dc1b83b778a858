use std::collections::HashMap;
use std::fs;
use std::sync::Arc;

use super::*;
use crate::history::{FilePlace, LogFile};
use crate::made_up::{bad, batches, group, records};

const DIALECT: Dialect = Dialect::V7_3;

/// A history of these batches.
fn history(directory: &tempfile::TempDir, batches: &[Vec<u8>]) -> History {
    let mut bytes = DIALECT.layout().file_magic().to_vec();
    batches.iter().for_each(|batch| bytes.extend_from_slice(batch));
    let path = directory.path().join("log.vsl");
    fs::write(&path, bytes).unwrap();
    let file = Arc::new(LogFile { path, dialect: DIALECT });
    Place::File(FilePlace { file, offset: 4 }).open().unwrap().0
}

/// How many bytes of each transaction are in `out`.
fn transactions(out: &[u8]) -> HashMap<u64, usize> {
    let mut found = HashMap::new();
    for place in Heads::new(DIALECT.layout(), out) {
        *found.entry(place.vxid.0).or_default() += place.end - place.start;
    }
    found
}

/// A window over three requests (10, 20, 30) of which 20 failed, with `first` added at its start.
fn window(scope: Scope, first: &[u64]) -> (HashMap<u64, usize>, Vec<u8>) {
    let directory = tempfile::tempdir().unwrap();
    let log = [
        batches(DIALECT, 10, "/a", 200, false),
        batches(DIALECT, 20, "/b", 503, true),
        batches(DIALECT, 30, "/c", 200, false),
    ];
    let mut window = Window::new(scope, DIALECT, Some(history(&directory, &log.concat())));
    let mut out = Vec::new();
    for &vxid in first {
        assert_eq!(window.add(&bad(DIALECT, vxid, "/b"), &mut out), 0, "it comes first");
    }
    while window.read(None, 1, Duration::ZERO, &mut out) == Progress::Some {}
    window.finish(&mut out);
    assert_eq!(window.len_bytes(), out.len() as u64);
    (transactions(&out), out)
}

#[test]
fn the_group_that_fired_comes_first_and_once() {
    let group = bad(DIALECT, 20, "/b");
    let whole: HashMap<u64, usize> =
        group.transactions.iter().map(|it| (it.vxid.0, it.bytes().len())).collect();
    let (found, out) = window(Scope::All, &[20]);
    assert_eq!(found.len(), 6, "everything is there: {found:?}");
    for (vxid, len) in whole {
        assert_eq!(found[&vxid], len, "{vxid} is there once");
    }
    assert_eq!(Heads::new(DIALECT.layout(), &out).next().map(|it| it.vxid.0), Some(20));
}

#[test]
fn scopes_decide_what_belongs() {
    let numbers = |scope| {
        let mut found: Vec<u64> = window(scope, &[]).0.into_keys().collect();
        found.sort_unstable();
        found
    };
    assert_eq!(numbers(Scope::All), [10, 11, 20, 21, 30, 31]);
    assert_eq!(numbers(Scope::Xid(21)), [20, 21]);
    assert_eq!(numbers(Scope::Backend("b0".to_owned())), [10, 11, 20, 21, 30, 31]);
    assert!(numbers(Scope::Backend("b".to_owned())).is_empty(), "a name is a whole word");
    assert_eq!(numbers(Scope::Session(1)), [10, 11, 20, 21, 30, 31]);
    assert!(numbers(Scope::Session(2)).is_empty());
}

#[test]
fn of_a_group_that_is_there_in_part_the_rest_is_added() {
    let directory = tempfile::tempdir().unwrap();
    let [attempt, request] = batches(DIALECT, 20, "/b", 503, true);
    // The beginning of the attempt came before, as when a phase stalls; its rest comes later in the stream.
    let cut = records(DIALECT, 21, &[("Begin", "bereq 20 pass")]).len();
    let log = [batches(DIALECT, 10, "/a", 200, false)[1].clone(), attempt[..cut].to_vec()];
    let mut window = Window::new(Scope::All, DIALECT, Some(history(&directory, &log)));
    let mut out = Vec::new();
    while window.read(None, 1 << 20, Duration::ZERO, &mut out) == Progress::Some {}
    let offset = window.add(&bad(DIALECT, 20, "/b"), &mut out);
    assert_eq!(offset, log[0].len() as u64, "its first record is where the stream had it");
    window.stream(&[&attempt[cut..], &request[..]].concat(), Duration::ZERO, &mut out);
    let expected: Vec<u8> = [&log[0][..], &attempt[..cut], &request[..], &attempt[cut..]].concat();
    assert_eq!(transactions(&out), transactions(&expected));
    assert_eq!(out.len(), expected.len());
}

#[test]
fn the_end_of_what_began_before_is_kept_and_the_whole_added_when_it_fires() {
    let directory = tempfile::tempdir().unwrap();
    let end = records(DIALECT, 21, &[("End", "")]);
    let mut window =
        Window::new(Scope::All, DIALECT, Some(history(&directory, std::slice::from_ref(&end))));
    let mut out = Vec::new();
    while window.read(None, 1 << 20, Duration::ZERO, &mut out) == Progress::Some {}
    assert_eq!(out, end);
    assert_eq!(window.add(&bad(DIALECT, 20, "/b"), &mut out), end.len() as u64);
    let whole: usize = bad(DIALECT, 20, "/b").transactions.iter().map(|it| it.bytes().len()).sum();
    assert_eq!(out.len(), end.len() + whole);
}

#[test]
fn the_session_of_a_request_is_its_parent() {
    assert_eq!(session_of(&group(DIALECT, 20, "/a", 200)), Some(1));
    assert_eq!(session_of(&Group::default()), None);
}
