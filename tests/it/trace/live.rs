//! `shellac trace` on running proxies: ours and varnishd.

use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::forms::arguments;
use super::{fits, run_with, text};
use crate::support::client::Client;
use crate::support::deadline::Deadline;
use crate::support::html;
use crate::support::origin::{Origin, Step, ok, raw};
use crate::support::proxy::Proxy;
use crate::support::varnish::{self, Varnishd};

/// What is printed, once it has all of `parts`; the end of a transaction comes a moment after its answer.
fn until(arguments: &[&str], parts: &[&str]) -> String {
    Deadline::generous().wait_for(&format!("{parts:?} in {arguments:?}"), || {
        let shown = text(&run_with(arguments).stdout);
        parts.iter().all(|part| shown.contains(part)).then_some(shown)
    })
}

/// The first attempt in a document that failed.
fn failed(nodes: &Value) -> Option<&Value> {
    nodes.as_array()?.iter().find_map(|node| {
        let is_it = node["attempt"]["failed"] == true;
        if is_it { Some(&node["attempt"]) } else { failed(&node["children"]) }
    })
}

#[test]
fn a_failure_on_our_proxy_is_found_without_its_number() {
    let origin = Origin::start(|asked| match (&*asked.target, asked.number) {
        // Closing without having read would be a reset, now and then of the next request.
        ("/good", _) => vec![Step::ReadBody, ok("fine")],
        _ => vec![Step::ReadBody, Step::CloseCleanly],
    });
    let proxy = Proxy::start(&[origin.address()], "[[route]]\n[route.retry]\non = []\n");
    for target in ["/good", "/bad/1?token=SECRET", "/good"] {
        let mut client = proxy.client();
        let body = "Content-Length: 5\r\nCookie: sid=SECRET\r\n\r\nhello";
        client.send(format!("POST {target} HTTP/1.1\r\nHost: h\r\n{body}"));
        client.answer("POST");
    }
    let workdir = proxy.workdir();
    let workdir = workdir.to_str().unwrap();
    let shown =
        until(&["--last-error", "-n", workdir], &["POST /bad/1", "then   not retried: the"]);
    fits(&shown);
    for part in ["answered 503", "EOF before the first byte", "When, over ", "(`on` lacks"] {
        assert!(shown.contains(part), "no {part} in\n{shown}");
    }
    let shown = until(&["--backend", "b0", "--url", "/good", "-n", workdir], &["2 groups fit"]);
    assert!(shown.contains("POST /good") && shown.contains("answered 200 OK"), "{shown}");
    let shown = until(
        &["--url", "/bad*", "--redact-query", "-n", workdir, "--json"],
        &["\"failed\": true"],
    );
    assert!(!shown.contains("SECRET"), "{shown}");
    let document: Value = serde_json::from_str(&shown).unwrap();
    let attempt = failed(&document["traces"][0]["nodes"]).expect("a failed attempt");
    let connection = &attempt["connections"][0];
    assert_eq!(connection["body_acked_bytes"], 5, "{attempt}");
    assert_eq!(connection["failure"]["causes"].as_array().map(Vec::len), Some(1), "{attempt}");
    let page = until(&["--last-error", "-n", workdir, "--html"], &["EOF before the first byte"]);
    assert!(html::parse(&page).elements.contains("svg"));
    let command = until(&["--last-error", "-n", workdir, "--curl"], &["curl -v"]);
    let given = arguments(&command, &[("H_COOKIE", "x")]);
    let listener = format!("::{}", proxy.address());
    assert!(
        given.contains(&listener) && given.contains(&"http://h/bad/1?token=SECRET".to_owned()),
        "{command}"
    );
}

#[test]
fn a_body_that_stops_midway_says_how_long_nothing_came() {
    let origin = Origin::start(|_| {
        let head = raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        vec![head, Step::Delay(Duration::from_secs(30))]
    });
    let proxy = Proxy::start(&[origin.address()], "[timeouts]\nbetween_bytes = \"200ms\"\n");
    let mut client = proxy.client();
    client.send("GET /half HTTP/1.1\r\nHost: h\r\n\r\n");
    client.until_closed();
    let workdir = proxy.workdir();
    let workdir = workdir.to_str().unwrap();
    let shown = until(
        &["--last-error", "-n", workdir],
        &["cut short", "not retried: the backend's answer had begun"],
    );
    fits(&shown);
    let row = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(row.contains("ms of silence; the limit is 200.0 ms"), "{shown}");
    assert!(row.contains("read body at most "), "{shown}");
}

#[test]
fn a_failure_on_varnishd_is_found_without_its_number() {
    if !varnish::is_here() {
        return;
    }
    let origin = Origin::start(|asked| match &*asked.target {
        "/good" => vec![ok("fine")],
        _ => vec![Step::CloseCleanly],
    });
    let directory = TempDir::new().unwrap();
    let workdir = directory.path().join("v");
    let backend = origin.address().to_string();
    let varnishd = Varnishd::start_with(&workdir, &["-b", &backend]);
    for target in ["/good", "/gone"] {
        let mut client = Client::connect(varnishd.address());
        client.send(format!(
            "GET {target} HTTP/1.1\r\nHost: h\r\nAuthorization: SECRET\r\nConnection: close\r\n\r\n"
        ));
        client.until_closed();
    }
    let name = workdir.to_str().unwrap();
    let shown = until(&["--last-error", "-n", name], &["GET /gone", "FAILED"]);
    fits(&shown);
    assert!(shown.contains("closed before the head of the answer was complete"), "{shown}");
    assert!(shown.contains("Packets of each connection") && !shown.contains("SECRET"), "{shown}");
    let shown = until(&["--url", "good", "-n", name], &["answered 200 OK"]);
    assert!(shown.contains("attempt 1 -> ") || shown.contains(" -> attempt 1 "), "{shown}");
    let json = until(&["--last-error", "-n", name, "--json"], &["\"failed\": true"]);
    let document: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["matches_total"], 1);
    let attempt = failed(&document["traces"][0]["nodes"]).expect("a failed attempt");
    assert_eq!(
        attempt["connections"][0]["body_acked_bytes"],
        Value::Null,
        "varnishd has no such number"
    );
    let page = until(&["--last-error", "-n", name, "--html"], &["/gone"]);
    assert!(html::parse(&page).text.contains("GET /gone") && !page.contains("SECRET"));
}
