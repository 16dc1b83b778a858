//! Requests of workers that were asked to end: those that they die with, and those that somebody ends.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::support::client::Client;
use crate::support::daemon::{Daemon, signal_process};
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step};

/// A worker with one request that gets no answer, and its number.
struct Hanging {
    daemon: Daemon,
    worker: u32,
    client: Client,
    xid: String,
    _origin: Origin,
}

fn hanging(workdir: &Path) -> Hanging {
    let origin = Origin::start(|_| vec![Step::Hang]);
    let daemon = Daemon::start(workdir, &Daemon::config(origin.address(), ""));
    let worker = daemon.worker_pid();
    let mut client = Client::connect(daemon.address());
    client.send("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
    let xid = Deadline::generous().wait_for("the request at its backend", || {
        let shown: serde_json::Value =
            serde_json::from_str(&daemon.tool("ps", &["--json"])).expect("JSON");
        let one = &shown["requests"][0];
        (one["phase"] == "first_byte").then(|| one["xid"].to_string())
    });
    Hanging { daemon, worker, client, xid, _origin: origin }
}

/// The file that a line names.
fn file_of(line: &str) -> PathBuf {
    let path = line.split("what it had logged is in ").nth(1).expect("a file");
    PathBuf::from(path.split(" (").next().expect("how long it is"))
}

/// What a tool says of the request, with one blank between words; nothing when it does not find it.
fn told(tool: &[&str], from: [&Path; 2]) -> Option<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
    let output = command.args(tool).args(from).stdin(Stdio::null()).output().expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // Lines are broken where they are too long.
    let words: Vec<&str> = text.split_ascii_whitespace().filter(|word| *word != "│").collect();
    (output.status.success() && !words.is_empty()).then(|| words.join(" "))
}

const KILLED: &str =
    "(killed, as its time to finish was over) while this waited for the first byte of the answer";

#[test]
fn what_a_second_signal_cuts_has_its_end_in_a_file() {
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let Hanging { mut daemon, worker, mut client, xid, _origin } = hanging(&workdir);
    daemon.signal(Signal::TERM);
    daemon.wait_for_line("another signal stops at once");
    daemon.signal(Signal::TERM);
    let said = daemon.wait_for_line("what it had logged is in ");
    assert!(said.contains("it died with one request, which has its end there"), "{said}");
    assert_eq!(daemon.wait().code(), Some(1), "not everything was finished");
    assert!(client.try_answer("GET").is_err());
    let file = file_of(&said);
    let text = told(&["trace", &xid], ["-r".as_ref(), &file]).expect("it is in the file");
    assert!(text.contains("/hang") && text.contains(KILLED), "{text}");
    assert!(text.contains(&format!("worker {worker} died")), "{text}");
}

#[test]
fn what_a_retiring_worker_dies_with_has_its_end_in_the_log_of_the_next_one() {
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let Hanging { mut daemon, worker, mut client, xid, _origin } = hanging(&workdir);
    daemon.signal(Signal::USR2);
    daemon.wait_for_line("serves in its place");
    signal_process(worker, Signal::KILL);
    let ended = format!("worker {worker}, whose place was taken, has ended");
    let said = daemon.wait_for_lines(&["what it had logged is in ", &ended]);
    assert!(said[0].contains("it died with one request, which has its end there"), "{said:?}");
    assert!(client.try_answer("GET").is_err());
    let file = file_of(&said[0]);
    let died = format!("worker {worker} died (signal: 9 (SIGKILL)) while this waited for");
    let text = told(&["trace", &xid], ["-r".as_ref(), &file]).expect("it is in the file");
    assert!(text.contains("/hang") && text.contains(&died), "{text}");
    // And once, as a whole, where the new worker logs.
    let live: [&Path; 2] = ["-n".as_ref(), &workdir];
    let text = Deadline::generous().wait_for("its end in the next log", || {
        told(&["trace", &xid], live).filter(|text| text.contains(&died))
    });
    assert!(text.contains("/hang"), "{text}");
    let query = format!("vxid == {xid}");
    let log = told(&["log", "-d", "-g", "request", "-q", &query], live).expect("the group");
    for once in ["<< Request >>", "<< BeReq >>", "ReqURL /hang", "Timestamp Died:"] {
        assert_eq!(log.matches(once).count(), 1, "{once}: {log}");
    }
}

#[test]
fn a_request_of_a_retiring_worker_can_be_ended() {
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let Hanging { mut daemon, worker, mut client, xid, _origin } = hanging(&workdir);
    daemon.signal(Signal::USR2);
    daemon.wait_for_line("serves in its place");
    let kill = |xid: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
        command.args(["adm", "-n"]).arg(&workdir).args(["kill", xid, "--reason", "it hangs"]);
        let output = command.stdin(Stdio::null()).output().expect("it starts");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&text).into_owned())
    };
    let (status, text) = kill("12345");
    assert!(status != Some(0) && text.contains("No request 12345 is in flight"), "{text}");
    let (status, text) = kill(&xid);
    assert_eq!(status, Some(0), "{text}");
    assert_eq!(client.answer("GET").status, 503);
    daemon.wait_for_line(&format!(
        "worker {worker}, whose place was taken, has ended (exit status: 0)"
    ));
    let live: [&Path; 2] = ["-n".as_ref(), &workdir];
    let words = "ended by an administrator: it hangs";
    Deadline::generous().wait_for("the reason in the next log", || {
        told(&["trace", &xid], live).filter(|text| text.contains(words))
    });
}
