//! `shellac doctor` on what runs, on what does not, and on what is broken.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::client::Client;
use crate::support::daemon::{Daemon, signal_process};
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, ok};
use crate::support::varnish::{self, Varnishd};

/// What the doctor says of the instance in `workdir`, and its exit status.
fn doctor(workdir: &Path) -> (Value, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_shellac"))
        .args(["doctor", "--json", "--sample", "50ms", "-n"])
        .arg(workdir)
        .stdin(Stdio::null())
        .output()
        .expect("it starts");
    let value = serde_json::from_slice(&output.stdout);
    let value: Value = value.unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let status = match value["worst"].as_str() {
        Some("ok" | "note") => 0,
        Some("warning") => 1,
        _ => 2,
    };
    assert_eq!(output.status.code(), Some(status), "{value}");
    (value, output.status.code())
}

/// Levels and texts of what it says about one thing of the instance.
fn about(value: &Value, what: &str) -> Vec<(String, String)> {
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let findings = value["sections"][1]["findings"].as_array().expect("an instance was looked at");
    let found = findings.iter().filter(|finding| finding["about"] == what);
    found
        .map(|finding| {
            let level = text(finding, "level");
            let wants_action = ["warning", "wrong"].contains(&&*level);
            assert_eq!(finding["advice"].is_string(), wants_action, "{finding}");
            (level, text(finding, "text"))
        })
        .collect()
}

fn is_fine(value: &Value, what: &str, part: &str) {
    let found = about(value, what);
    let fits = |(level, text): &(String, String)| level == "ok" && text.contains(part);
    assert!(found.iter().any(fits), "{what} {part}: {found:?}");
}

#[test]
fn our_own_instance_is_told_with_all_its_parts() {
    let origin = Origin::start(|_| vec![ok("x")]);
    let root = tempfile::tempdir().expect("a temporary directory");
    let workdir = root.path().join("w");
    let mut daemon = Daemon::start(&workdir, &Daemon::config(origin.address(), ""));
    let mut client = Client::connect(daemon.address());
    for _ in 0..20 {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.answer("GET").status, 200);
    }
    let (value, _) = doctor(&workdir);
    is_fine(&value, "manager", &format!("pid {}, up ", daemon.pid()));
    is_fine(&value, "worker", &format!("pid {}, up ", daemon.worker_pid()));
    is_fine(&value, "files", "the worker has ");
    is_fine(&value, "version", "version=");
    is_fine(&value, "dialect", "7.3-8.0");
    is_fine(&value, "rights", "may read it");
    is_fine(&value, "clock", "not set since the manager started");
    is_fine(&value, "ring", "16 MB");
    is_fine(&value, "reader", "0 % of an overrun");
    is_fine(&value, "readers", "nobody else reads the log");
    let sections = value["sections"].as_array().expect("there are some");
    assert_eq!(sections[2]["title"], "this node");

    // Somebody else reads.
    let mut other = Command::new(env!("CARGO_BIN_EXE_shellac"))
        .args(["log", "-n"])
        .arg(&workdir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts");
    let reads = format!("shellac ({})", other.id());
    Deadline::generous().wait_for("the reader to be seen", || {
        let readers = about(&doctor(&workdir).0, "readers");
        readers.iter().any(|(_, text)| text.contains(&reads)).then_some(())
    });
    other.kill().expect("it runs");
    other.wait().expect("it is our child");

    // A line of the index that says nothing, and a log of a worker that died.
    let index = workdir.join("_.vsm_child/_.index");
    let mut index = OpenOptions::new().append(true).open(index).expect("it is there");
    index.write_all(b"+ nonsense\n").expect("it is written");
    std::fs::write(workdir.join("crash-20260101T000000Z.vsl"), "VSL").expect("it is written");
    let (value, status) = doctor(&workdir);
    assert_eq!(status, Some(1), "{value}");
    assert_eq!(about(&value, "index")[0].0, "warning");
    assert!(about(&value, "crashes")[0].1.contains("crash-20260101T000000Z.vsl"));

    daemon.signal(Signal::TERM);
    daemon.wait();
    let (value, status) = doctor(&workdir);
    assert_eq!((status, &*about(&value, "manager")[0].0), (Some(2), "wrong"), "{value}");
}

#[test]
fn a_varnishd_is_looked_at_as_well() {
    if !varnish::is_here() {
        return;
    }
    let origin = Origin::start(|_| vec![ok("x")]);
    let root = tempfile::tempdir().expect("a temporary directory");
    let workdir = root.path().join("v");
    let backend = origin.address().to_string();
    let varnishd = Varnishd::start_with(&workdir, &["-b", &backend]);
    let (value, _) = doctor(&workdir);
    is_fine(&value, "manager", &format!("pid {}, up ", varnishd.pid()));
    is_fine(&value, "worker", "pid ");
    is_fine(&value, "dialect", "6.0-7.2");
    is_fine(&value, "ring", "1024 KB");
    is_fine(&value, "counters", " counters are published");
    let text = "which does not publish its version, calls itself vtest";
    is_fine(&value, "version", text);

    // A worker that was killed: the counters remember it.
    let worker = varnishd.admin("pid").expect("it answers");
    let worker = worker.split_ascii_whitespace().last().and_then(|pid| pid.parse().ok());
    signal_process(worker.expect("a number"), Signal::KILL);
    Deadline::generous().wait_for("the death to be counted", || {
        let found = about(&doctor(&workdir).0, "counters");
        found
            .iter()
            .any(|(level, text)| level == "warning" && text.contains("MGT.child_died is 1"))
            .then_some(())
    });
    Deadline::generous().wait_for("varnishd to serve again", || varnishd.admin("stop").ok());
    let (value, status) = doctor(&workdir);
    assert_eq!(status, Some(2));
    assert_eq!(about(&value, "worker")[0].0, "wrong");
    assert_eq!(about(&value, "ring"), []);
}

#[test]
fn nothing_is_something_to_tell() {
    let run = |json: bool| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
        command
            .args(["doctor", "--sample", "10ms", "-n", "nobody-here"])
            .args(json.then_some("--json"));
        command.env_remove("SHELLAC_N").stdin(Stdio::null()).output().expect("it starts")
    };
    let output = run(true);
    let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(output.status.code(), Some(2));
    let finding = &value["sections"][0]["findings"][0];
    assert!(
        finding["text"]
            .as_str()
            .is_some_and(|text| text.starts_with("there is no instance `nobody-here`")),
        "{value}"
    );
    let text = String::from_utf8(run(false).stdout).expect("text");
    assert!(
        text.contains("  WRONG   directories   there is no instance")
            && text.contains("\nthis node\n"),
        "{text}"
    );
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}
