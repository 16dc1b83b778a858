//! Reports on files: made-up logs with and without a reason for their failures, and recorded ones.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::written::{Log, Made};
use super::{complaints, explanations, list, report, said, why};
use crate::support::dice::Dice;
use crate::support::fixture;

/// A log of so many requests, of which those fail for which `fails` says so.
fn log(count: usize, dice: &mut Dice, fails: impl Fn(&Made<'_>, &mut Dice) -> bool) -> Log {
    let mut log = Log::new();
    for _ in 0..count {
        // The first backends and clients have most of the traffic.
        let skewed = |dice: &mut Dice, count: usize| dice.below(count).min(dice.below(count));
        let url =
            format!("/u{}/item{}?id={}", ["a", "b", "c"][skewed(dice, 3)], dice.below(1000), 7);
        let client = format!("10.0.{}.{}", skewed(dice, 40), dice.below(250));
        let backend = format!("b{}", skewed(dice, 9));
        let body = dice.percent(30);
        let length = format!("Content-Length: {}", if body { dice.below(9000) + 1 } else { 0 });
        let mut made = Made {
            method: if body { b"POST" } else { b"GET" },
            url: url.as_bytes(),
            headers: &[b"Host: example.org", length.as_bytes()],
            client: &client,
            backend: backend.as_bytes(),
            reused: dice.percent(60),
            failed: false,
        };
        made.failed = fails(&made, dice);
        log.add(&made);
    }
    log
}

fn one(log: &Log) -> (TempDir, std::path::PathBuf) {
    let directory = TempDir::new().expect("a temporary directory");
    let path = log.write(directory.path(), "log.vsl");
    (directory, path)
}

#[test]
fn failures_without_a_reason_are_spread_evenly() {
    let mut dice = Dice::new();
    let (_directory, path) = one(&log(1500, &mut dice, |_, dice| dice.percent(5)));
    let text = said(&why(&["-r", path.to_str().unwrap()]));
    assert!(!text.contains(" have "), "{dice:?}\n{text}");
    // In one of a hundred logs chance makes something look doubtful.
    let doubtful = text.contains("perhaps different");
    assert!(doubtful || text.contains("They are spread evenly"), "{dice:?}\n{text}");
    assert!(doubtful || text.contains("URL, first path segment"), "{dice:?}\n{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn two_bad_backends_of_nine_with_skewed_traffic() {
    let mut dice = Dice::new();
    let bad = |made: &Made<'_>, dice: &mut Dice| {
        dice.percent(if matches!(made.backend, b"b1" | b"b4") { 30 } else { 1 })
    };
    let (_directory, path) = one(&log(3000, &mut dice, bad));
    let report = report(&[&path], &[]);
    assert_eq!(explanations(&report), ["backend=b1|b4"], "{dice:?}\n{report}");
    let even = ["no_difference", "unsure"].map(|name| list(&report, name)).concat();
    for other in ["url", "path", "connection"] {
        assert!(even.contains(&other.to_owned()), "{dice:?}\n{report}");
    }
}

#[test]
fn one_instance_of_three_and_the_query_that_asks_for_it() {
    let mut dice = Dice::new();
    let directory = TempDir::new().expect("a temporary directory");
    let paths = [("a", 1), ("b", 25), ("c", 1)].map(|(name, percent)| {
        let log = log(700, &mut dice, |_, dice| dice.percent(percent));
        log.write(directory.path(), &format!("{name}.vsl"))
    });
    let files: Vec<&Path> = paths.iter().map(AsRef::as_ref).collect();
    let expected = [format!("instance={}", paths[1].display())];
    let whole = report(&files, &[]);
    assert_eq!(explanations(&whole), expected, "{dice:?}\n{whole}");
    assert_eq!(whole["units"], 2100);
    // The directory is these files.
    let all = report(&[directory.path()], &[]);
    assert_eq!(all["explanations"], whole["explanations"], "{dice:?}");

    let asked = report(&files, &["-q", "RespStatus == 503 and ReqMethod ne \"PUT\""]);
    assert_eq!(explanations(&asked), expected, "{dice:?}\n{asked}");
    assert_eq!(
        (&asked["failed"], list(&asked, "asked")),
        (&whole["failed"], vec!["method".to_owned()])
    );
}

#[test]
fn a_compressed_log_and_a_pipe_are_the_same_log() {
    let mut dice = Dice::new();
    let log = log(600, &mut dice, |made, _| made.backend == b"b2");
    let (directory, path) = one(&log);
    let packed = directory.path().join("packed");
    fs::write(&packed, zstd::encode_all(log.bytes(), 1).expect("it packs")).unwrap();
    let expected = said(&why(&["-r", path.to_str().unwrap()]));
    assert!(expected.contains("backend=b2"), "{expected}");
    assert_eq!(said(&why(&["-r", packed.to_str().unwrap()])), expected);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_shellac"))
        .args(["why", "-r", "-"])
        .stdin(fs::File::open(&path).unwrap())
        .output()
        .unwrap();
    assert_eq!(said(&output), expected);
}

#[test]
fn hostile_text_is_harmless() {
    let mut log = Log::new();
    let (evil, long) =
        (b"/\x1b]0;owned\x07\x1b[2J\"'<script>\n\xff\xfe?a=secret", b"x".repeat(3000));
    let name: &[u8] = b"X-\x1b[31m\"<b>\x80: hidden";
    for number in 0..400 {
        let failed = number % 4 == 0;
        let made = Made {
            method: if failed { b"GE\x1b[1mT" } else { b"GET" },
            url: if failed { evil } else { b"/fine" },
            headers: if failed { &[name, &long, b"no colon", b": "] } else { &[b"Host: a"] },
            client: if failed { "\u{1b}[2J" } else { "10.0.0.1" },
            backend: if failed { b"b\x07\x1b[0m" } else { b"b1" },
            reused: number % 3 == 0,
            failed,
        };
        log.add(&made);
    }
    let (_directory, path) = one(&log);
    let report = report(&[&path], &[]);
    assert_eq!(report["failed"], 100);
    assert!(!explanations(&report).is_empty(), "{report}");
    for arguments in [&["-r"][..], &["--json", "-r"]] {
        let mut arguments = arguments.to_vec();
        arguments.push(path.to_str().unwrap());
        let text = said(&why(&arguments));
        let printable = |byte: u8| byte == b'\n' || (0x20..0x7f).contains(&byte);
        assert!(text.bytes().all(printable), "{}", text.escape_debug());
        assert!(text.contains("\\x1b"), "it is shown, harmlessly: {text}");
        for secret in ["secret", "hidden"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[test]
fn recorded_logs_of_varnish_are_understood() {
    let directory = TempDir::new().expect("a temporary directory");
    let path = directory.path().join("mix");
    fs::write(&path, fixture::unpacked_file("corpus/mix-8.vsl.zst")).unwrap();
    let report = report(&[&path], &[]);
    // One of its backends is down, and nothing else is wrong.
    assert_eq!(explanations(&report), ["backend=down"], "{report}");
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_is_compared() {
    let mut dice = Dice::new();
    let log = log(400, &mut dice, |made, _| made.backend == b"b0");
    let directory = TempDir::new().expect("a temporary directory");
    let cut_off = directory.path().join("cut.vsl");
    fs::write(&cut_off, &log.bytes()[..log.bytes().len() - 6]).unwrap();
    let output = why(&["-r", cut_off.to_str().unwrap(), "-r", "/nonexistent/file"]);
    assert_eq!(output.status.code(), Some(1));
    let complaints = complaints(&output);
    assert!(complaints.contains("cut off"), "{complaints}");
    assert!(complaints.contains("cannot open /nonexistent/file"), "{complaints}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("backend=b0"), "{dice:?}\n{text}");

    let output = why(&["-r", cut_off.to_str().unwrap(), "-q", "RespStatus >"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(super::complaints(&output).contains("Query expression error"));
    assert!(output.stdout.is_empty());
    assert_eq!(why(&["--for", "soon"]).status.code(), Some(2));
}
