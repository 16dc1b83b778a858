//! Tables of a log that goes on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use parquet::record::RowAccessor;
use rustix::process::Signal;

use super::parquet::{at, rows, text};
use super::{command, output};
use crate::support::daemon::signal_process;
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step, ok};
use crate::support::proxy::Proxy;
use crate::support::said::Said;

/// An export that follows a log.
struct Running {
    child: Child,
    said: Said,
}

impl Running {
    fn start(proxy: &Proxy, directory: &Path, more: &[&str]) -> Running {
        let mut child = command(&["parquet", "-n", proxy.workdir().to_str().expect("text")])
            .arg("-o")
            .arg(directory)
            .args(more)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("export starts");
        let said = Said::by("export", child.stderr.take().expect("standard error is piped"));
        Running { child, said }
    }

    fn finish(&mut self) {
        signal_process(self.child.id(), Signal::TERM);
        let status = Deadline::generous()
            .wait_for("the end of export", || self.child.try_wait().expect("it is our child"));
        assert!(status.success(), "{status}: {}", self.said.all());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serving() -> (Origin, Proxy) {
    let origin = Origin::start(|_| vec![Step::ReadBody, ok("x")]);
    let proxy = Proxy::start(&[origin.address()], "");
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
    let mut export = Running::start(&proxy, directory.path(), &["--rotate", "1s"]);
    let mut number = 0;
    Deadline::generous().wait_for("tables", || {
        ask(&proxy, &mut number);
        (files(directory.path(), ".parquet").len() >= 2).then_some(())
    });
    // Another one cannot take away what this one writes.
    let to = directory.path().to_str().unwrap();
    let refused = output(&["parquet", "-n", proxy.workdir().to_str().unwrap(), "-o", to]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("another export writes to"), "{said}");
    export.finish();
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
    let mut number = 0;
    let first = Running::start(&proxy, place, &["--rotate", "1d", "--rotate", "1G"]);
    Deadline::generous().wait_for("a table in the making", || {
        ask(&proxy, &mut number);
        (files(place, ".part").len() == 1).then_some(())
    });
    drop(first);
    let left = files(place, ".part");
    assert_eq!((left.len(), files(place, ".parquet").len()), (1, 0));

    let mut second = Running::start(&proxy, place, &["--keep", "1"]);
    let line = second.said.wait_for_line("its rows are in no table");
    assert!(line.contains(left[0].to_str().unwrap()), "{line}");
    // SIGHUP ends a table, and only so many are kept.
    let mut seen = BTreeSet::new();
    Deadline::generous().wait_for("two tables, one after the other", || {
        ask(&proxy, &mut number);
        // It reads, so it knows what the signal means.
        if !files(place, ".part").is_empty() {
            signal_process(second.child.id(), Signal::HUP);
        }
        seen.extend(files(place, ".parquet"));
        (seen.len() >= 2).then_some(())
    });
    second.finish();
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
