//! A writer that is killed leaves files that everybody can read, and the next one goes on.

use std::fs;
use std::path::Path;
use std::process::Command;

use shellac_capture::index::{Item, Lookup, Reader};
use shellac_capture::{KeepFree, Notice, Outcome, Store, StoreOptions, files};
use shellac_format::Tag;
use shellac_log::{Damage, FileSource, Input, LogRecords, Source, SourceError};

use super::writer::{self, DIALECT};
use crate::support::deadline::Deadline;
use crate::support::varnish;

/// The numbers of the transactions that begin in what `source` has, and what is wrong at its end.
fn begun(name: &str, reader: impl std::io::Read) -> (Vec<u64>, Option<Damage>) {
    let mut source = FileSource::open(name, reader, Some(DIALECT)).expect("it has a magic");
    let mut begun = Vec::new();
    loop {
        match source.next() {
            Ok(Input::Row(row) | Input::Unit(row)) => begun.extend(
                LogRecords::new(DIALECT, row)
                    .filter(|record| record.tag == Some(Tag::Begin))
                    .map(|record| record.vxid.0),
            ),
            Ok(Input::End) => return (begun, None),
            Ok(_) => {}
            Err(SourceError::Damaged { reason, .. }) => return (begun, Some(reason)),
            Err(error) => panic!("{error}"),
        }
    }
}

/// How many transactions begin in a file, by the stock tool.
fn begun_by_varnishlog(path: &Path) -> usize {
    let output = Command::new("varnishlog")
        .args(["-g", "raw", "-i", "Begin", "-r"])
        .arg(path)
        .output()
        .expect("it is installed");
    let text = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {error}", path.display());
    text.lines().filter(|line| line.contains(" Begin ")).count()
}

/// The number of the newest failure in the index; 0 without one.
fn newest(dir: &Path) -> u64 {
    let Ok(reader) = Reader::open(dir) else { return 0 };
    let entries = reader.filter_map(|item| match item.expect("it can be read") {
        Item::Entry(entry) => Some(entry.xid),
        _ => None,
    });
    entries.take(1).next().unwrap_or(0)
}

#[test]
fn whenever_a_writer_is_killed_its_files_are_readable_and_the_index_leads_into_them() {
    let has_varnish = varnish::is_here();
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("captures");
    let (mut partial, mut checked) = (0, 0);
    for round in 0..6 {
        let first = newest(&dir) + 1;
        let mut child = writer::start(&dir, first);
        Deadline::generous().wait_for("failures in the index", || {
            assert_eq!(child.try_wait().expect("it is our child"), None, "the writer ended");
            (newest(&dir) >= first + 15 + 7 * round).then_some(())
        });
        child.kill().expect("it runs");
        child.wait().expect("it is our child");

        for file in files::list(&dir).unwrap() {
            let (begun, damage) = begun(&file.name, file.open().unwrap());
            assert!(damage.is_none() || file.is_partial, "{}: {damage:?}", file.name);
            assert!(
                matches!(damage, None | Some(Damage::CutOff { .. })),
                "{}: {damage:?}",
                file.name
            );
            partial += usize::from(file.is_partial);
            if has_varnish && begun_by_varnishlog(&file.path) != begun.len() {
                // It takes the head of a cut `Begin` for a record when all of it is there.
                panic!("{}: varnishlog does not find {} transactions", file.name, begun.len());
            }
        }
        for item in Reader::open(&dir).unwrap().find(Lookup::All) {
            let Item::Entry(entry) = item.unwrap() else { panic!("a bad line") };
            if entry.outcome != Outcome::Full {
                continue;
            }
            let Some(file) = files::locate(&dir, entry.file.as_ref().unwrap()).unwrap() else {
                continue;
            };
            let reader = file.open_at(entry.offset.unwrap()).unwrap();
            let (begun, _) = begun(&file.name, reader);
            assert_eq!(begun.first(), Some(&entry.xid), "{entry:?}");
            checked += 1;
        }
    }
    assert!(partial >= 6 && checked >= 60, "{partial} partial files, {checked} entries checked");

    let options = StoreOptions { keep_free: KeepFree::Bytes(0), ..StoreOptions::new(&dir) };
    let mut store = Store::open(options, writer::time_of(newest(&dir))).unwrap();
    let notices = store.take_notices();
    let recovered = |notice: &&Notice| matches!(notice, Notice::Recovered { .. });
    assert!(notices.iter().filter(recovered).count() >= 1, "{notices:?}");
    for file in files::list(&dir).unwrap() {
        assert!(!file.is_partial, "{}", file.name);
        assert_eq!(begun(&file.name, file.open().unwrap()).1, None, "{}", file.name);
        assert_eq!(fs::metadata(&file.path).unwrap().len() % 4, 0);
    }
}
