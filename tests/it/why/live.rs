//! A running proxy whose origins fail for a reason: it is found, and nothing else is named.

use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::{explanations, list, said, why};
use crate::support::dice::Dice;
use crate::support::origin::{Asked, Origin, Step, ok, raw};
use crate::support::proxy::Proxy;

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
    assert!(text.contains("good ones), p < 1e-12\n") || text.contains("p < 1e-12\n"), "{text}");

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
    assert!(live["units"].as_u64() <= report["units"].as_u64(), "{live:#}");
}
