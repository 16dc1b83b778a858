//! Ends of all kinds: of the recorder, of a worker, and by force.

use std::process::Command;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::client::Client;
use crate::support::daemon::{Daemon, signal_process};
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step, ok};
use crate::support::proxy::Proxy;
use crate::support::recorder::{Recorder, captures, log_of, shellac};

fn origin() -> Origin {
    Origin::start(|asked| match asked.target.as_str() {
        "/bad" => vec![Step::Close],
        _ => vec![ok("fine")],
    })
}

/// Asks once on a connection of its own. A HEAD has no answer in the cache of anything between.
fn get(client: &mut Client, path: &str) -> u64 {
    client.send(format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"));
    client.answer("POST").xid()
}

#[test]
fn what_is_under_way_is_finished_when_it_is_asked_to_end() {
    let origin = origin();
    let proxy = Proxy::start(&[origin.address()], "");
    let dir = TempDir::new().unwrap();
    let arguments = ["--on", "FetchError", "--before", "5s", "--after", "1h"];
    let mut recorder = Recorder::start(&proxy.workdir(), dir.path(), &arguments);
    let mut client = proxy.client();
    let bad = get(&mut client, "/bad");
    let line = recorder.index_line(bad);
    assert_eq!(line["outcome"], "full");
    let after = get(&mut client, "/good");
    proxy.request_log(after);
    // What comes after needs no room in the ring.
    recorder.wait_for_line("5.0 s are asked for");
    recorder.finish();
    let files = captures(dir.path());
    assert_eq!(files.len(), 1);
    assert!(files[0].to_string_lossy().ends_with(".vsl"), "it has its final name: {files:?}");
    let log = log_of(&files[0], &["-g", "request"]);
    for xid in [bad, after] {
        assert!(log.contains(&format!("<< Request  >> {xid}")), "{xid}: {log}");
    }
    let line = recorder.manifest_line("a capture", |line| line["file"].is_string());
    assert_eq!(line["asked"]["after"], 3600.0);
    assert!(line["had"]["after"].as_f64().unwrap() < 3600.0, "{line}");
}

#[test]
fn what_a_killed_recorder_leaves_can_be_read_and_is_completed() {
    let origin = origin();
    let proxy = Proxy::start(&[origin.address()], "");
    let dir = TempDir::new().unwrap();
    let arguments = ["--on", "FetchError", "--before", "5s", "--after", "1h"];
    let mut recorder = Recorder::start(&proxy.workdir(), dir.path(), &arguments);
    let bad = get(&mut proxy.client(), "/bad");
    let line = recorder.index_line(bad);
    recorder.signal(Signal::KILL);
    assert!(!recorder.wait().success());
    let files = captures(dir.path());
    assert_eq!(files.len(), 1);
    assert!(files[0].to_string_lossy().ends_with(".vsl.part"), "{files:?}");
    let head = format!("<< Request  >> {bad}");
    assert!(log_of(&files[0], &["-g", "request"]).contains(&head));

    let mut recorder = Recorder::start(&proxy.workdir(), dir.path(), &arguments);
    let again = get(&mut proxy.client(), "/bad");
    recorder.index_line(again);
    recorder.finish();
    let file = dir.path().join(line["file"].as_str().unwrap());
    assert!(
        log_of(&file, &["-g", "request"]).contains(&head),
        "it has the name that the index says"
    );
    assert_eq!(recorder.index_line(bad)["outcome"], "full", "the index goes on");
}

#[test]
fn a_second_recorder_in_the_same_directory_is_refused() {
    let origin = origin();
    let proxy = Proxy::start(&[origin.address()], "");
    let dir = TempDir::new().unwrap();
    let mut recorder = Recorder::start(&proxy.workdir(), dir.path(), &[]);
    let (workdir, path) = (proxy.workdir(), dir.path().to_str().unwrap());
    let output = shellac(&["record", "-n", workdir.to_str().unwrap(), "-o", path]);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains(path) && said.contains("another process"), "{said}");
    let bad = get(&mut proxy.client(), "/bad");
    assert_eq!(recorder.index_line(bad)["outcome"], "index", "without a rule it is only indexed");
    recorder.finish();
}

