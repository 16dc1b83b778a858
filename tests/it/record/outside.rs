//! Triggers from outside: a person, lines of other programs, the kernel, numbers.

use std::io::Write;
use std::process::Command;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step, ok};
use crate::support::proxy::Proxy;
use crate::support::recorder::{Recorder, captures, json_lines, log_of, shellac};

fn origin() -> Origin {
    Origin::start(|asked| match asked.target.as_str() {
        "/bad" => vec![Step::Close],
        _ => vec![ok("fine")],
    })
}

/// Asks once and waits until it is in the log.
fn get(proxy: &Proxy, path: &str) -> u64 {
    let mut client = proxy.client();
    client.send(format!(
        "POST {path} HTTP/1.1\r\nHost: a\r\nCookie: sid=secret\r\nContent-Length: 0\r\n\r\n"
    ));
    let xid = client.answer("POST").xid();
    proxy.request_log(xid);
    xid
}

fn has(file: &std::path::Path, xid: u64) -> bool {
    log_of(file, &["-g", "request"]).contains(&format!("<< Request  >> {xid}"))
}

#[test]
fn a_snapshot_is_made_when_it_is_asked_for() {
    let origin = origin();
    let proxy = Proxy::start(&[origin.address()], "");
    let dir = TempDir::new().unwrap();
    let path = dir.path().to_str().unwrap();
    let early = shellac(&["snapshot", path]);
    assert!(String::from_utf8_lossy(&early.stderr).contains("no recorder writes to"));
    // What came before the recorder was started is in the ring as well.
    let before = get(&proxy, "/before");
    let mut recorder = Recorder::start(&proxy.workdir(), dir.path(), &["--on", "FetchError"]);
    let since = get(&proxy, "/since");
    let output = shellac(&["snapshot", path]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let file = std::path::PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    assert!(has(&file, before) && has(&file, since), "{}", file.display());
    recorder.signal(Signal::USR2);
    Deadline::generous()
        .wait_for("the second snapshot", || (captures(dir.path()).len() == 2).then_some(()));
    recorder.finish();
    let late = shellac(&["snapshot", path]);
    assert!(String::from_utf8_lossy(&late.stderr).contains("no recorder writes to"));
}

#[test]
fn a_line_is_joined_by_its_number_or_by_its_time() {
    let origin = origin();
    let proxy = Proxy::start(&[origin.address()], "");
    let directory = TempDir::new().unwrap();
    let (dir, log) = (directory.path().join("captures"), directory.path().join("app.log"));
    std::fs::write(&log, "ERROR from before\n").unwrap();
    let arguments =
        ["--on-line", log.to_str().unwrap(), "^ERROR", "--on-line", "-", "slow", "--before", "10s"];
    let mut recorder = Recorder::start(&proxy.workdir(), &dir, &arguments);
    let (one, other) = (get(&proxy, "/one"), get(&proxy, "/other"));
    let mut file = std::fs::OpenOptions::new().append(true).open(&log).unwrap();
    writeln!(file, "ok XID {other}\nERROR XID {one} \u{1b}[2J").unwrap();
    let by = |rule: &'static str| {
        move |line: &serde_json::Value| {
            line["triggers"][0]["rule"].as_str().is_some_and(|it| it.starts_with(rule))
        }
    };
    let line = recorder.manifest_line("the line of the file", by("line ^ERROR"));
    let found = dir.join(line["file"].as_str().unwrap());
    assert!(has(&found, one) && !has(&found, other), "only what the line names");
    assert_eq!(line["triggers"][0]["xid"], one);
    // The same after the file was rotated.
    std::fs::rename(&log, directory.path().join("app.log.1")).unwrap();
    std::fs::write(&log, format!("ERROR X-Varnish: {other}\n")).unwrap();
    let line = recorder
        .manifest_line("the line of the new file", |line| line["triggers"][0]["xid"] == other);
    assert!(has(&dir.join(line["file"].as_str().unwrap()), other));

    recorder.tell("everything is so slow");
    recorder.wait_for_line("fires warning: line slow");
    recorder.finish();
    let line = recorder.manifest_line("the line of standard input", by("line slow"));
    let found = dir.join(line["file"].as_str().unwrap());
    assert!(has(&found, one) && has(&found, other), "everything at that time");
}

