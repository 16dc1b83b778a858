//! Disks that are full or cannot be written to: for the bodies of requests, and for the log.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::support::client::Client;
use crate::support::daemon::{Daemon, signal_process};
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step, ok};
use crate::support::skip::skipped;

/// `program` with a disk of its own, which nobody else sees, in the place of `dir`; `None` where that cannot be had.
fn on_disk(dir: &Path, options: &str, program: &str) -> Option<Command> {
    std::fs::create_dir_all(dir).unwrap();
    let mount = format!("mount -t tmpfs -o {options} tmpfs '{}'", dir.display());
    let own_space = |command: &str| {
        let mut unshare = Command::new("unshare");
        unshare.args(["-rm", "sh", "-c", command, "sh"]).stdin(Stdio::null());
        unshare
    };
    let is_allowed = own_space(&mount).stderr(Stdio::null()).status().is_ok_and(|it| it.success());
    is_allowed.then(|| {
        let mut command = own_space(&format!("{mount} && exec \"$@\""));
        command.arg(program);
        command
    })
}

const NOT_ALLOWED: &str = "a user may not mount anything here, not even privately";

/// A request that is longer than the memory for it, and one that is not, towards an origin that loses the first attempt at each
/// long one.
fn lost_bodies(options: &str, reason: &str) {
    let origin = Origin::start(|asked| match asked.target.as_str() {
        "/long" => vec![Step::ReadBody, Step::CloseCleanly],
        _ => vec![Step::ReadBody, ok("yes")],
    });
    let root = tempfile::tempdir().unwrap();
    let (workdir, bodies) = (root.path().join("w"), root.path().join("bodies"));
    let Some(command) = on_disk(&bodies, options, env!("CARGO_BIN_EXE_shellacd")) else {
        return skipped(NOT_ALLOWED);
    };
    let more = format!(
        "[body]\nmemory = \"4K\"\nlimit = \"1M\"\ndir = \"{}\"\n[[route]]\n[route.retry]\nmethods = [\"POST\"]\n",
        bodies.display()
    );
    let daemon = Daemon::start_by(command, &workdir, &Daemon::config(origin.address(), &more), &[]);
    let post = |target: &str, len: usize| {
        let mut client = Client::connect(daemon.address());
        let body = "x".repeat(len);
        client.send(format!(
            "POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: {len}\r\nConnection: close\r\n\r\n{body}"
        ));
        client.answer("POST").status
    };
    assert_eq!(post("/long", 900_000), 503, "there is nothing to be sent again");
    assert_eq!(post("/short", 4000), 200);
    assert_eq!(post("/streamed", 900_000), 200, "it goes on streaming");
    let received = origin.wait_finished(3);
    assert_eq!(received.iter().filter(|one| one.asked.target == "/long").count(), 1);
    let log = Deadline::generous().wait_for("the three requests", || {
        let log = daemon.tool("log", &["-d", "-g", "request", "-i", "ReqURL,VCL_Log"]);
        log.contains("/streamed").then_some(log)
    });
    let lost = format!("fetch.lost:disk, {reason}");
    assert_eq!(log.matches(&lost).count(), 2, "{lost} is not there twice in {log}");
    assert!(log.contains("fetch.retry:no body"), "{log}");
}

#[test]
fn a_full_disk_for_bodies_costs_the_replay_and_nothing_else() {
    lost_bodies("size=256k", "errno 28 (No space left on device)");
}

#[test]
fn a_disk_for_bodies_that_is_read_only_costs_the_replay_and_nothing_else() {
    lost_bodies("ro", "errno 30 (Read-only file system)");
}

#[test]
fn a_log_that_has_no_room_at_the_start_is_refused_in_words() {
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let Some(mut command) = on_disk(&workdir, "size=8m", env!("CARGO_BIN_EXE_shellacd")) else {
        return skipped(NOT_ALLOWED);
    };
    let file = root.path().join("w.toml");
    let config = Daemon::config("127.0.0.1:9".parse().unwrap(), "");
    std::fs::write(&file, config).unwrap();
    let output = command.arg("-f").arg(&file).arg("-n").arg(&workdir).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("no space for") && said.contains("lower log.size"), "{said}");
}

#[test]
fn a_log_that_has_no_room_later_is_tried_again_and_nobody_is_refused() {
    let origin = Origin::start(|_| vec![ok("yes")]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    // For one log and what is beside it, not for two.
    let Some(command) = on_disk(&workdir, "size=28m", env!("CARGO_BIN_EXE_shellacd")) else {
        return skipped(NOT_ALLOWED);
    };
    let config = Daemon::config(origin.address(), "");
    let mut daemon = Daemon::start_by(command, &workdir, &config, &[]);
    let inside = PathBuf::from(format!("/proc/{}/root{}", daemon.pid(), workdir.display()));
    let child = inside.join("_.vsm_child");
    let index = std::fs::read_to_string(child.join("_.index")).expect("a worker publishes");
    let worker = index.split(' ').nth(1).and_then(|pid| pid.parse().ok()).expect("its number");
    let log = index.lines().find(|line| line.ends_with(" Log Log")).expect("it has a log");
    // A reader that hangs: what it has open keeps its room after its name is gone.
    let held = File::open(child.join(log.split(' ').nth(1).unwrap())).unwrap();
    signal_process(worker, Signal::KILL);
    daemon.wait_for_line("no space for");
    // Meanwhile a client waits.
    let mut client = Client::connect(daemon.address());
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    daemon.wait_for_line("no space for");
    drop(held);
    daemon.wait_for_line("serves in its place");
    assert_eq!(client.answer("GET").text(), "yes");
    daemon.signal(Signal::TERM);
    assert!(daemon.wait().success(), "{}", daemon.said());
}
