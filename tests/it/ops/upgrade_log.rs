//! What readers see while one program takes another one's place.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use rustix::process::Signal;

use crate::support::client::Client;
use crate::support::daemon::Daemon;
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, ok};
use crate::support::said::Said;
use crate::support::varnish;

/// Requests that are served after the other program serves.
const MORE: u64 = 50;

/// A reader that follows the log; ended with its test.
struct Reader {
    process: Child,
    said: Said,
}

impl Reader {
    fn start(program: &mut Command, workdir: &Path) -> Reader {
        let mut process = program
            .args(["-g", "request", "-i", "ReqURL,End", "-n"])
            .arg(workdir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the reader starts");
        let said = Said::by("the reader", process.stdout.take().expect("it is piped"));
        Reader { process, said }
    }

    /// Asks for `target` until the reader shows it.
    fn sees(&mut self, daemon: &Daemon, target: &str) {
        Deadline::generous().wait_for(&format!("{target} in the log"), || {
            get(daemon, target);
            let end = format!("ReqURL         {target}");
            self.said.all().lines().any(|line| line.ends_with(&end)).then_some(())
        });
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn get(daemon: &Daemon, target: &str) {
    let mut client = Client::connect(daemon.address());
    client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    assert_eq!(client.answer("GET").status, 200);
}

fn upgrade(daemon: &mut Daemon) {
    daemon.signal(Signal::USR2);
    daemon.wait_for_line("took over from version");
    daemon.wait_for_line("serves in its place");
}

/// How often each request was shown, by its path.
fn shown(said: &str) -> BTreeMap<String, u32> {
    let mut shown = BTreeMap::new();
    for target in said.lines().filter_map(|line| line.split("ReqURL").nth(1)) {
        *shown.entry(target.trim().to_owned()).or_default() += 1;
    }
    shown
}

#[test]
fn what_the_worker_before_still_logs_is_seen() {
    let is_released = Arc::new(AtomicBool::new(false));
    let released = Arc::clone(&is_released);
    let origin = Origin::start(move |asked| {
        if asked.target == "/slow" {
            Deadline::generous().wait_for("the end of the test's wait", || {
                released.load(Ordering::Relaxed).then_some(())
            });
        }
        vec![ok("yes")]
    });
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let config = Daemon::config(origin.address(), "")
        .replace("size = \"16M\"", "size = \"16M\"\ndialect = \"6.0-7.2\"\nstall = \"50ms\"");
    let mut daemon = Daemon::start(&workdir, &config);
    let mut ours = Reader::start(Command::new(env!("CARGO_BIN_EXE_shellac")).arg("log"), &workdir);
    ours.sees(&daemon, "/ours");
    let mut theirs = varnish::is_here().then(|| {
        let mut reader = Reader::start(&mut Command::new("varnishlog"), &workdir);
        reader.sees(&daemon, "/theirs");
        reader
    });

    let mut slow = Client::connect(daemon.address());
    slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    Deadline::generous().wait_for("the slow request in flight", || {
        daemon.tool("ps", &[]).contains("/slow").then_some(())
    });
    let (stop, served) = (AtomicBool::new(false), AtomicU64::new(0));
    let address = daemon.address();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let mut client = Client::connect(address);
                let number = served.load(Ordering::Relaxed);
                client.send(format!(
                    "GET /fast/{number} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                ));
                assert_eq!(client.answer("GET").status, 200);
                served.fetch_add(1, Ordering::Relaxed);
            }
        });
        upgrade(&mut daemon);
        let until = served.load(Ordering::Relaxed) + MORE;
        Deadline::generous()
            .wait_for("more requests", || (served.load(Ordering::Relaxed) >= until).then_some(()));
        is_released.store(true, Ordering::Relaxed);
        assert_eq!(slow.answer("GET").status, 200);
        stop.store(true, Ordering::Relaxed);
    });