#[test]
fn messages_of_the_kernel_fire_too() {
    let origin = origin();
    let proxy = Proxy::start(&[origin.address()], "");
    let directory = TempDir::new().unwrap();
    let (dir, kmsg) = (directory.path().join("captures"), directory.path().join("kmsg"));
    assert!(Command::new("mkfifo").arg(&kmsg).status().unwrap().success());
    // Open for both, so that neither side waits for the other.
    let mut pipe = std::fs::File::options().read(true).write(true).open(&kmsg).unwrap();
    let arguments =
        ["--on-kmsg", "neighbour: arp_cache", "--kmsg", kmsg.to_str().unwrap(), "--before", "9s"];
    let mut recorder = Recorder::start(&proxy.workdir(), &dir, &arguments);
    let xid = get(&proxy, "/one");
    let message = "4,1234,99999,-;neighbour: arp_cache: neighbor table overflow!\n SUBSYSTEM=net\n";
    pipe.write_all(message.as_bytes()).unwrap();
    recorder.wait_for_line("fires warning: kmsg neighbour: arp_cache: neighbour");
    recorder.finish();
    let line = recorder.manifest_line("the message", |line| line["file"].is_string());
    assert_eq!(line["triggers"][0]["text"], "neighbour: arp_cache: neighbor table overflow!");
    assert!(has(&dir.join(line["file"].as_str().unwrap()), xid));
}

#[test]
fn a_rate_fires_and_is_over() {
    let origin = origin();
    let proxy = Proxy::start(&[origin.address()], "");
    let dir = TempDir::new().unwrap();
    let rule = "rate(FetchError) > 1/s over 1s resolve 0.5/s for 1s";
    let mut recorder =
        Recorder::start(&proxy.workdir(), dir.path(), &["--on-rate", rule, "--before", "5s"]);
    let mut failed = Vec::new();
    for _ in 0..40 {
        failed.push(get(&proxy, "/bad"));
    }
    recorder.manifest_line("the begin", |line| line["event"] == "fire" && line["rule"] == rule);
    recorder.manifest_line("the end", |line| line["event"] == "resolve" && line["rule"] == rule);
    recorder.finish();
    let line = recorder.manifest_line("the capture", |line| line["file"].is_string());
    assert_eq!(line["triggers"][0]["class"], "rate", "{line}");
    assert!(has(&dir.path().join(line["file"].as_str().unwrap()), failed[0]));
}

#[test]
fn a_program_is_told_without_secrets_and_rules_come_from_a_file() {
    let origin = origin();
    let proxy = Proxy::start(&[origin.address()], "");
    let directory = TempDir::new().unwrap();
    let (dir, rules) = (directory.path().join("captures"), directory.path().join("rules.toml"));
    let told = directory.path().join("told.json");
    let text = format!(
        "[[rule]]\nname = \"pages\"\non = \"FetchError\"\nseverity = \"critical\"\nowner = \"web\"\nrunbook = \"https://wiki/503\"\nresolve = \"300ms\"\nactions = [\"exec\", \"counter\"]\nexec = [\"/usr/bin/tee\", {told:?}]\n"
    );
    std::fs::write(&rules, text).unwrap();
    let mut recorder =
        Recorder::start(&proxy.workdir(), &dir, &["--rules", rules.to_str().unwrap()]);
    let bad = get(&proxy, "/bad");
    let line = recorder.wait_for_line("fires critical: pages");
    assert!(line.contains("owner web; runbook https://wiki/503"), "{line}");
    recorder.wait_for_line("is over critical: pages");
    recorder.finish();
    let lines = json_lines(&told);
    assert_eq!((&lines[0]["rule"], &lines[0]["failure"]["xid"]), (&"pages".into(), &bad.into()));
    let text = std::fs::read_to_string(&told).unwrap();
    assert!(text.contains("Cookie") && !text.contains("sid=secret"), "{text}");
    assert!(captures(&dir).is_empty(), "no file was asked for");
    let counters = json_lines(&dir.join("counters.json"));
    assert_eq!(counters[0]["rules"]["pages"]["fired"], 1);
    let wrong = directory.path().join("wrong.toml");
    std::fs::write(&wrong, "[[rule]]\nname = \"a\"\non = \"Fetch\u{1b}[2JError\"\n").unwrap();
    let output = shellac(&["record", "-o", "/nonexistent", "--rules", wrong.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("wrong.toml:3"), "{said}");
    assert!(!said.contains('\u{1b}'), "{said}");
}
