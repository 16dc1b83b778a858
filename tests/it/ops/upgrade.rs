//! Another program in the place of a running one.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use shellac_vsm::publish::is_alive;

use crate::support::client::Client;
use crate::support::daemon::Daemon;
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step, ok};

/// Requests that have to be served while programs come and go.
const REQUESTS: u64 = 2000;

/// A shellacd of its own, at a path where another one can be put.
struct Program {
    path: PathBuf,
    next: PathBuf,
}

impl Program {
    fn new(root: &Path) -> Program {
        let program = Program { path: root.join("shellacd"), next: root.join("next") };
        program.install();
        program
    }

    /// Puts a good one there, as a package does: beside first, then with one step.
    fn install(&self) {
        let own = env!("CARGO_BIN_EXE_shellacd");
        if std::fs::hard_link(own, &self.next).is_err() {
            std::fs::copy(own, &self.next).expect("the program is copied");
        }
        self.replace();
    }

    /// Puts something else there.
    fn install_script(&self, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        std::fs::write(&self.next, text).expect("a script is written");
        let rights = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&self.next, rights).expect("a script can be run");
        self.replace();
    }

    fn replace(&self) {
        // Two names of one file would both stay after renaming one to the other.
        let _ = std::fs::remove_file(&self.path);
        std::fs::rename(&self.next, &self.path).expect("the program takes its place");
    }

    fn start(&self, workdir: &Path, config: &str) -> Daemon {
        Daemon::start_by(Command::new(&self.path), workdir, config, &[])
    }
}

/// Says that it is over, also when that is because something failed.
struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn upgrade(daemon: &mut Daemon) {
    daemon.signal(Signal::USR2);
    daemon.wait_for_line("took over from version");
    daemon.wait_for_line("serves in its place");
}

/// Asks again and again on connections that are kept as long as the proxy wants them, or on a new one each time.
fn ask(daemon: std::net::SocketAddr, kept: bool, stop: &AtomicBool, served: &AtomicU64) {
    let close = if kept { "" } else { "Connection: close\r\n" };
    let mut client = None;
    while !stop.load(Ordering::Relaxed) {
        // Panics when it is refused.
        let mut one = client.take().unwrap_or_else(|| Client::connect(daemon));
        one.send(format!("GET /fast HTTP/1.1\r\nHost: a\r\n{close}\r\n"));
        let answer = one.answer("GET");
        assert_eq!((answer.status, answer.text().as_str()), (200, "fast"));
        assert!(answer.complete);
        served.fetch_add(1, Ordering::Relaxed);
        let is_last = answer.fields.get("Connection").is_some_and(|it| it.contains("close"));
        client = (kept && !is_last).then_some(one);
    }
}

#[test]
fn programs_follow_each_other_and_no_request_is_refused() {
    let slow_ones = Arc::new(AtomicU64::new(0));
    let arrived = Arc::clone(&slow_ones);
    let origin = Origin::start(move |asked| match asked.target.as_str() {
        "/fast" => vec![ok("fast")],
        _ => {
            arrived.fetch_add(1, Ordering::Relaxed);
            vec![Step::Delay(Duration::from_secs(1)), ok("slow")]
        }
    });
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let program = Program::new(root.path());
    // A client that is not scheduled for a while is none that has left.
    let config = Daemon::config(origin.address(), "[timeouts]\nclient_idle = \"60s\"\n");
    let mut daemon = program.start(&workdir, &config);
    let address = daemon.address();
    daemon.tool("adm", &["param.set", "cli_timeout", "33"]);
    daemon.tool("adm", &["vcl.load", "other", workdir.with_extension("toml").to_str().unwrap()]);

    let (stop, served) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut workers = vec![daemon.worker_pid()];
    thread::scope(|scope| {
        let _stop = StopAtEnd(&stop);
        for number in 0..4 {
            let (stop, served) = (&stop, &served);
            scope.spawn(move || ask(address, number % 2 == 0, stop, served));
        }
        for number in 1..=3 {
            // One that is under way is finished by the worker that it began with.
            let mut slow = Client::connect(address);
            slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
            Deadline::generous().wait_for("the slow request at the origin", || {
                (slow_ones.load(Ordering::Relaxed) == number).then_some(())
            });
            program.install();
            upgrade(&mut daemon);
            workers.push(daemon.worker_pid());
            let answer = slow.answer("GET");
            assert_eq!((answer.status, answer.text().as_str()), (200, "slow"));
        }
        Deadline::generous().wait_for("thousands of requests", || {
            (served.load(Ordering::Relaxed) >= REQUESTS).then_some(())
        });
    });
    for pair in workers.windows(2) {
        assert_ne!(pair[0], pair[1], "each program has its own worker");
    }
    for worker in &workers[..3] {
        Deadline::generous()
            .wait_for("the end of the workers before", || (!is_alive(*worker)).then_some(()));
    }
    let params = daemon.tool("adm", &["param.show", "cli_timeout"]);
    assert!(params.contains("Value is: 33"), "{params}");
    let configurations = daemon.tool("adm", &["vcl.list"]);
    assert!(configurations.contains("other"), "{configurations}");

    // It still has its lock, and ends as any other.
    let second = Command::new(env!("CARGO_BIN_EXE_shellacd"))
        .args(["-f".as_ref(), workdir.with_extension("toml").as_os_str()])
        .args(["-n".as_ref(), workdir.as_os_str()])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&second.stderr);
    assert!(text.contains(&format!("process {} is running here", daemon.pid())), "{text}");
    daemon.signal(Signal::TERM);
    assert!(daemon.wait().success(), "{}", daemon.said());
    assert_eq!(std::fs::read_dir(&workdir).unwrap().count(), 0);
}

#[test]
fn a_program_that_cannot_take_over_changes_nothing() {
    let origin = Origin::start(|_| vec![ok("yes")]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let program = Program::new(root.path());
    let mut daemon = program.start(&workdir, &Daemon::config(origin.address(), ""));
    let worker = daemon.worker_pid();
    for (broken, why) in [
        ("#!/bin/sh\nexit 0\n", "it does not know how to take over"),
        ("#!/bin/sh\nexit 3\n", "its trial failed (exit status: 3)"),
        ("no program at all", "this one goes on"),
    ] {
        program.install_script(broken);
        daemon.signal(Signal::USR2);
        let said = daemon.wait_for_line("no other program has taken over");
        // On a busy machine a file may still be open for writing in another child of this test.
        assert!(said.contains(why) || said.contains("Text file busy"), "{said}");
        let mut client = Client::connect(daemon.address());
        client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        assert_eq!(client.answer("GET").text(), "yes");
        assert_eq!(daemon.worker_pid(), worker);
    }
    std::fs::remove_file(&program.path).unwrap();
    daemon.signal(Signal::USR2);
    let said = daemon.wait_for_line("no other program has taken over");
    assert!(said.contains("No such file"), "{said}");
    program.install();
    upgrade(&mut daemon);
    assert_ne!(daemon.worker_pid(), worker);
}
