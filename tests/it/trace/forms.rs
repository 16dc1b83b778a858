//! The other forms of a trace: JSON, HTML, a command line. Golden files as for the screens.

use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::{capture, file, fixtures, lines, run_with, text};
use crate::support::html;
use shellac_format::Dialect;

/// Captures with golden files, and the number that is asked for.
const FORMS: &[(&str, u64)] = &[
    ("success-miss", 2),
    ("retry-error", 98333),
    ("eof-before-first-byte-new", 65556),
    ("body-stall-chunked", 98315),
    ("pass-post-client-abort", 98345),
    ("esi-nested", 65633),
    ("pipe", 98348),
    ("restart-then-retry", 65649),
    ("grace-bgfetch", 36),
    ("client-bad-request", 98355),
];

pub(super) fn form(xid: u64, path: &str, options: &[&str]) -> String {
    let output = run_with(&[&[&*xid.to_string(), "-r", path], options].concat());
    assert!(output.status.success(), "{xid} {options:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn the_forms_are_the_golden_ones() {
    let golden = fixtures().join("golden/trace");
    let bless = std::env::var_os("SHELLAC_BLESS").is_some();
    let mut differing = String::new();
    let story = fixtures().join("story/seed.vsl");
    let all = FORMS.iter().map(|&(name, xid)| (name, xid, capture(name)));
    for (name, xid, path) in all.chain([("story", 576_325_623, story)]) {
        let path = path.to_str().unwrap();
        for (option, ending) in [("--json", "json"), ("--html", "html"), ("--curl", "sh")] {
            // Garbage cannot be sent again.
            if (name, option) == ("client-bad-request", "--curl") {
                let output = run_with(&["98355", "-r", path, "--curl"]);
                assert_eq!(output.status.code(), Some(1));
                assert!(text(&output.stderr).contains("not recorded"), "{}", text(&output.stderr));
                continue;
            }
            let shown = form(xid, path, &[option]);
            let place = golden.join(format!("{name}.{ending}"));
            if bless {
                fs::write(&place, &shown).unwrap();
            }
            if fs::read_to_string(&place).unwrap_or_default() != shown {
                writeln!(differing, "=== {name}.{ending}\n{shown}").unwrap();
            }
        }
    }
    assert!(differing.is_empty(), "other than the golden files:\n{differing}");
}

fn node(value: &Value, xid: u64) -> Option<&Value> {
    let nodes = value.as_array()?;
    nodes.iter().find_map(|it| if it["xid"] == xid { Some(it) } else { node(&it["children"], xid) })
}

#[test]
fn json_has_what_the_screen_says() {
    let path = capture("retry-error");
    let document: Value =
        serde_json::from_str(&form(98333, path.to_str().unwrap(), &["--json"])).unwrap();
    assert_eq!(document["schema"], "shellac.trace/1");
    assert_eq!((&document["redacted"], &document["matches"]), (&Value::Bool(true), &Value::Null));
    let trace = &document["traces"][0];
    let request = node(&trace["nodes"], 98333).expect("the request");
    assert_eq!(request["request"]["answer"]["status"], 200);
    let attempt = node(&trace["nodes"], 98334).expect("the first attempt");
    assert_eq!(attempt["attempt"]["retried"], true);
    let connection = &attempt["attempt"]["connections"][0];
    assert_eq!(connection["errors"][0], "HTC eof (-1)");
    assert_eq!(connection["body_acked_bytes"], Value::Null, "not recorded is not 0");
    assert_eq!(connection["failure"]["causes"].as_array().map(Vec::len), Some(2));
    let filter = connection["packet_filter"].as_str().unwrap();
    assert!(filter.starts_with("tcp and host 127.0.0.1 and port 48986"), "{filter}");
    let second = node(&trace["nodes"], 32849).expect("the second attempt");
    assert_eq!(second["attempt"]["changes_from"], 98334);
    assert_eq!(second["attempt"]["changes"][0]["to"], "/ok-retried");
}

/// Names of all fields below `value`.
fn keys(value: &Value, into: &mut std::collections::BTreeSet<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            into.insert(name.clone());
            keys(value, into);
        }),
        Value::Array(values) => values.iter().for_each(|value| keys(value, into)),
        _ => {}
    }
}

#[test]
fn every_field_is_described() {
    let path = fixtures().join("../crates/shellac-render/TRACE-JSON.md");
    let described = fs::read_to_string(path).unwrap();
    let mut names = std::collections::BTreeSet::new();
    for &(name, xid) in FORMS {
        let json = form(xid, capture(name).to_str().unwrap(), &["--json"]);
        keys(&serde_json::from_str(&json).unwrap(), &mut names);
    }
    assert!(names.len() > 70, "only {} fields", names.len());
    let missing: Vec<&String> =
        names.iter().filter(|name| !described.contains(&format!("`{name}`"))).collect();
    assert_eq!(missing, Vec::<&String>::new());
}

