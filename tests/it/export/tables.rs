//! Tables of a log that goes on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use parquet::record::RowAccessor;
use rustix::process::Signal;

use super::parquet::{at, rows, text};
use super::{Running, output};
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step, ok};
use crate::support::proxy::Proxy;

fn serving() -> (Origin, Proxy) {
    let origin = Origin::start(|_| vec![Step::ReadBody, ok("x")]);
    // Requests are in the log in the order in which they are asked: with two threads one that has been answered already can get
    // into it behind the next one.
    let proxy = Proxy::start_with("threads = 1", &[origin.address()], "");
    (origin, proxy)
}

/// Asks for `/NUMBER` for each number.
fn ask(proxy: &Proxy, number: &mut u64) {
    let mut client = proxy.client();
    client.send(format!("GET /{number} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    client.answer("GET");
    *number += 1;
}

/// Files of the directory whose names end so, the oldest first.
fn files(directory: &Path, end: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).expect("a directory");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.to_str().is_some_and(|path| path.ends_with(end)))
        .collect();
    files.sort_unstable();
    files
}

/// The numbers that were asked for, as a table has them.
fn asked(table: &Path) -> Vec<u64> {
    let rows = rows(table);
    let requests = rows.iter().filter(|row| text(row, "type").as_deref() == Some("request"));
    requests
        .map(|row| {
            let url = text(row, "url").expect("a request has one");
            assert_eq!(row.get_bool(at(row, "complete")).ok(), Some(true), "{row}");
            url.trim_start_matches('/').parse().expect("a number")
        })
        .collect()
}

#[test]
fn a_log_is_followed_from_table_to_table() {
    let (_origin, proxy) = serving();
    let directory = tempfile::tempdir().unwrap();
    let to = directory.path().to_str().unwrap();
    let mut export = Running::start("parquet", &proxy, &["-o", to, "--rotate", "1s"]);
    let mut number = 0;
    Deadline::generous().wait_for("tables", || {
        ask(&proxy, &mut number);
        (files(directory.path(), ".parquet").len() >= 2).then_some(())
    });
    // Another one cannot take away what this one writes.
    let refused = output(&["parquet", "-n", proxy.workdir().to_str().unwrap(), "-o", to]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("another export writes to"), "{said}");
    let status = export.finish();
    assert!(status.success(), "{status}: {}", export.said.all());
    let tables = files(directory.path(), ".parquet");
    assert!(files(directory.path(), ".part").is_empty());
    let numbers: Vec<u64> = tables.iter().flat_map(|table| asked(table)).collect();
    // From the first that was seen on all of them, once.
    let (first, last) = (numbers[0], numbers[numbers.len() - 1]);
    assert_eq!(numbers, (first..=last).collect::<Vec<_>>());
    for table in &tables {
        let rows = rows(table);
        assert!(!rows.is_empty() && text(&rows[0], "file").is_some_and(|file| !file.is_empty()));
        let line = format!("{}: {} rows", table.display(), rows.len());
        assert!(export.said.all().contains(&line), "{line}: {}", export.said.all());
    }
}

#[test]
fn what_a_killed_export_has_left_is_cleared_away_by_the_next_one() {
    let (_origin, proxy) = serving();
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path();
    let to = place.to_str().unwrap();
    let mut number = 0;
    let more = ["-o", to, "--rotate", "1d", "--rotate", "1G"];
    let first = Running::start("parquet", &proxy, &more);
    Deadline::generous().wait_for("a table in the making", || {
        ask(&proxy, &mut number);
        (files(place, ".part").len() == 1).then_some(())
    });
    drop(first);
    let left = files(place, ".part");
    assert_eq!((left.len(), files(place, ".parquet").len()), (1, 0));

    let mut second = Running::start("parquet", &proxy, &["-o", to, "--keep", "1"]);
    let line = second.said.wait_for_line("its rows are in no table");
    assert!(line.contains(left[0].to_str().unwrap()), "{line}");
    // SIGHUP ends a table, and only so many are kept.
    let mut seen = BTreeSet::new();
    Deadline::generous().wait_for("two tables, one after the other", || {
        ask(&proxy, &mut number);
        // It reads, so it knows what the signal means.
        if !files(place, ".part").is_empty() {
            second.signal(Signal::HUP);
        }
        seen.extend(files(place, ".parquet"));
        (seen.len() >= 2).then_some(())
    });
    let status = second.finish();
    assert!(status.success(), "{status}: {}", second.said.all());
    assert_eq!(files(place, ".parquet").len(), 1);
    assert!(files(place, ".part").is_empty());
}

#[test]
fn what_a_log_holds_is_a_table() {
    let (_origin, proxy) = serving();
    let directory = tempfile::tempdir().unwrap();
    let table = directory.path().join("now.parquet");
    let workdir = proxy.workdir();
    let (workdir, to) = (workdir.to_str().unwrap(), table.to_str().unwrap());
    let mut number = 0;
    (0..3).for_each(|_| ask(&proxy, &mut number));
    // The last one is in the log a moment after its answer.
    Deadline::generous().wait_for("all three", || {
        let output = output(&["parquet", "-d", "-n", workdir, "-o", to]);
        assert!(output.status.success(), "{output:?}");
        (asked(&table) == [0, 1, 2]).then_some(())
    });
    for (args, why) in [
        (&["-n", workdir, "-o", to][..], "is no directory"),
        (&["-o", to, "-d", "--rotate", "1h"], "cannot be used with"),
        (&["-o", to, "-r", "x.vsl", "--keep", "2"], "cannot be used with"),
    ] {
        let output = output(&[&["parquet"], args].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(why), "{args:?}: {said}");
    }
}
