//! Recorded logs.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{output, text, values};
use crate::support::fixture::{unpacked_archive, unpacked_file};
use crate::support::schema;

fn captures(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).expect("the directory is there");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|it| it == "vsl"))
        .collect();
    files.sort();
    files
}

#[test]
fn what_varnishlog_json_wrote_are_the_same_values() {
    let directory = unpacked_archive("corpus/golden-9-json.tar.zst");
    let file = directory.path().join("mix.vsl");
    std::fs::write(&file, unpacked_file("corpus/mix-9.vsl.zst")).unwrap();
    let file = file.to_str().unwrap();
    for (name, count, options) in
        [("json-vxid.ndjson", 7881, &[][..]), ("json-request.ndjson", 7740, &["-g", "request"])]
    {
        let expected = std::fs::read_to_string(directory.path().join(name)).unwrap();
        let got = text(&[&["--schema", "varnishlog-json", "-r", file], options].concat());
        assert_eq!((expected.lines().count(), got.lines().count()), (count, count), "{name}");
        for (at, (expected, got)) in expected.lines().zip(got.lines()).enumerate() {
            let value = |line: &str| serde_json::from_str::<Value>(line).expect("it parses");
            assert_eq!(value(got), value(expected), "{name}, line {}", at + 1);
        }
    }
}

/// The numbers of the transactions of an object, sorted, and how many records they have.
fn contents(object: &Value) -> (Vec<u64>, usize) {
    let (mut numbers, mut records) = (Vec::new(), 0);
    let mut open = vec![object];
    while let Some(object) = open.pop() {
        numbers.push(object["vxid"].as_u64().expect("a number"));
        records += object["records"].as_array().map_or(0, Vec::len);
        for list in ["attempts", "requests"] {
            open.extend(object.get(list).and_then(Value::as_array).into_iter().flatten());
        }
    }
    numbers.sort_unstable();
    (numbers, records)
}

/// The same of what `shellac log` prints for each group.
fn contents_of_text(text: &[u8]) -> Vec<(Vec<u64>, usize)> {
    let mut groups: Vec<(Vec<u64>, usize)> = Vec::new();
    // An empty line is behind each. A restart is as high as what it restarts.
    let mut is_new = true;
    for line in text.split(|&byte| byte == b'\n') {
        let words: Vec<&[u8]> =
            line.split(|&byte| byte == b' ').filter(|it| !it.is_empty()).collect();
        match line.first() {
            Some(b'*') => {
                if std::mem::take(&mut is_new) {
                    groups.push((Vec::new(), 0));
                }
                let number = words.iter().skip_while(|it| **it != b">>").nth(1).expect("a number");
                let (numbers, _) = groups.last_mut().expect("a top comes first");
                numbers.push(str::from_utf8(number).unwrap().parse().unwrap());
            }
            Some(b'-') => groups.last_mut().expect("a header comes first").1 += 1,
            Some(_) => {}
            None => is_new = true,
        }
    }
    groups.iter_mut().for_each(|(numbers, _)| numbers.sort_unstable());
    groups
}

#[test]
fn every_capture_fits_the_schema_and_has_what_the_log_tool_shows() {
    let rules: Value = serde_json::from_str(&text(&["--print-schema"])).unwrap();
    let directory = unpacked_archive("captures/captures.tar.zst");
    let files = captures(directory.path());
    assert!(files.len() >= 90, "{} captures", files.len());
    for path in files {
        let path = path.to_str().unwrap();
        for grouping in ["vxid", "request", "session"] {
            let values = values(&["-r", path, "-g", grouping]);
            for value in &values {
                schema::check(&rules, value).unwrap_or_else(|error| panic!("{path}: {error}"));
                assert_eq!(value["grouping"], grouping);
            }
            let shown = output(&["log", "-r", path, "-g", grouping]);
            let expected = contents_of_text(&shown.stdout);
            assert_eq!(values.len(), expected.len(), "{path} {grouping}");
            for (value, expected) in values.iter().zip(expected) {
                assert_eq!(contents(value), expected, "{path} {grouping}");
            }
        }
        let singles = values(&["-r", path, "-g", "raw"]);
        let lines = output(&["log", "-r", path, "-g", "raw"]).stdout;
        // A text may have several lines; those that begin a record begin with a number.
        let is_record = |line: &&[u8]| {
            let number = line.get(..10).and_then(|it| str::from_utf8(it).ok());
            number.is_some_and(|it| it.trim_start().parse::<u64>().is_ok())
        };
        let expected = lines.split(|&byte| byte == b'\n').filter(is_record).count();
        assert_eq!(singles.len(), expected, "{path} raw");
        for value in &singles {
            schema::check(&rules, value).unwrap_or_else(|error| panic!("{path}: {error}"));
        }
    }
}

/// Trees that contradict themselves.
#[test]
fn broken_trees_are_whole_lines() {
    let rules: Value = serde_json::from_str(&text(&["--print-schema"])).unwrap();
    let directory = unpacked_archive("captures/captures.tar.zst");
    let files = captures(&directory.path().join("grouping"));
    assert!(files.len() >= 20, "{} files", files.len());
    for path in files {
        let path = path.to_str().unwrap();
        for grouping in ["vxid", "request", "session"] {
            let args = ["-r", path, "-g", grouping, "--orphans", "-v"];
            for value in values(&args) {
                schema::check(&rules, &value).unwrap_or_else(|error| panic!("{path}: {error}"));
            }
            values(&["-r", path, "-g", grouping, "--schema", "varnishlog-json"]);
        }
    }
}
