//! Whatever a log says, it reaches a terminal, JSON, HTML and a shell as text and as nothing else.

use serde_json::Value;
use shellac_format::{Dialect, Side, Tag, Vxid, record};
use tempfile::TempDir;

use super::forms::arguments;
use super::{run_with, text};
use crate::support::html;

/// Bytes that mean something somewhere.
const HOSTILE: &[&[u8]] = &[
    b"\x1b[2J\x1b]0;owned\x07",
    b"</script><script>alert(1)</script>",
    b"<img src=x onerror=alert(1)>",
    b"\"'><svg onload=alert(1)>&lt;",
    b"\xff\xfe\x80\xc3\x28\x9b1m",
    b"line\r\nbreak\tand\x0bmore",
    b"\xe2\x80\xae\xc2\x9b31m\xe2\x80\xa8",
    b"'; $(reboot) `id` \\' \"$HOME\" #",
    b"]]>--><!--{{7*7}}%s%n\\u0000",
];

/// Tags whose text may show up somewhere, with the beginning that gets it there.
const PLACES: &[(Tag, &[u8])] = &[
    (Tag::ReqStart, b"192.0.2.1 5000 "),
    (Tag::ReqMethod, b"GET"),
    (Tag::ReqUrl, b"/"),
    (Tag::ReqProtocol, b"HTTP/1.1"),
    (Tag::ReqHeader, b"Host: "),
    (Tag::ReqHeader, b"X-"),
    (Tag::ReqHeader, b"X-A: "),
    (Tag::VclCall, b"RECV"),
    (Tag::HttpGarbage, b""),
    (Tag::VclError, b""),
    (Tag::VclLog, b"fetch.addr:"),
    (Tag::Link, b"bereq 8 pass"),
    (Tag::RespReason, b""),
    (Tag::RespHeader, b"X-B: "),
    (Tag::Error, b""),
];
const ATTEMPT: &[(Tag, &[u8])] = &[
    (Tag::BereqMethod, b"GET"),
    (Tag::BereqUrl, b"/"),
    (Tag::BereqHeader, b"X-C: "),
    (Tag::Timestamp, b"Start: 100.000000 0.000000 0.000000"),
    (Tag::BackendOpen, b"9 boot."),
    (Tag::Timestamp, b"Bereq: 100.100000 0.100000 0.100000"),
    (Tag::FetchError, b"HTC eof "),
    (Tag::FetchError, b""),
    (Tag::VclLog, b"fetch.node:"),
    (Tag::BackendClose, b"9 boot.x close "),
    (Tag::Timestamp, b"Odd"),
    (Tag::Timestamp, b"Beresp: 100.200000 0.200000 0.100000"),
    (Tag::BerespReason, b""),
    (Tag::BerespHeader, b"X-D: "),
    (Tag::VclReturn, b""),
];

