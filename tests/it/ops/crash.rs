//! What is left of a worker that died.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::support::client::Client;
use crate::support::daemon::{Daemon, signal_process};
use crate::support::origin::{Origin, Step, ok};
use crate::support::varnish;

fn crashes(workdir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(workdir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("crash-"))
        .collect();
    found.sort();
    found
}

/// Kills the worker, and waits until its log is in a file and another one serves.
fn crash(daemon: &mut Daemon) -> PathBuf {
    signal_process(daemon.worker_pid(), Signal::KILL);
    // These two come in any order.
    let said = daemon.wait_for_lines(&["what it had logged is in ", "serves in its place"]);
    let line = &said[0];
    let path = line.split("what it had logged is in ").nth(1).unwrap();
    PathBuf::from(path.split(" (").next().unwrap())
}

#[test]
fn the_log_of_a_killed_worker_is_a_file_and_three_are_kept() {
    let origin = Origin::start(|asked| match asked.target.as_str() {
        "/hang" => vec![Step::Hang],
        _ => vec![ok("yes")],
    });
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let config = Daemon::config(origin.address(), "")
        .replace("size = \"16M\"", "size = \"16M\"\ndialect = \"6.0-7.2\"\nstall = \"50ms\"");
    let mut daemon = Daemon::start(&workdir, &config);
    let mut client = Client::connect(daemon.address());
    client.send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.answer("GET").status, 200);
    let mut hanging = Client::connect(daemon.address());
    hanging.send("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
    // What hangs is in the log once its phase has stalled.
    crate::support::deadline::Deadline::generous().wait_for("both requests in the log", || {
        let log = daemon.tool("log", &["-d", "-g", "raw", "-i", "ReqURL"]);
        (log.contains("/first") && log.contains("/hang")).then_some(())
    });
    let file = crash(&mut daemon);
    // The client sees that its answer does not come.
    assert!(hanging.try_answer("GET").is_err());

    let read = |program: &mut Command| {
        let output = program
            .args(["-g", "raw", "-i", "ReqURL", "-r"])
            .arg(&file)
            .stdin(Stdio::null())
            .output()
            .expect("the reader starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let ours = read(Command::new(env!("CARGO_BIN_EXE_shellac")).arg("log"));
    assert!(ours.contains("/first") && ours.contains("/hang"), "{ours}");
    if varnish::is_here() {
        assert_eq!(read(&mut Command::new("varnishlog")), ours);
    }
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o007, 0, "a log is not for everybody");
    let doctor = Command::new(env!("CARGO_BIN_EXE_shellac"))
        .args(["doctor", "-n"])
        .arg(&workdir)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let found = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(found.contains(file.file_name().unwrap().to_str().unwrap()), "{found}");

    let mut all = vec![file];
    for _ in 0..3 {
        let mut client = Client::connect(daemon.address());
        client.send("GET /more HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        assert_eq!(client.answer("GET").status, 200);
        all.push(crash(&mut daemon));
    }
    assert_eq!(crashes(&workdir), all[1..], "the newest three");
}
