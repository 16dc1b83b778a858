//! Options of the tool.

use serde_json::{Value, json};

use super::{output, text, tool, values};
use crate::support::fixture::unpacked_archive;

/// A capture, in a directory that goes away with the value.
fn capture(name: &str) -> (tempfile::TempDir, String) {
    let directory = unpacked_archive("captures/captures.tar.zst");
    let path = directory.path().join(format!("{name}.vsl")).to_str().unwrap().to_owned();
    (directory, path)
}

fn tags(value: &Value) -> Vec<&str> {
    let records = value["records"].as_array().into_iter().flatten();
    records.map(|record| record["tag"].as_str().expect("a text")).collect()
}

#[test]
fn requests_are_lines_unless_something_else_is_asked_for() {
    let (_directory, path) = capture("esi-nested");
    let by_request = text(&["-r", &path]);
    assert_eq!(by_request, text(&["-r", &path, "-g", "request"]));
    assert_ne!(by_request, text(&["-r", &path, "-g", "vxid"]));
    // The other schema has another default, and clients only.
    let theirs = values(&["-r", &path, "--schema", "varnishlog-json"]);
    assert!(!theirs.is_empty() && theirs.iter().all(|it| it["side"] == "client"), "{theirs:?}");
    let both = values(&["-r", &path, "--schema", "varnishlog-json", "-b"]);
    assert!(!both.is_empty() && both.iter().all(|it| it["side"] == "backend"), "{both:?}");
}

#[test]
fn what_is_shown_and_what_is_selected_as_in_the_log_tool() {
    let (_directory, path) = capture("esi-nested");
    let urls = values(&["-r", &path, "-g", "vxid", "-c", "-i", "ReqURL"]);
    assert!(!urls.is_empty());
    for value in &urls {
        assert_eq!(tags(value), ["ReqURL"]);
        assert_eq!(value["records"][0]["value"], value["url"]);
    }
    let matching = values(&["-r", &path, "-g", "vxid", "-I", "ReqHeader:^Host"]);
    assert!(matching.iter().flat_map(tags).all(|tag| tag == "ReqHeader"));
    assert!(matching.iter().any(|value| value["records"][0]["name"] == "Host"));
    assert_eq!(values(&["-r", &path, "-k", "1"]).len(), 1);
    assert!(values(&["-r", &path, "-q", "RespStatus == 999"]).is_empty());
    let verbose = values(&["-r", &path, "-v", "-k", "1"]);
    assert_eq!(verbose[0]["records"][0]["vxid"], verbose[0]["vxid"]);
    assert_eq!(verbose[0]["records"][0]["side"], "client");
}

#[test]
fn a_file_is_written_appended_to_and_not_destroyed() {
    let (directory, path) = capture("synth");
    let expected = text(&["-r", &path]);
    let to = directory.path().join("out.ndjson");
    let to = to.to_str().unwrap();
    for (args, times) in [(&["-w", to][..], 1), (&["-a", "-w", to], 2), (&["-w", to], 1)] {
        assert_eq!(text(&[&["-r", &path], args].concat()), "");
        assert_eq!(std::fs::read_to_string(to).unwrap(), expected.repeat(times));
    }
    assert_eq!(text(&["-r", &path, "-w", "-"]), expected);
    let before = std::fs::read(&path).unwrap();
    let refused = output(&["json", "-r", &path, "-w", &path]);
    assert!(!refused.status.success());
    assert!(std::fs::read(&path).unwrap() == before, "it is still there");
}

#[test]
fn bytes_that_are_no_text_come_through_a_pipe_and_back() {
    use shellac_format::record::encode;
    use shellac_format::{Dialect, Side, Tag, Vxid};
    let dialect = Dialect::V6_0;
    let url: Vec<u8> = (1..=255).collect();
    let mut file = dialect.layout().file_magic().to_vec();
    for (tag, payload) in [
        (Tag::Begin, &b"req 1 rxreq\0"[..]),
        (Tag::ReqUrl, &[&url[..], b"\0"].concat()),
        (Tag::End, b"\0"),
    ] {
        let number = tag.number(dialect).unwrap();
        encode(&mut file, dialect.layout(), number, Vxid(3), Side::Client, payload);
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("odd.vsl");
    std::fs::write(&path, file).unwrap();
    let child =
        tool(&["json", "-r", path.to_str().unwrap(), "--dialect", "6.0-7.2"]).output().unwrap();
    let line = String::from_utf8(child.stdout).expect("it is UTF-8");
    assert!(!line.trim_end_matches('\n').contains(|c: char| c.is_control()), "{line:?}");
    let value: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(shellac_render::json::bytes_of(value["url"].as_str().unwrap()), url);
    assert_eq!(value["records"][2], json!({"tag": "End", "value": ""}));
}

#[test]
fn mistakes_are_named() {
    for (args, expected) in [
        (&["json", "--schema", "other"][..], "varnishlog-json"),
        (&["json", "-D"], "Missing -w option"),
        (&["json", "-g", "x", "-r", "-"], "Unknown grouping type: x"),
        (&["json", "-q", "(", "-r", "-"], "Query expression error"),
    ] {
        let output = output(args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(expected), "{args:?}: {said}");
    }
}
