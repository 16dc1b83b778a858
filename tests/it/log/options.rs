//! Options of the program as a whole: what goes where, and how it ends.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use super::{command, output, text};
use crate::support::fixture::unpacked_archive;
use crate::support::text::assert_same;

struct Capture {
    directory: tempfile::TempDir,
}

impl Capture {
    fn unpack() -> Capture {
        Capture { directory: unpacked_archive("captures/captures.tar.zst") }
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().unwrap().to_owned()
    }
}

#[test]
fn standard_input_is_a_file_too() {
    let capture = Capture::unpack();
    let mut child = command(&["-r", "-", "-g", "request"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // In pieces that cut records: a pipe delivers what it likes.
    let bytes = std::fs::read(capture.path("esi-nested.vsl")).unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for piece in bytes.chunks(7) {
        stdin.write_all(piece).unwrap();
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let expected = std::fs::read(capture.path("esi-nested.request.txt")).unwrap();
    assert_same("esi-nested", &output.stdout, &expected);
}

#[test]
fn a_pipe_is_shown_while_it_is_open() {
    let capture = Capture::unpack();
    let mut child = command(&["-r", "-", "-g", "raw"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&std::fs::read(capture.path("synth.vsl")).unwrap()).unwrap();
    let expected = std::fs::read_to_string(capture.path("synth.raw.txt")).unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for line in expected.lines() {
        assert_eq!(lines.next().expect("it comes before the pipe is closed").unwrap(), line);
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let capture = Capture::unpack();
    let mut child = command(&["-r", &capture.path("mixed.vsl"), "-g", "raw"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn the_query_selects_groups_by_number() {
    let capture = Capture::unpack();
    let file = capture.path("retry-response.vsl");
    let all = String::from_utf8(text(&["-r", &file, "-g", "request"])).unwrap();
    let header = all.lines().find(|line| line.contains("<< BeReq")).expect("an attempt");
    let vxid = header.split_ascii_whitespace().next_back().unwrap();
    let query = format!("vxid == {vxid}");
    assert_eq!(text(&["-r", &file, "-g", "request", "-q", &query]), all.as_bytes());
    let one = String::from_utf8(text(&["-r", &file, "-q", &query])).unwrap();
    assert_eq!(one.matches("<<").count(), 1);
    assert!(text(&["-r", &file, "-q", "vxid == 1"]).is_empty());
    let raw = String::from_utf8(text(&["-r", &file, "-g", "raw", "-q", &query])).unwrap();
    assert!(!raw.is_empty() && raw.lines().all(|line| line.trim_start().starts_with(vxid)));
}

#[test]
fn a_mistake_in_a_query_is_shown_where_it_is() {
    let output = output(&["-r", "/nonexistent", "-q", "RespStatus >="]);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(complaint.contains("Expected number got '' (Pos 14)\nRespStatus >=\n"), "{complaint}");
}

#[test]
fn counting_stops_after_groups() {
    let capture = Capture::unpack();
    let file = capture.path("mixed.vsl");
    let groups = String::from_utf8(text(&["-r", &file, "-g", "request", "-k", "3"])).unwrap();
    assert_eq!(groups.lines().filter(|line| line.is_empty()).count(), 3);
    let lines = String::from_utf8(text(&["-r", &file, "-g", "raw", "-k", "3"])).unwrap();
    assert_eq!(lines.lines().count(), 3);
}

#[test]
fn written_records_group_as_before_and_keep_what_grouping_needs() {
    let capture = Capture::unpack();
    let (file, copy) = (capture.path("esi-nested.vsl"), capture.path("copy.vsl"));
    text(&["-r", &file, "-g", "request", "-i", "ReqURL", "-w", &copy]);
    let expected = text(&["-r", &file, "-g", "request", "-i", "ReqURL,Begin,Link,End"]);
    assert_same("the copy", &text(&["-r", &copy, "-g", "request"]), &expected);
}

#[test]
fn the_magic_is_written_where_a_file_begins() {
    let capture = Capture::unpack();
    let (file, copy) = (capture.path("synth.vsl"), capture.path("copy.vsl"));
    let original = std::fs::read(&file).unwrap();
    for round in 1..=2 {
        text(&["-r", &file, "-g", "raw", "-a", "-w", &copy]);
        let got = std::fs::read(&copy).unwrap();
        assert_eq!(got.len(), 4 + round * (original.len() - 4));
        assert_eq!(got[..original.len()], original);
    }
    text(&["-r", &file, "-g", "raw", "-w", &copy]);
    assert_eq!(std::fs::read(&copy).unwrap(), original, "without -a a file is begun anew");
    assert_eq!(text(&["-r", &file, "-g", "raw", "-w", "-"]), original);
}

#[test]
fn records_of_another_length_are_not_appended() {
    let capture = Capture::unpack();
    let copy = capture.path("copy.vsl");
    OpenOptions::new().create(true).append(true).open(&copy).unwrap().write_all(b"VSL2").unwrap();
    let output = output(&["-r", &capture.path("synth.vsl"), "-a", "-w", &copy]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot append"));
    assert_eq!(std::fs::read(&copy).unwrap(), b"VSL2");
}

#[test]
fn the_file_that_is_read_is_not_written_over() {
    let capture = Capture::unpack();
    let file = capture.path("synth.vsl");
    let original = std::fs::read(&file).unwrap();
    let link = capture.path("link.vsl");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    for options in [&["-w"][..], &["-a", "-w"]] {
        let output = output(&[&["-r", &file], options, &[&link]].concat());
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("link.vsl is being read"));
        assert_eq!(std::fs::read(&file).unwrap(), original);
    }
}

#[test]
fn help_and_version() {
    let help = String::from_utf8(text(&["--help-all"])).unwrap();
    for option in
        ["-a", "-A", "-b", "-c", "-C", "-d", "-D", "-E", "-g", "-i", "-I", "-k", "-L", "-n", "-P"]
            .iter()
            .chain(&["-Q", "-q", "-r", "-R", "-t", "-T", "-u", "-v", "-V", "-w", "-x", "-X"])
    {
        assert!(
            [' ', '\n', ','].iter().any(|end| help.contains(&format!("{option}{end}"))),
            "{option}: {help}"
        );
    }
    assert!(String::from_utf8(text(&["-V"])).unwrap().starts_with("shellac log "));
}

#[test]
fn under_a_stock_name_it_calls_itself_as_it_was_called() {
    let directory = tempfile::tempdir().unwrap();
    let link = directory.path().join("varnishlog");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_shellac"), &link).unwrap();
    let said = |option: &str| {
        let output = std::process::Command::new(&link).arg(option).output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    let program = link.display();
    assert!(said("-h").starts_with(&format!("Usage: {program} <options>\n")), "{}", said("-h"));
    assert!(said("-V").starts_with(&format!("{program} (shellac ")), "{}", said("-V"));
    let own = said("--since");
    let start = format!("{program}: invalid option -- '-'\nUsage: {program} <options>\n");
    assert!(own.starts_with(&start), "none of ours is known there: {own}");
}

#[test]
fn the_help_fits_a_terminal() {
    let output = command(&["--help-all"]).env("COLUMNS", "80").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let widest = help.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80) && help.contains("--limit-bytes"), "{widest:?}: {help}");
}
