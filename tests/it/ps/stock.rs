//! Beside Debian's tools: they do not mind the scoreboard, and a varnishd is shown by what it has.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use shellac_counters::vsc::{Counter, Counters, Semantics};
use shellac_vsm::{AttachOptions, Attachment};

use super::{json, requests, text};
use crate::support::client::Client;
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step, ok};
use crate::support::proxy::Proxy;
use crate::support::varnish::{self, Varnishd};

fn stock(program: &str, workdir: &Path, args: &[&str]) -> Output {
    Command::new(program)
        .arg("-n")
        .arg(workdir)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"))
}

#[test]
fn stock_tools_work_beside_the_scoreboard() {
    if !varnish::is_here() {
        return;
    }
    let origin =
        Origin::start(|asked| if asked.target == "/ok" { vec![ok("x")] } else { vec![Step::Hang] });
    let proxy = Proxy::start(&[origin.address()], "");
    let workdir = proxy.workdir();
    let mut hanging = proxy.client();
    hanging.send("GET /hangs HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut client = proxy.client();
    client.send("GET /ok HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let xid = client.answer("GET").xid();
    proxy.request_log(xid);
    let index = std::fs::read_to_string(workdir.join("_.vsm_child/_.index")).unwrap();
    let lines: Vec<&str> = index.lines().collect();
    assert!(lines.iter().any(|line| line.ends_with(" Log Log")), "{index}");
    assert!(lines.iter().any(|line| line.ends_with(" Live Live")), "{index}");
    let log = stock("varnishlog", &workdir, &["-d", "-g", "request"]);
    let shown = String::from_utf8_lossy(&log.stdout);
    assert!(log.status.success() && shown.contains(&format!("<< Request  >> {xid}")), "{log:?}");
    let ncsa = stock("varnishncsa", &workdir, &["-d"]);
    assert!(ncsa.status.success(), "{ncsa:?}");
    assert!(String::from_utf8_lossy(&ncsa.stdout).contains("/ok HTTP/1.1\" 200"), "{ncsa:?}");
    // Without counters it has nothing to show, and says so in its way.
    let stat = stock("varnishstat", &workdir, &["-1"]);
    assert!(stat.status.success() && stat.stderr.is_empty(), "{stat:?}");
    let stat = stock("varnishstat", &workdir, &["-j"]);
    let object: Value = serde_json::from_slice(&stat.stdout).expect("it writes JSON");
    assert!(object["counters"].is_object(), "{object}");
    // It finds the commands in the manager's list, which it walks with the worker's.
    let adm = stock("varnishadm", &workdir, &["-t", "1", "status"]);
    assert_eq!(adm.status.code(), Some(0), "{adm:?}");
    assert!(String::from_utf8_lossy(&adm.stdout).contains("Child in state running"), "{adm:?}");
    assert_eq!(requests(&json(&workdir, &[])).len(), 1);
}

#[test]
fn a_varnishd_is_shown_by_its_sessions_and_connections() {
    if !varnish::is_here() {
        return;
    }
    let origin = Origin::start(|_| vec![Step::Hang]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("v");
    let backend = origin.address().to_string();
    let varnishd = Varnishd::start_with(&workdir, &["-b", &backend]);
    let mut clients: Vec<Client> = (0..3).map(|_| Client::connect(varnishd.address())).collect();
    for client in &mut clients[..2] {
        client.send("GET /hangs HTTP/1.1\r\nHost: a\r\nCookie: a=b\r\n\r\n");
    }
    // Its counters are added up now and then.
    let object = Deadline::generous().wait_for("sessions and connections", || {
        let object = json(&workdir, &[]);
        let there = object["elsewhere"]["sessions"].as_array()?;
        let busy = there.iter().filter(|one| one["request"].is_u64()).count();
        let in_use = object["elsewhere"]["connections"][0]["in_use"].as_u64()?;
        (there.len() == 3 && busy == 2 && in_use == 2).then_some(object)
    });
    assert!(object["in_flight"].is_null(), "{object:#}");
    assert_eq!(object["elsewhere"]["connections"][0]["backend"], "boot.default");
    let page = text(&workdir, &[]);
    for part in ["no scoreboard", "3 sessions open", "boot.default", "CONNECTIONS IN USE"] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
    drop(clients);
    drop(origin);
    Deadline::generous().wait_for("the end of the sessions", || {
        (json(&workdir, &[])["elsewhere"]["open_sessions"] == 0).then_some(())
    });
}

/// Everything that varnishstat says of each counter.
fn theirs(workdir: &Path) -> (Vec<String>, BTreeMap<String, Value>) {
    let output = stock("varnishstat", workdir, &["-j"]);
    assert!(output.status.success(), "{output:?}");
    let object: Value = serde_json::from_slice(&output.stdout).expect("it writes JSON");
    let all = object["counters"].as_object().expect("counters by name").clone();
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let order = lines
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\": {"))
        .filter(|name| all.contains_key(*name))
        .map(str::to_owned)
        .collect();
    (order, all.into_iter().collect())
}

#[test]
fn counters_of_a_varnishd_are_those_that_varnishstat_shows() {
    if !varnish::is_here() {
        return;
    }
    let origin = Origin::start(|_| vec![ok("x")]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("v");
    let backend = origin.address().to_string();
    let varnishd = Varnishd::start_with(&workdir, &["-b", &backend]);
    let mut client = Client::connect(varnishd.address());
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!(client.answer("GET").status, 200);
    let attachment = Attachment::open(&workdir, AttachOptions::default()).unwrap();
    let (order, before) = theirs(&workdir);
    let mut counters = Counters::new();
    counters.refresh(&attachment);
    let ours = counters.values();
    let (_, after) = theirs(&workdir);
    assert_eq!(counters.problems(), Vec::<String>::new());
    let names: Vec<&str> = ours.iter().map(|counter| counter.name.as_str()).collect();
    assert_eq!(names, order.iter().map(String::as_str).collect::<Vec<&str>>());
    assert!(names.len() > 300 && names.contains(&"VBE.boot.default.happy"), "{}", names.len());
    let mut steady = 0;
    for Counter { name, value, semantics, format, oneliner, .. } in &ours {
        let (before, after) = (&before[name], &after[name]);
        assert_eq!(before["description"], oneliner.as_str(), "{name}");
        assert_eq!(before["flag"], semantics.letter().to_string(), "{name}");
        assert_eq!(before["format"], format.letter().to_string(), "{name}");
        let shown = |object: &Value| object["value"].as_u64().expect("a value");
        let (before, after) = (shown(before), shown(after));
        if before == after {
            assert_eq!(*value, before, "{name}");
            steady += 1;
        } else if *semantics == Semantics::Counter {
            assert!((before..=after).contains(value), "{name}: {before} {value} {after}");
        }
    }
    assert!(steady * 10 > names.len() * 9, "only {steady} of {} stood still", names.len());
}