#[test]
fn a_worker_that_is_replaced_is_followed() {
    let origin = origin();
    let directory = TempDir::new().unwrap();
    let workdir = directory.path().join("work");
    let dir = directory.path().join("captures");
    let mut daemon = Daemon::start(&workdir, &Daemon::config(origin.address(), ""));
    let arguments = ["--on", "FetchError", "--before", "5s", "--after", "1h"];
    let mut recorder = Recorder::start(&workdir, &dir, &arguments);
    let first = get(&mut Client::connect(daemon.address()), "/bad");
    recorder.index_line(first);
    signal_process(daemon.worker_pid(), Signal::KILL);
    daemon.wait_for_line(" serves");
    recorder.wait_for_line("a log again");
    let second = get(&mut Client::connect(daemon.address()), "/bad");
    let line = recorder.index_line(second);
    recorder.finish();
    assert_eq!(line["outcome"], "full");
    let is_of = |xid: u64| move |line: &serde_json::Value| line["triggers"][0]["xid"] == xid;
    let line = recorder.manifest_line("the first capture", is_of(first));
    assert_eq!(line["loss"]["reasons"][0], "restart", "{line}");
    let line = recorder.manifest_line("the second capture", is_of(second));
    assert_eq!(line["loss"]["times"], 0, "{line}");
    for (file, xid) in captures(&dir).iter().zip([first, second]) {
        let log = log_of(file, &["-g", "request"]);
        assert!(log.contains(&format!("<< Request  >> {xid}")), "{xid}: {log}");
    }
}

#[test]
fn an_instance_may_come_later() {
    let origin = origin();
    let directory = TempDir::new().unwrap();
    let workdir = directory.path().join("work");
    let dir = directory.path().join("captures");
    let mut recorder = Recorder::start_early(&workdir, &dir, &["--on", "FetchError"]);
    Deadline::generous().wait_for("the pid file", || dir.join("record.pid").exists().then_some(()));
    let daemon = Daemon::start_with(&workdir, &Daemon::config(origin.address(), ""), &["--single"]);
    recorder.wait_for_line("an index of all failures");
    let bad = get(&mut Client::connect(daemon.address()), "/bad");
    assert_eq!(recorder.index_line(bad)["outcome"], "full");
    recorder.finish();
}

#[test]
fn a_recorder_in_the_background_is_ended_by_its_pid_file() {
    let origin = origin();
    let proxy = Proxy::start(&[origin.address()], "");
    let directory = TempDir::new().unwrap();
    let dir = directory.path().join("captures");
    let workdir = proxy.workdir();
    let status = Command::new(env!("CARGO_BIN_EXE_shellac"))
        .args(["record", "-D", "--keep-free", "0", "--fsync", "none", "--on", "FetchError", "-n"])
        .args([&workdir, std::path::Path::new("-o"), &dir])
        .status()
        .unwrap();
    assert!(status.success());
    let pid_file = dir.join("record.pid");
    let pid: u32 = std::fs::read_to_string(&pid_file).unwrap().trim().parse().unwrap();
    let bad = get(&mut proxy.client(), "/bad");
    let index = dir.join("index.jsonl");
    Deadline::generous().wait_for("the index", || {
        let text = std::fs::read_to_string(&index).unwrap_or_default();
        text.contains(&format!("\"xid\":{bad},")).then_some(())
    });
    signal_process(pid, Signal::TERM);
    Deadline::generous().wait_for("its end", || (!pid_file.exists()).then_some(()));
    let bad = captures(&dir)
        .iter()
        .any(|file| log_of(file, &["-g", "request"]).contains(&format!("{bad}")));
    assert!(bad, "it is in a capture");
}

#[test]
fn one_that_is_asked_to_end_twice_at_once_finishes_nevertheless() {
    let origin = origin();
    let proxy = Proxy::start(&[origin.address()], "");
    let dir = TempDir::new().unwrap();
    let mut recorder = Recorder::start(&proxy.workdir(), dir.path(), &["--on", "FetchError"]);
    let bad = get(&mut proxy.client(), "/bad");
    assert_eq!(recorder.index_line(bad)["outcome"], "full");
    // Two different ones, which cannot become one on their way.
    recorder.signal(Signal::INT);
    recorder.finish();
    recorder.manifest_line("the accounts", |line| line["accounts"]["classes"].is_object());
    assert!(!dir.path().join("record.pid").exists());
}
