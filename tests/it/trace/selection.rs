//! `shellac trace --url`, `--backend`, `--last-error` on files.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use super::{capture, fixtures, run_with, text};

fn shown(arguments: &[&str]) -> String {
    let output = run_with(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn the_newest_failure_of_several_files_is_shown() {
    let files: Vec<String> = ["success-miss", "retry-error", "connect-refused"]
        .map(|name| capture(name).to_str().unwrap().to_owned())
        .to_vec();
    let mut arguments = vec!["--last-error"];
    files.iter().for_each(|file| arguments.extend(["-r", file]));
    let out = shown(&arguments);
    // The recordings were made one after the other; retry-error is the latest.
    assert!(out.starts_with("XID 98333: GET /retryerr1\n"), "{out}");
    arguments.extend(["--backend", "refused"]);
    let out = shown(&arguments);
    assert!(out.contains("Why attempt 1 failed: nobody listens"), "{out}");
    arguments.extend(["--url", "/nothing*"]);
    let output = run_with(&arguments);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("groups in ") && said.contains(" fits."), "{said}");
}

#[test]
fn an_attempt_without_its_request_is_a_failure_too() {
    let story = fixtures().join("story/seed.vsl");
    let out = shown(&["--last-error", "-r", story.to_str().unwrap()]);
    assert!(out.starts_with("XID 576325623: attempt 1 at a backend"), "{out}");
}

#[test]
fn a_file_may_be_compressed() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("a.log");
    let packed = zstd::encode_all(&fs::read(capture("retry-error")).unwrap()[..], 3).unwrap();
    fs::write(&path, &packed).unwrap();
    let plain = shown(&["98333", "-r", capture("retry-error").to_str().unwrap()]);
    assert_eq!(shown(&["98333", "-r", path.to_str().unwrap()]), plain);
    fs::write(&path, &packed[..packed.len() - 9]).unwrap();
    let output = run_with(&["98333", "-r", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("a.log"), "{}", text(&output.stderr));
}

#[test]
fn a_pipe_is_read_once_and_that_is_enough() {
    let log = fs::File::open(capture("retry-error")).unwrap();
    let output = super::run_reading(&["--last-error", "-r", "-"], log);
    let out = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(out.starts_with("XID 98333: GET /retryerr1\n") && out.contains("attempt 2"), "{out}");
    let log = fs::File::open(capture("retry-error")).unwrap();
    let output = super::run_reading(&["98333", "-r", "-"], log);
    assert!(text(&output.stdout).starts_with("XID 98333: GET /retryerr1\n"));
}

/// A file is walked twice by its heads, a pipe is collected in one pass.
#[test]
fn a_pipe_and_a_file_give_the_same() {
    let file = capture("mixed");
    let listed = shown(&["--url", "/", "--list=60", "-r", file.to_str().unwrap()]);
    let numbers: Vec<&str> =
        listed.lines().take(60).filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(numbers.len(), 60, "{listed}");
    for xid in numbers.iter().step_by(4) {
        let from_file = shown(&[xid, "-r", file.to_str().unwrap()]);
        let log = fs::File::open(&file).unwrap();
        let from_pipe = text(&super::run_reading(&[xid, "-r", "-"], log).stdout);
        assert_eq!(from_file, from_pipe, "{xid}");
    }
}

#[test]
fn a_file_that_cannot_be_read_does_not_hide_the_others() {
    let file = capture("retry-error");
    let file = file.to_str().unwrap();
    for asked in ["98333", "--last-error"] {
        let output = run_with(&[asked, "-r", "/none.vsl", "-r", file]);
        assert_eq!(output.status.code(), Some(1), "not all could be read");
        assert!(text(&output.stdout).starts_with("XID 98333: GET /retryerr1\n"));
        assert!(text(&output.stderr).contains("cannot open /none.vsl"));
    }
}

#[test]
fn matches_are_listed_with_what_is_known_of_them() {
    let file = capture("retry-error");
    let out = shown(&["--url", "retryerr", "--list", "-r", file.to_str().unwrap()]);
    let line = out.lines().next().unwrap();
    assert!(
        line.starts_with("98333 ") && line.contains("  200  GET /retryerr1  good  HTC eof"),
        "{out}"
    );
}

#[test]
fn something_has_to_be_asked_for_and_only_one_thing() {
    for wrong in [
        &["--utc"][..],
        &["1", "--url", "x"],
        &["1", "--last-error"],
        &["1", "--list"],
        &["0"],
        &["1", "--tz", "+02:00"],
    ] {
        let output = run_with(wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn times_are_shown_so_far_from_utc_as_asked() {
    let output = Command::new(env!("CARGO_BIN_EXE_shellac"))
        .args(["trace", "--tz", "-03:30", "--last-error", "-r"])
        .arg(capture("body-truncated-length"))
        .output()
        .expect("trace starts");
    let out = text(&output.stdout);
    assert!(out.contains("  2026-11-21 20:16:48.728324 -03:30  epoch 1795304808.728324"), "{out}");
}
