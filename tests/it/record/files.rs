//! Recording from a file: its own times where it is about the log, the clock's where it is about the recorder.

use tempfile::TempDir;

use crate::support::fixture;
use crate::support::recorder::{json_lines, shellac};

#[test]
fn what_a_file_had_before_is_told_in_seconds_and_errors_reads_the_directory() {
    let captures = fixture::unpacked_archive("captures/captures.tar.zst");
    let file = captures.path().join("retry-error.vsl").display().to_string();
    let dir = TempDir::new().unwrap();
    let path = dir.path().to_str().unwrap();
    let recorded = shellac(&[
        "record",
        "-r",
        &file,
        "-o",
        path,
        "--keep-free",
        "0",
        "--on",
        "FetchError",
        "--before",
        "1h",
    ]);
    assert!(recorded.status.success(), "{recorded:?}");
    let manifest = json_lines(&dir.path().join("manifest.jsonl"));
    let capture = manifest.iter().find(|line| line["file"].is_string()).expect("a capture");
    assert_eq!(capture["asked"]["before"], 3600.0);
    let had = capture["had"]["before"].as_f64().expect("a number");
    assert!((0.0..3600.0).contains(&had), "the file is shorter than that: {capture}");
    // One clock for both, and it is not that of the file.
    let accounts: Vec<_> = manifest.iter().filter(|line| line["accounts"].is_object()).collect();
    let since = |line: &serde_json::Value, key: &str| line[key].as_str().unwrap().to_owned();
    assert!(!accounts.is_empty());
    for line in accounts {
        let (since, time) = (since(line, "since"), since(line, "time"));
        assert!(since <= time, "{since} {time}");
    }

    let lines = |from: &str| {
        let output = shellac(&["errors", "--utc", "-r", from]);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let expected = lines(&file);
    assert_ne!(expected, "");
    assert_eq!(lines(path), expected);
    let nothing = TempDir::new().unwrap();
    let output = shellac(&["errors", "-r", nothing.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("has no captures"), "{said}");
}
