//! What is left of a worker that died.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

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

/// Kills the worker with two requests in flight, of which the log says nothing yet; their numbers are asked for in the file and in the
/// log of the next worker.
#[test]
fn requests_that_had_not_been_logged_are_in_the_file_and_in_the_next_log() {
    for dialect in ["6.0-7.2", "7.3-8.0"] {
        let has_failed = AtomicBool::new(false);
        let origin = Origin::start(move |asked| match asked.target.as_str() {
            "/retried" if !has_failed.swap(true, Ordering::Relaxed) => vec![Step::CloseCleanly],
            _ => vec![Step::Hang],
        });
        let root = tempfile::tempdir().unwrap();
        let workdir = root.path().join("w");
        let more = format!(
            "[[backend]]\nname = \"b1\"\naddress = \"{}\"\n[[pool]]\nname = \"p\"\nbackends = [\"b0\", \"b1\"]\n[[route]]\npool = \"p\"\n[route.retry]\non = [\"eof_before_byte\"]\nmax = 1\n",
            origin.address()
        );
        let config = Daemon::config(origin.address(), &more).replace(
            "size = \"16M\"",
            &format!("size = \"16M\"\ndialect = \"{dialect}\"\nstall = \"10m\""),
        );
        let mut daemon = Daemon::start(&workdir, &config);
        let ask = |target: &str| {
            let mut client = Client::connect(daemon.address());
            client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
            client
        };
        let _clients = [ask("/retried"), ask("/hangs")];
        let shown = crate::support::deadline::Deadline::generous().wait_for("two requests", || {
            let text = daemon.tool("ps", &["--json"]);
            let shown: serde_json::Value = serde_json::from_str(&text).unwrap();
            let requests = shown["requests"].as_array().unwrap().clone();
            let waits = requests.iter().filter(|one| one["phase"] == "first_byte").count();
            (waits == 2).then_some(requests)
        });
        let log = daemon.tool("log", &["-d", "-g", "raw", "-i", "ReqURL"]);
        assert!(!log.contains("/hangs"), "{dialect}: it is in the log already: {log}");
        let file = crash(&mut daemon);
        let said = daemon.said();
        assert!(said.contains("it died with 2 requests, which have their ends there"), "{said}");
        for one in &shown {
            let xid = one["xid"].to_string();
            let target = one["url"].as_str().unwrap();
            let words = "signal: 9 (SIGKILL)) while this waited for the first byte of the answer";
            let read = |arguments: &[&std::ffi::OsStr]| {
                let output = Command::new(env!("CARGO_BIN_EXE_shellac"))
                    .arg("trace")
                    .arg(&xid)
                    .args(arguments)
                    .stdin(Stdio::null())
                    .output()
                    .unwrap();
                // Lines are broken where they are too long.
                let text = String::from_utf8_lossy(&output.stdout).into_owned();
                let words = text.split_ascii_whitespace().filter(|word| *word != "│");
                let words: Vec<&str> = words.collect();
                (output.status.success(), words.join(" "))
            };
            let (found, text) = read(&["-r".as_ref(), file.as_os_str()]);
            assert!(found && text.contains(target) && text.contains(words), "{dialect}: {text}");
            assert!(text.contains("the proxy's worker died while it served this"), "{text}");
            // Readers have a moment to find the new log before it is said there.
            let live = crate::support::deadline::Deadline::generous().wait_for(
                &format!("{xid} in the next log"),
                || {
                    let (found, text) = read(&["-n".as_ref(), workdir.as_os_str()]);
                    found.then_some(text)
                },
            );
            assert!(live.contains(target) && live.contains(words), "{dialect}: {live}");
            // A group with one beginning and one end each, for every reader.
            let tools: &[&str] = if dialect == "6.0-7.2" && varnish::is_here() {
                &[env!("CARGO_BIN_EXE_shellac"), "varnishlog"]
            } else {
                &[env!("CARGO_BIN_EXE_shellac")]
            };
            for tool in tools {
                let mut command = Command::new(tool);
                if !tool.contains("varnishlog") {
                    command.arg("log");
                }
                let query = format!("ReqURL eq \"{target}\"");
                command.args(["-g", "request", "-q", &query, "-r"]).arg(&file);
                let output = command.stdin(Stdio::null()).output().unwrap();
                let text = String::from_utf8_lossy(&output.stdout).into_owned();
                let head = format!("*   << Request  >> {xid}");
                assert_eq!(text.matches(&head).count(), 1, "{dialect}: {tool}: {text}");
                assert!(!text.contains("VSL "), "{dialect}: {tool}: {text}");
                let attempts = if target == "/retried" { 2 } else { 1 };
                assert_eq!(text.matches("<< BeReq    >>").count(), attempts, "{tool}: {text}");
            }
        }
    }
}
