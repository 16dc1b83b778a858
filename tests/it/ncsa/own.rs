//! What `shellac ncsa` has and varnishncsa has not: attempts as nginx lists them, formats by name, more answers.

use std::path::Path;

use serde_json::Value;

use super::{lines, output};
use crate::support::fixture::{unpacked_archive, unpacked_file};

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

#[test]
fn attempts_are_listed_as_nginx_lists_them() {
    let captures = unpacked_archive("captures/captures.tar.zst");
    let columns = "%s|%{upstream_addr}x|%{upstream_status}x|%{upstream_connect_time}x|%{upstream_header_time}x|%{upstream_response_time}x";
    for (capture, expected) in [
        // One attempt, one that is not answered and its retry, and a restart, behind which there is another round.
        ("success-miss", "200|127.0.0.1:18081|200|0.000|0.000|0.001\n"),
        (
            "retry-error",
            "200|127.0.0.1:18081, 127.0.0.1:18081|502, 200|0.000, 0.000|-, 0.000|0.002, 0.000\n",
        ),
    ] {
        let file = captures.path().join(format!("{capture}.vsl"));
        let got = lines(&["-r", text(&file), "-F", columns]);
        assert_eq!(got, expected, "{capture}");
    }
}

#[test]
fn each_format_by_name_has_a_line_for_each_request_and_escapes_everything() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("mix.vsl");
    std::fs::write(&file, unpacked_file("corpus/mix-9.vsl.zst")).expect("ours");
    let count = lines(&["-r", text(&file), "-F", "%s"]).lines().count();
    assert!(count > 1000);
    let named = |format| lines(&["-r", text(&file), "--format", format]);
    let combined = named("combined");
    assert_eq!(combined.lines().count(), count);
    assert!(
        combined
            .lines()
            .all(|line| line.contains("] \"") && !line.contains("http://www.example.com/ HTTP"))
    );
    let ltsv = named("ltsv");
    assert_eq!(ltsv.lines().count(), count);
    for line in ltsv.lines() {
        let labels: Vec<&str> =
            line.split('\t').filter_map(|it| Some(it.split_once(':')?.0)).collect();
        assert_eq!(labels.len(), line.split('\t').count(), "{line}");
        assert!(labels.contains(&"status") && labels.contains(&"upstream_addr"));
    }
    let json = named("json");
    assert_eq!(json.lines().count(), count);
    let mut with_attempts = 0;
    for line in json.lines() {
        let value: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(value["status"].is_u64() && value["vxid"].is_u64(), "{line}");
        with_attempts += usize::from(value["upstream_status"].is_string());
    }
    assert!(with_attempts > 100 && with_attempts < count, "hits have no attempts");
}

#[test]
fn what_does_not_go_together_is_said_with_the_way_out() {
    for (args, expected) in [
        (&["-F", "%{upstream_addr}x", "-g", "vxid"][..], "leave -g away"),
        (&["--rotate", "1d"], "write -w FILE too"),
        (&["-w", "x", "--rotate", "soon"], "neither a size nor a time"),
        (&["-w", "x", "--keep", "3"], "--keep is for --rotate"),
        (&["-w", "x", "--rotate", "1M", "--keep", "-1"], "no number from 0 to"),
        (&["--format", "json", "-j"], "have their own rules"),
        (&["--format", "json", "-F", "%s"], "Format already set"),
        (&["-F", "%Z"], "Unknown format specifier at: %Z"),
        (&["-F", "%{Host:middle}i"], "Unknown match rule :middle"),
    ] {
        let output = output(args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
        assert!(said.contains(expected), "{args:?}: {said}");
    }
}

#[test]
fn the_file_that_is_read_is_not_written_to() {
    let captures = unpacked_archive("captures/captures.tar.zst");
    let file = captures.path().join("synth.vsl");
    let before = std::fs::read(&file).expect("it is there");
    let output = output(&["-r", text(&file), "-w", text(&file)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("would destroy it"));
    assert_eq!(std::fs::read(&file).expect("it is there"), before);
}
