//! `shellac demo`: it ends well, tells the truth, and leaves nothing behind.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tempfile::TempDir;

use super::support::deadline::Deadline;
use super::support::varnish;

fn demo() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
    command.arg("demo").stdin(Stdio::null());
    command
}

/// The word behind the first `label` in `text`.
fn word_after<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    text.split_once(label)?.1.split_whitespace().next()
}

fn once() -> String {
    let output: Output = demo().arg("--once").output().expect("the demo starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
    String::from_utf8(output.stdout).expect("the demo prints text")
}

#[test]
fn once_ends_with_the_trace_of_a_request_that_its_retry_saved() {
    // One after the other: numbers start from the clock.
    let runs = [once(), once()];
    for text in &runs {
        let trace = text.split_once("One of them: ").expect("a trace").1;
        for part in [
            "answered 200 OK after 1 retry",
            "attempt 1  bereq ",
            "attempt 2  bereq ",
            "conn   new, 127.0.0.1:",
            "error  EOF before the first byte",
            "Why attempt 1 failed: the backend closed the connection without answering the",
        ] {
            assert!(trace.contains(part), "no \"{part}\" in\n{trace}");
        }
        let received = word_after(trace, "The origin received ").expect("what the origin got");
        let whole = format!("{received} of {received} bytes with the retry");
        assert!(trace.contains(&whole), "{trace}");
        let sent = format!("body   {received} bytes expected, {received} sent");
        assert_eq!(trace.matches(&sent).count(), 2, "{trace}");
        assert!(!text.contains('\x1b'), "colour in a pipe");
        // The title of the trace names this program, whose path is as long as it is.
        for line in text.lines().filter(|line| !line.starts_with("One of them")) {
            assert!(line.chars().count() <= 80, "too wide: {line}");
        }
        let workdir = word_after(text, "  log     ").expect("the directory of the log");
        assert!(!Path::new(workdir).exists(), "{workdir} is still there");
    }
    let [one, two] = &runs;
    for label in ["  proxy   ", "  log     ", "  XID "] {
        assert_ne!(word_after(one, label), word_after(two, label), "{label}");
    }
}

/// A demo that runs until it is told to stop.
struct Running {
    child: Child,
    lines: Receiver<String>,
    workdir: PathBuf,
}

impl Running {
    fn start(workdir: PathBuf) -> Running {
        let mut command = demo();
        command.arg("-n").arg(&workdir).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().expect("the demo starts");
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Running { child, lines, workdir }
    }

    /// Everything up to the first line with `mark`.
    fn read_to(&self, mark: &str) -> String {
        let deadline = Deadline::after(std::time::Duration::from_secs(60));
        let mut text = String::new();
        loop {
            let left = deadline.left().unwrap_or_default();
            let line =
                self.lines.recv_timeout(left).unwrap_or_else(|_| panic!("no {mark}: {text}"));
            text.push_str(&line);
            text.push('\n');
            if line.contains(mark) {
                return text;
            }
        }
    }

    fn varnishlog(&self) -> String {
        let output = Command::new("varnishlog")
            .args(["-d", "-g", "request", "-n"])
            .arg(&self.workdir)
            .stdin(Stdio::null())
            .output()
            .expect("varnishlog starts");
        let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success() && complaints.is_empty(),
            "{}: {complaints}",
            output.status
        );
        String::from_utf8(output.stdout).expect("the log is text")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(pid) = pid(self.child.id())
            && self.child.try_wait().is_ok_and(|status| status.is_none())
        {
            let _ = kill_process(pid, Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

fn pid(id: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(id).ok()?)
}

/// The numbers in brackets of varnishlog's headers: `<< BeReq    >> 98334`.
fn numbers(log: &str, label: &str) -> Vec<String> {
    let of = |line: &str| Some(line.split_once(label)?.1.trim().to_owned());
    log.lines().filter_map(of).collect()
}

#[test]
fn what_it_shows_is_what_stock_tools_show_and_ctrl_c_cleans_up() {
    let directory = TempDir::new().unwrap();
    let mut running = Running::start(directory.path().join("log"));
    let text = running.read_to("Try in another terminal");
    let proxy = word_after(&text, " in process ").and_then(|pid| pid.parse().ok()).and_then(pid);
    let proxy = proxy.expect("the process of the proxy");

    if varnish::is_here() {
        let log = running.varnishlog();
        let (requests, attempts) =
            (numbers(&log, "<< Request  >> "), numbers(&log, "<< BeReq    >> "));
        let shown: Vec<&str> = text
            .match_indices("  XID ")
            .filter_map(|(at, _)| word_after(&text[at..], "XID "))
            .collect();
        assert!(!shown.is_empty());
        for xid in shown {
            assert!(requests.iter().any(|number| number == xid), "varnishlog does not show {xid}");
        }
        let traced: Vec<&str> = text
            .match_indices("  bereq ")
            .filter_map(|(at, _)| word_after(&text[at..], "bereq "))
            .collect();
        assert_eq!(traced.len(), 2, "{text}");
        for xid in traced {
            assert!(attempts.iter().any(|number| number == xid), "varnishlog does not show {xid}");
        }
        let diagnosed =
            log.lines().find(|line| line.trim_start_matches('-').trim().starts_with("VSL "));
        assert_eq!(diagnosed, None);
    }

    let xid = word_after(&text, "One of them: ").map(|_| text.split(" trace ").nth(1).unwrap());
    let xid = xid.and_then(|rest| rest.split_whitespace().next()).expect("the XID of the trace");
    let again = Command::new(env!("CARGO_BIN_EXE_shellac"))
        .args(["trace", xid, "-n"])
        .arg(&running.workdir)
        .output()
        .expect("trace starts");
    assert!(again.status.success());
    let again = String::from_utf8(again.stdout).unwrap();
    // The session above may have been closed meanwhile.
    let again = again.split_once("request ").expect("a tree").1;
    assert!(text.contains(again), "another process sees another trace:\n{again}\n{text}");

    kill_process(pid(running.child.id()).unwrap(), Signal::INT).unwrap();
    let status =
        Deadline::generous().wait_for("the demo to end", || running.child.try_wait().unwrap());
    assert!(status.success(), "{status}");
    assert!(test_kill_process(proxy).is_err(), "the proxy is still there");
    assert!(!running.workdir.exists(), "the directory is still there");
}

#[test]
fn a_killed_demo_takes_its_proxy_along() {
    let directory = TempDir::new().unwrap();
    let running = Running::start(directory.path().join("log"));
    let text = running.read_to("Live from the log");
    let address: SocketAddr = word_after(&text, "  proxy   ").unwrap().parse().unwrap();
    assert!(TcpStream::connect(address).is_ok(), "it serves");
    kill_process(pid(running.child.id()).unwrap(), Signal::KILL).unwrap();
    Deadline::generous()
        .wait_for("the proxy to end", || TcpStream::connect(address).is_err().then_some(()));
}