#[test]
fn a_page_stands_alone_and_is_well_formed() {
    for &(name, xid) in FORMS {
        let page = form(xid, capture(name).to_str().unwrap(), &["--html"]);
        let html = html::parse(&page);
        assert!(html.elements.contains("svg") && html.text.contains("Records ("), "{name}");
        assert!(html.text.contains(&format!("XID {xid}: ")), "{name}");
        for reference in ["src=", "href", "@import", "url(h", "url('", "<script", "<link"] {
            assert!(!page.contains(reference), "{name}: {reference}");
        }
    }
    let nothing = run_with(&["1", "--html", "-r", capture("pipe").to_str().unwrap()]);
    assert_eq!(nothing.status.code(), Some(1));
    assert!(html::parse(&text(&nothing.stdout)).text.contains("Nothing was found."));
}

/// The arguments that a shell makes of a command line.
pub(super) fn arguments(command: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let script = format!("curl() {{ printf '%s\\0' \"$@\"; }}\n{command}");
    let output = Command::new("bash")
        .args(["-eu", "-c", &script])
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("bash starts");
    assert!(output.status.success(), "{}\n{command}", text(&output.stderr));
    let said = String::from_utf8(output.stdout).expect("arguments are text");
    said.split_terminator('\0').map(str::to_owned).collect()
}

#[test]
fn a_shell_makes_of_the_command_line_what_was_received() {
    let directory = TempDir::new().unwrap();
    let log = lines(
        "1 Begin sess 0 HTTP/1\n1 SessOpen 192.0.2.7 5000 a0 127.0.0.1 8080 1.0 9\n1 Link req 7 rxreq\n1 End
         7 Begin req 1 rxreq\n7 ReqStart 192.0.2.7 5000 a0\n7 ReqMethod PURGE\n7 ReqURL /$(touch x)';`id`&a=\"b\"
         7 ReqProtocol HTTP/1.1\n7 ReqHeader Host: shop.example\n7 ReqHeader Cookie: sid=42
         7 ReqHeader X-Odd: it's $HOME `id` \"q\" \\ !!\n7 VCL_call RECV\n7 End",
    );
    let path = file(&directory, Dialect::V6_0, &log);
    let command = form(7, path.to_str().unwrap(), &["--curl"]);
    assert!(!command.contains("sid=42"), "{command}");
    let given = arguments(&command, &[("H_COOKIE", "sid=1")]);
    let expected = [
        "-v",
        "--globoff",
        "--path-as-is",
        "--http1.1",
        "--request",
        "PURGE",
        "--connect-to",
        "::127.0.0.1:8080",
        "--request-target",
        "/$(touch x)';`id`&a=\"b\"",
        "http://shop.example/",
        "--header",
        "Host: shop.example",
        "--header",
        "Cookie: sid=1",
        "--header",
        "X-Odd: it's $HOME `id` \"q\" \\ !!",
        "--header",
        "User-Agent:",
        "--header",
        "Accept:",
    ];
    assert_eq!(given, expected);
    let open = form(7, path.to_str().unwrap(), &["--curl", "--no-redact"]);
    assert!(arguments(&open, &[]).contains(&"Cookie: sid=42".to_owned()), "{open}");
}

#[test]
fn what_is_named_is_redacted_in_every_form() {
    let directory = TempDir::new().unwrap();
    let log = lines(
        "7 Begin req 0 rxreq\n7 Timestamp Start: 1.000000 0.000000 0.000000\n7 ReqMethod GET
         7 ReqURL /a?token=SECRET1&page=2&who=SECRET2\n7 ReqProtocol HTTP/1.1\n7 ReqHeader Host: h
         7 ReqHeader Authorization: Basic SECRET3\n7 ReqHeader X-Api-Key: SECRET4
         7 ReqHeader Referer: http://h/?token=SECRET5\n7 VCL_call RECV\n7 ReqUnset Cookie: SECRET6
         7 Link bereq 8 pass\n7 RespHeader Set-Cookie: SECRET7\n7 RespStatus 200
         7 Timestamp Resp: 1.100000 0.100000 0.100000\n7 End\n8 Begin bereq 7 pass\n8 BereqMethod GET
         8 BereqURL /a?token=SECRET8\n8 BereqHeader authorization: SECRET9\n8 BereqHeader x-api-key: SECRET0
         8 FetchError http format error: /a?token=SECRETA\n8 HttpGarbage cookie: SECRETB\n8 End",
    );
    let path = file(&directory, Dialect::V6_0, &log);
    let path = path.to_str().unwrap();
    let options = ["--redact-query", "--redact", "x-api-key", "--redact", "who"];
    for what in [&[][..], &["--json"], &["--html"], &["--curl"]] {
        let shown = form(7, path, &[what, &options].concat());
        assert!(!shown.contains("SECRET"), "{what:?}: {shown}");
        assert!(shown.contains("page=2"), "{what:?}: {shown}");
    }
    let output = run_with(&[&["--url", "/a?", "--list", "-r", path], &options[..]].concat());
    let listed = text(&output.stdout);
    assert!(listed.starts_with("7 ") && !listed.contains("SECRET"), "{listed}");
    let open = form(7, path, &["--json", "--no-redact"]);
    for n in "0123456789A".chars() {
        assert!(open.contains(&format!("SECRET{n}")), "SECRET{n}");
    }
}
