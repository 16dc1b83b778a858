//! A running proxy, ours or varnishd, whose origins fail for a reason: it is found, and nothing else is named.

use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{explanations, list, said, why};
use crate::support::client::Client;
use crate::support::deadline::Deadline;
use crate::support::dice::Dice;
use crate::support::origin::{Asked, Origin, Step, ok, raw};
use crate::support::proxy::Proxy;
use crate::support::varnish::{self, Varnishd};

const CONFIG: &str = "\
[log]
size = \"16M\"
dialect = \"7.3-8.0\"
[[route]]
[route.retry]
on = [\"eof_before_byte\"]
methods = [\"POST\"]
max = 1
";

/// Fails on most new connections with a body. A connection is closed after its answer when the client says so.
fn script(asked: &Asked) -> Vec<Step> {
    let has_body = asked.fields.get("Content-Length").is_some_and(|length| length != "0");
    let spared = asked.number.is_multiple_of(7);
    if asked.on_connection == 0 && has_body && !spared {
        return vec![Step::ReadBody, Step::Close];
    }
    let close = asked.fields.get("X-Close").is_some();
    let answer = if close {
        raw("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    } else {
        ok("fine")
    };
    let mut steps = vec![Step::ReadBody, answer];
    if close {
        steps.push(Step::Close);
    }
    steps
}

/// Sends requests of all kinds through the proxy.
fn traffic(proxy: &Proxy, dice: &mut Dice, requests: usize) {
    let mut client = proxy.client();
    for _ in 0..requests {
        let method = if dice.percent(50) { "POST" } else { "GET" };
        let body = if method == "POST" { "0123456789" } else { "" };
        let path = dice.one_of(&["/a", "/b", "/c"]);
        let close = if dice.percent(50) { "X-Close: 1\r\n" } else { "" };
        let length = if body.is_empty() {
            String::new()
        } else {
            format!("Content-Length: {}\r\n", body.len())
        };
        client.send(format!("{method} {path} HTTP/1.1\r\nHost: a\r\n{close}{length}\r\n{body}"));
        let answer = client.answer(method);
        assert!(matches!(answer.status, 200 | 503), "{answer:?}");
        if answer.fields.get("Connection") == Some("close") {
            client = proxy.client();
        }
    }
}

#[test]
fn a_planted_property_is_found_and_others_are_not() {
    let mut dice = Dice::new();
    let origins = [Origin::start(script), Origin::start(script)];
    let proxy = Proxy::start(&origins.each_ref().map(Origin::address), CONFIG);
    traffic(&proxy, &mut dice, 500);
    let workdir = proxy.workdir();
    let workdir = workdir.to_str().unwrap();
    let report: serde_json::Value =
        serde_json::from_str(&said(&why(&["-d", "--json", "-n", workdir]))).unwrap();
    let expected = ["connection_body=reused=0 and a body"];
    assert_eq!(explanations(&report), expected, "{dice:?}\n{report:#}");
    let found = &report["explanations"][0];
    assert!(found["share_of_failed"].as_f64() > Some(0.95), "{dice:?}\n{report:#}");
    assert!(found["share_of_good"].as_f64() < Some(0.2), "{dice:?}\n{report:#}");
    assert!(found["log10_p"].as_f64() < Some(-12.0), "{dice:?}\n{report:#}");
    // Chance makes one of a thousand look doubtful, but not more than that.
    let even = ["no_difference", "unsure"].map(|name| list(&report, name)).concat();
    for other in ["backend", "url", "path", "+x-close"] {
        assert!(even.contains(&other.to_owned()), "{other}, {dice:?}\n{report:#}");
    }
    let text = said(&why(&["-d", "-n", workdir]));
    assert!(text.contains("failures have reused=0 and a body ("), "{text}");
    assert!(text.contains("p < 1e-12\n"), "{text}");

    // The same while it runs, until a signal comes.
    let child = Command::new(env!("CARGO_BIN_EXE_shellac"))
        .args(["why", "--json", "-n", workdir])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("shellac starts");
    let mut child = child;
    let mut notes = std::io::BufReader::new(child.stderr.take().expect("it is piped"));
    let mut note = String::new();
    std::io::BufRead::read_line(&mut notes, &mut note).expect("a line");
    assert!(note.contains("--for 30s"), "{note}");
    kill_process(Pid::from_child(&child), Signal::INT).expect("it runs");
    let output = child.wait_with_output().expect("it is our child");
    assert!(output.status.success(), "{}", output.status);
    let live: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a report");
    // How much it has read by then is chance.
    let units = live["units"].as_u64().expect("a number");
    assert!(Some(units) <= report["units"].as_u64(), "{live:#}");
}

#[test]
fn a_bad_backend_of_a_varnishd_is_found() {
    if !varnish::is_here() {
        return;
    }
    let mut dice = Dice::new();
    // No connection is used twice: a reused one that fails would be replaced silently.
    let answer = || raw("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    let good = Origin::start(move |_| vec![Step::ReadBody, answer(), Step::Close]);
    let bad = Origin::start(move |asked| match asked.number % 2 {
        0 => vec![Step::ReadBody, answer(), Step::Close],
        _ => vec![Step::ReadBody, Step::Close],
    });
    let directory = TempDir::new().expect("a temporary directory");
    let backend = |name: &str, origin: &Origin| {
        let port = origin.address().port();
        format!("backend {name} {{ .host = \"127.0.0.1\"; .port = \"{port}\"; }}\n")
    };
    let vcl = format!(
        "vcl 4.1;\n{}{}sub vcl_recv {{\n  if (req.http.X-Which == \"bad\") {{ set req.backend_hint = bad; }}\n  \
         return (pass);\n}}\n",
        backend("good", &good),
        backend("bad", &bad)
    );
    let file = directory.path().join("test.vcl");
    std::fs::write(&file, vcl).expect("the file is written");
    let workdir = directory.path().join("workdir");
    let more = ["-f", file.to_str().unwrap(), "-p", "vsl_space=16m"];
    let varnishd = Varnishd::start_with(&workdir, &more);
    let mut client = Client::connect(varnishd.address());
    for _ in 0..300 {
        let which = if dice.percent(30) { "bad" } else { "good" };
        let path = dice.one_of(&["/a", "/b/17", "/b/18"]);
        client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\nX-Which: {which}\r\n\r\n"));
        let answer = client.answer("GET");
        assert!(matches!(answer.status, 200 | 503), "{answer:?}");
        if answer.fields.get("Connection") == Some("close") {
            client = Client::connect(varnishd.address());
        }
    }
    let arguments = ["-d", "--json", "-n", workdir.to_str().unwrap()];
    let report = Deadline::generous().wait_for("the log of the last request", || {
        let report: serde_json::Value = serde_json::from_str(&said(&why(&arguments))).unwrap();
        (report["units"] == 300).then_some(report)
    });
    assert_eq!(explanations(&report), ["backend=bad"], "{dice:?}\n{report:#}");
    let same = report["explanations"][0]["subsumes"].to_string();
    assert!(same.contains("address"), "{dice:?}\n{report:#}");
    let even = ["no_difference", "unsure"].map(|name| list(&report, name)).concat();
    assert!(even.contains(&"url".to_owned()), "{dice:?}\n{report:#}");
}