    // Whole, with its attempt, in the only log that there is now.
    Deadline::generous().wait_for("all of the slow request", || {
        let log = daemon.tool("log", &["-d", "-g", "request", "-q", "ReqURL eq \"/slow\""]);
        let whole =
            ["BereqURL", "BerespStatus   200", "RespStatus     200", "Timestamp      Resp:"];
        whole.iter().all(|part| log.contains(part)).then_some(())
    });
    if let Some(theirs) = &mut theirs {
        Deadline::generous().wait_for("the slow request in varnishlog", || {
            theirs.said.all().contains("/slow").then_some(())
        });
        theirs.sees(&daemon, "/theirs/last");
    }
    // Who follows has missed nothing, and saw nothing twice but what was half there when one log ended and the other one began.
    let all = served.load(Ordering::Relaxed);
    let found = Deadline::generous().wait_for("every request in the log", || {
        let found = shown(&ours.said.all());
        (0..all).all(|number| found.contains_key(&format!("/fast/{number}"))).then_some(found)
    });
    assert!(found.contains_key("/slow"));
    ours.sees(&daemon, "/ours/last");
    let found = shown(&ours.said.all());
    let twice = found.iter().filter(|(target, times)| target.starts_with("/fast/") && **times > 1);
    assert!(twice.clone().count() <= 1, "{:?} of {all}", twice.collect::<Vec<_>>());

    // The manager counts on.
    let counters = daemon.tool("stat", &["-1", "-f", "MGT.child_start"]);
    assert!(counters.split_whitespace().nth(1) == Some("2"), "{counters}");
}

#[test]
fn what_the_worker_before_still_counts_is_counted_by_the_new_one() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let origin = Origin::start(move |asked| {
        if asked.target == "/old" {
            // Until the test says so, or is over.
            let _ = wait.lock().unwrap().recv_timeout(std::time::Duration::from_secs(20));
        }
        vec![ok("yes")]
    });
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let mut daemon = Daemon::start(&workdir, &Daemon::config(origin.address(), ""));
    let first = daemon.worker_pid();
    let ask = |target: &str| {
        let mut client = Client::connect(daemon.address());
        client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
        client
    };
    let count = |daemon: &Daemon, name: &str| -> u64 {
        let text = daemon.tool("stat", &["-1", "-f", name]);
        text.split_ascii_whitespace().nth(1).and_then(|count| count.parse().ok()).unwrap_or(0)
    };
    for _ in 0..3 {
        assert_eq!(ask("/seen").answer("GET").status, 200);
    }
    Deadline::generous().wait_for("three answers that were counted", || {
        (count(&daemon, "MAIN.resp_2xx") == 3).then_some(())
    });
    let mut old = ask("/old");
    Deadline::generous().wait_for("the request in flight", || {
        daemon.tool("ps", &[]).contains("/old").then_some(())
    });
    Deadline::generous().wait_for("the request among those that were counted", || {
        (count(&daemon, "MAIN.client_req") == 4).then_some(())
    });
    daemon.signal(Signal::USR2);
    daemon.wait_for_line("serves in its place");
    let mut new = Client::connect(daemon.address());
    new.send("GET /new HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!(new.answer("GET").status, 200);
    go.send(()).unwrap();
    assert_eq!(old.answer("GET").status, 200);
    daemon.wait_for_line(&format!("worker {first}, whose place was taken, has ended"));
    // What was seen before is not counted again, and the end of what was in flight is.
    Deadline::generous()
        .wait_for("both answers", || (count(&daemon, "MAIN.resp_2xx") == 2).then_some(()));
    assert_eq!(count(&daemon, "MAIN.client_req"), 1);
    // The same of the backend: its answers came when the new worker served, one of its requests before.
    Deadline::generous().wait_for("both bodies", || {
        (count(&daemon, "VBE.boot.b0.beresp_bodybytes") == 6).then_some(())
    });
    assert_eq!(count(&daemon, "VBE.boot.b0.req"), 1);
}
