//! What is on the screen is what `stat -1 -j` says in the same second, whatever happens to the instance meanwhile.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use super::terminal::to_counters;
use super::{stat, terminal};
use crate::support::client::Client;
use crate::support::daemon::{Daemon, signal_process};
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, ok};
use crate::support::tmux::{self, Terminal};
use crate::support::varnish::{self, Varnishd};

/// What `stat -1 -j` says.
fn counters(workdir: &Path) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_shellac"))
        .args(["stat", "-1", "-j", "-n"])
        .arg(workdir)
        .stdin(Stdio::null())
        .output()
        .expect("shellac starts");
    let mut page: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {output:?}"));
    page["counters"].take()
}

/// Names and values between the two bars.
fn on_screen(screen: &str) -> Vec<(String, u64)> {
    let lines = screen.lines().skip_while(|line| !line.contains("NAME  ")).skip(1);
    let lines = lines.take_while(|line| line.split('.').count() > 1 && !line.starts_with(' '));
    lines
        .filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            let (name, value) = (words.next()?, words.next()?);
            // Bits are written as such.
            Some((name.to_owned(), value.parse().ok()?))
        })
        .collect()
}

/// Waits for a moment at which everything on the screen, which is at least so much, is what `stat` says.
fn assert_equal(pane: &Terminal, workdir: &Path, least: usize, wanted: &[&str]) {
    let deadline = Deadline::generous();
    loop {
        let (before, screen) = (counters(workdir), pane.screen());
        let shown = on_screen(&screen);
        let wrong: Vec<_> = shown
            .iter()
            .filter(|(name, value)| before[name]["value"].as_u64() != Some(*value))
            .collect();
        let names = shown.iter().map(|(name, _)| name.as_str());
        let has_all = wanted.iter().all(|wanted| names.clone().any(|name| name == *wanted));
        if shown.len() >= least && has_all && wrong.is_empty() {
            return;
        }
        assert!(deadline.left().is_some(), "{wrong:?} of {shown:?} on\n{screen}\nand {before}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// A wide terminal with all counters as they are.
fn open(workdir: &Path, more: &str) -> Terminal {
    let pane = terminal((200, 50), &stat(workdir, more));
    to_counters(&pane);
    pane.press(&["e"]);
    pane
}

#[test]
fn a_varnishd_through_restarts_and_reloads() {
    if !varnish::is_here() || !tmux::is_here() {
        return;
    }
    let origin = Origin::start(|_| vec![ok("x")]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("v");
    // It is not there yet.
    let pane = open(&workdir, "");
    let screen =
        pane.wait_for_texts(&["Uptime mgt:     Not Running", "there is no such directory"]);
    assert!(screen.contains("not there"), "{screen}");

    let address = origin.address();
    let mut varnishd = Varnishd::start_with(&workdir, &["-b", &address.to_string()]);
    let mut client = Client::connect(varnishd.address());
    for _ in 0..7 {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.answer("GET").status, 200);
    }
    let wanted = ["MGT.uptime", "MAIN.uptime", "MAIN.client_req", "VBE.boot.default.req"];
    assert_equal(&pane, &workdir, 20, &wanted);

    let (host, port) = (address.ip(), address.port());
    let file = root.path().join("second.vcl");
    let vcl = format!("vcl 4.1; backend other {{ .host = \"{host}\"; .port = \"{port}\"; }}");
    std::fs::write(&file, vcl).unwrap();
    varnishd.admin(&format!("vcl.load second {}", file.display())).unwrap();
    pane.wait_for_texts(&["configuration second has come"]);
    // The first one stays for as long as a thread remembers it, which may be long.
    varnishd.admin("vcl.discard second").unwrap();
    pane.wait_for_texts(&["configuration second has gone"]);
    assert_equal(&pane, &workdir, 15, &["MAIN.client_req"]);

    // The worker is killed, and the manager starts another one.
    let index = std::fs::read_to_string(workdir.join("_.vsm_child/_.index")).unwrap();
    let worker: u32 = index.split(' ').nth(1).unwrap().parse().unwrap();
    signal_process(worker, Signal::KILL);
    pane.wait_for("news of the worker", |screen| {
        screen.contains("the worker ended") || screen.contains("the worker is another one")
    });
    pane.resize(80, 24);
    pane.type_text("/uptime");
    pane.press(&["Enter"]);
    assert_equal(&pane, &workdir, 2, &["MGT.uptime", "MAIN.uptime"]);

    // All of it goes, and something else comes in its place.
    varnishd.kill();
    pane.wait_for_texts(&["nothing runs in", "Uptime mgt:     Not Running"]);
    drop(varnishd);
    std::fs::remove_dir_all(&workdir).unwrap();
    let _again = Varnishd::start_with(&workdir, &["-b", &address.to_string()]);
    assert_equal(&pane, &workdir, 2, &["MGT.uptime", "MAIN.uptime"]);
    // Records that were there before have no time. Backends are shown whatever counters are wanted.
    let late = terminal((120, 40), &stat(&workdir, "-f MAIN.uptime"));
    late.wait_for_texts(&["earlier  config   vcl.load "]);
    late.press(&["2"]);
    late.wait_for_texts(&["1 BACKENDS", "nobody asks it how it is"]);
    to_counters(&late);
    let screen = late.wait_for_texts(&["MAIN.uptime  "]);
    assert!(!screen.contains("VBE.") && screen.contains("1-1/1"), "{screen}");
}

#[test]
fn a_shellacd_whose_worker_is_killed() {
    if !tmux::is_here() {
        return;
    }
    let origin = Origin::start(|_| vec![ok("x")]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("v");
    let mut daemon = Daemon::start(&workdir, &Daemon::config(origin.address(), ""));
    let pane = open(&workdir, "");
    let requests = |address, count| {
        let mut client = Client::connect(address);
        for _ in 0..count {
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            assert_eq!(client.answer("GET").status, 200);
        }
    };
    requests(daemon.address(), 5);
    assert_equal(&pane, &workdir, 8, &["MGT.uptime", "MAIN.client_req", "VBE.boot.b0.req"]);

    let worker = daemon.worker_pid();
    signal_process(worker, Signal::KILL);
    daemon.wait_for_line(" serves");
    pane.wait_for("news of the worker", |screen| {
        screen.contains("the worker ended") || screen.contains("the worker is another one")
    });
    requests(daemon.address(), 3);
    pane.resize(80, 24);
    assert_equal(&pane, &workdir, 8, &["MGT.uptime", "MAIN.client_req"]);
    assert_eq!(counters(&workdir)["MAIN.client_req"]["value"], 3, "it counts from zero");
}