/// A session with a request and an attempt, all of whose texts end in `hostile`.
fn log(dialect: Dialect, hostile: &[u8]) -> Vec<u8> {
    let mut bytes = dialect.layout().file_magic().to_vec();
    let mut put = |vxid, side, tag: Tag, parts: &[&[u8]]| {
        let number = tag.number(dialect).expect("a tag of all dialects");
        let text = [parts.concat().as_slice(), b"\0"].concat();
        record::encode(&mut bytes, dialect.layout(), number, Vxid(vxid), side, &text);
    };
    put(6, Side::None, Tag::Begin, &[b"sess 0 HTTP/1"]);
    put(6, Side::None, Tag::SessOpen, &[b"192.0.2.1 5000 ", hostile, b" 127.0.0.1 80 1.0 9"]);
    put(6, Side::None, Tag::Link, &[b"req 7 rxreq"]);
    put(6, Side::None, Tag::SessClose, &[hostile, b" 1.0"]);
    put(6, Side::None, Tag::End, &[]);
    put(7, Side::Client, Tag::Begin, &[b"req 6 rxreq"]);
    put(7, Side::Client, Tag::Timestamp, &[b"Start: 100.000000 0.000000 0.000000"]);
    for (tag, start) in PLACES {
        let is_relation = matches!(tag, Tag::Link | Tag::VclCall | Tag::ReqMethod);
        put(7, Side::Client, *tag, &[start, if is_relation { b"" } else { hostile }]);
    }
    put(7, Side::Client, Tag::RespStatus, &[b"503"]);
    put(7, Side::Client, Tag::Timestamp, &[b"Resp: 101.000000 1.000000 1.000000"]);
    put(7, Side::Client, Tag::End, &[]);
    put(8, Side::Backend, Tag::Begin, &[b"bereq 7 pass"]);
    for (tag, start) in ATTEMPT {
        let end: &[u8] = match (tag, *start) {
            (Tag::BackendOpen, _) => b" 127.0.0.1 80 127.0.0.1 4000 connect",
            (Tag::Timestamp, b"Odd") => b": 100.150000 0.150000 0.050000",
            _ => b"",
        };
        let middle: &[u8] = if *tag == Tag::Timestamp && *start != b"Odd" { b"" } else { hostile };
        put(8, Side::Backend, *tag, &[start, middle, end]);
    }
    put(8, Side::Backend, Tag::End, &[]);
    bytes
}

fn strings(value: &Value, check: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => check(text),
        Value::Array(values) => values.iter().for_each(|value| strings(value, check)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            check(name);
            strings(value, check);
        }),
        _ => {}
    }
}

fn is_printable(text: &str) -> bool {
    text.chars().all(|c| (' '..='~').contains(&c))
}

#[test]
fn hostile_text_gets_nowhere_unescaped() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("hostile.vsl");
    let name = path.to_str().unwrap();
    for hostile in HOSTILE {
        for dialect in Dialect::ALL {
            std::fs::write(&path, log(dialect, hostile)).unwrap();
            let run = |options: &[&str]| {
                let all = ["-r", name, "--dialect", dialect.name()];
                let output = run_with(&[&all, options].concat());
                for line in text(&output.stderr).lines() {
                    assert!(is_printable(line), "{line:?}");
                }
                text(&output.stdout)
            };
            for what in [&["7"][..], &["8"], &["6"], &["--last-error"], &["--last-error", "--list"]]
            {
                let shown = run(what);
                assert!(!shown.is_empty(), "{what:?}");
                for line in shown.lines() {
                    assert!(is_printable(&line.replace(['─', '│', '├', '└'], "-")), "{line:?}");
                }
            }
            let json = run(&["7", "--json"]);
            let document: Value = serde_json::from_str(&json).expect("JSON");
            strings(&document, &mut |text| assert!(is_printable(text), "{text:?}"));
            assert!(is_printable(&json.replace('\n', "")), "{json}");

            let page = run(&["7", "--html"]);
            let html = html::parse(&page);
            let plain = |c: char| !c.is_control() || c == '\n';
            assert!(page.chars().all(plain) && !html.elements.contains("script"), "{page}");
            // It is all there, as text.
            let shown = hostile.iter().all(|byte| (b' '..=b'~').contains(byte));
            let as_text = || html.text.contains(std::str::from_utf8(hostile).expect("ASCII"));
            assert!(!shown || as_text(), "{}", html.text);

            let command = run(&["7", "--curl"]);
            assert!(is_printable(&command.replace('\n', "")), "{command}");
            if !command.is_empty() {
                let given = arguments(&command, &[]);
                assert_eq!(given[..3], ["-v", "--globoff", "--path-as-is"], "{command}");
                for pair in given[3..].chunk_by(|_, next| !next.starts_with("--")) {
                    let known =
                        ["--http1.1", "--connect-to", "--request-target", "--header", "--head"];
                    assert!(known.contains(&&*pair[0]), "{pair:?} of {command}");
                }
            }
        }
    }
}
