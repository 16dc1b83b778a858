//! What the stock tools of later versions wrote down, read again: these cannot be run here.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use shellac_vsm::{ChildSet, MgtSet, PublishOptions};

use super::stock::{segment, timeless};
use crate::support::fixture::unpacked_archive;
use crate::support::text::assert_same;

fn run(name: &str, workdir: &Path, form: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
    command.arg0(name).arg("-n").arg(workdir).arg(form).stdin(Stdio::null());
    // Whoever wrote it is not here.
    command.env_remove("SHELLAC_COMPAT").env("VSM_NOPID", "1");
    let output = command.output().expect("it starts");
    assert!(output.status.success() && output.stderr.is_empty(), "{name} {form}: {output:?}");
    output
}

fn read(directory: &Path, name: &str) -> String {
    std::fs::read_to_string(directory.join(name)).expect("it is in the archive")
}

/// Processes were stopped when this one was copied, so every number is the same.
#[test]
fn the_directory_of_8_reads_as_its_tool_read_it() {
    let snapshot = unpacked_archive("snapshots/vsm-snapshot-8.0.0.tar.zst");
    for name in ["varnishstat", "vinylstat"] {
        for (form, file) in [("-1", "stat-1.txt"), ("-j", "stat-j.json")] {
            let found = timeless(&run(name, snapshot.path(), form).stdout);
            let expected = timeless(read(snapshot.path(), file).as_bytes());
            assert!(expected.lines().count() > 300);
            assert_same(&format!("{name} {form}"), found.as_bytes(), expected.as_bytes());
        }
    }
}

/// This one was copied while it ran: a few numbers are of another second.
#[test]
fn the_directory_of_9_has_the_same_counters_in_the_same_columns() {
    let snapshot = unpacked_archive("snapshots/vsm-snapshot-9.0.2.tar.zst");
    let found = String::from_utf8(run("vinylstat", snapshot.path(), "-1").stdout).expect("text");
    let expected = read(snapshot.path(), "stat-1.txt");
    assert_eq!(found.lines().count(), expected.lines().count());
    let mut same = 0;
    for (found, expected) in found.lines().zip(expected.lines()) {
        // The widest columns are the numbers' own.
        let parts = |line: &str| {
            let words: Vec<String> = line.split_ascii_whitespace().map(str::to_owned).collect();
            (words[0].clone(), words[3..].to_vec(), line.len())
        };
        assert_eq!(parts(found), parts(expected));
        let value = |line: &str| line.split_ascii_whitespace().nth(1).map(str::to_owned);
        same += usize::from(value(found) == value(expected));
    }
    assert!(same > 300, "only {same} values are the same");
}

/// One counter as `-x` has it: name, value, flag, format, description.
fn counters(xml: &str) -> Vec<[&str; 5]> {
    let field = |part, name: &str| -> &str {
        let text: &str = part;
        let (_, rest) = text.split_once(&format!("<{name}>")).expect("a field");
        rest.split_once("</").expect("its end").0
    };
    let stats = xml.split("\t<stat>\n").skip(1);
    stats
        .map(|part| ["name", "value", "flag", "format", "description"].map(|it| field(part, it)))
        .collect()
}

/// A directory that is made from what `-x` wrote is written in all forms as the tool of 9 wrote them.
#[test]
fn the_forms_of_9_are_written_again_from_one_of_them() {
    let files = unpacked_archive("snapshots/stat-9.tar.zst");
    let xml = read(files.path(), "x.xml");
    let counters = counters(&xml);
    assert_eq!(counters.len(), 290);
    let root = tempfile::tempdir().expect("a temporary directory");
    let options = PublishOptions::own(1);
    let mut mgt = MgtSet::create(root.path(), &options).expect("a set");
    let mut child = ChildSet::create(root.path(), &options).expect("a set");
    // Counters of one set stand together.
    let set_of = |name: &str| name.rsplit_once('.').expect("SET.NAME").0.to_owned();
    let sets = counters.chunk_by(|one, other| set_of(one[0]) == set_of(other[0]));
    for (id, set) in (1..).zip(sets) {
        let (mut elements, mut values) = (Vec::new(), Vec::new());
        for [name, value, flag, format, description] in set {
            let short = name.rsplit_once('.').expect("SET.NAME").1;
            let kind = match *flag {
                "c" => "counter",
                "g" => "gauge",
                _ => "bitmap",
            };
            let format = match *format {
                "i" => "integer",
                "B" => "bytes",
                "d" => "duration",
                _ => "bitmap",
            };
            let index = values.len();
            elements.push(format!(
                r#""{short}": {{"type": "{kind}", "level": "info", "oneliner": "{description}", "format": "{format}", "index": {index}}}"#
            ));
            values.extend(value.parse::<u64>().expect("a number").to_ne_bytes());
        }
        let doc = format!(r#"{{"version": "1", "elem": {{{}}}}}"#, elements.join(","));
        let ident = set_of(set[0][0]);
        let to = if ident == "MGT" { &mut *mgt } else { &mut *child };
        segment(to, "StatDoc", &format!("{id:x}"), id, doc.as_bytes());
        segment(to, "Stat", &ident, id, &values);
    }
    mgt.publish().expect("it is written");
    child.publish().expect("it is written");

    let written = |form| timeless(&run("vinylstat", root.path(), form).stdout);
    let expected = |file| timeless(read(files.path(), file).as_bytes());
    assert_same("-x", written("-x").as_bytes(), expected("x.xml").as_bytes());
    assert_same("-l", written("-l").as_bytes(), expected("l.txt").as_bytes());
    // These are of another second.
    let without_values = |text: String| -> Vec<String> {
        let no_value = |line: &str| match line.split_once("\"value\": ") {
            Some((before, _)) => before.to_owned(),
            None => line.to_owned(),
        };
        text.lines().map(no_value).collect()
    };
    assert_eq!(without_values(written("-j")), without_values(expected("j.json")));
    let columns = |text: String| -> Vec<(String, usize)> {
        let column =
            |line: &str| (line.split(' ').next().unwrap_or_default().to_owned(), line.len());
        text.lines().map(column).collect()
    };
    // By then it had more sets, behind these.
    let [found, mut expected] = [columns(written("-1")), columns(expected("1.txt"))];
    expected.truncate(counters.len());
    assert_eq!(found, expected);
}
