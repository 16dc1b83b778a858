//! Before an instance starts, while its worker is replaced, and on a terminal.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use rustix::process::Signal;

use super::{json, ps};
use crate::support::client::Client;
use crate::support::daemon::{Daemon, signal_process};
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step, ok};

/// `shellac ps` on a terminal of its own, which `script` makes.
struct OnTerminal {
    child: Child,
    shown: Arc<Mutex<Vec<u8>>>,
}

impl OnTerminal {
    fn start(workdir: &Path) -> OnTerminal {
        let program = env!("CARGO_BIN_EXE_shellac");
        let command = format!("'{program}' ps -t 30 -n '{}'", workdir.display());
        let mut child = Command::new("script")
            .args(["-qefc", &command, "/dev/null"])
            .env("TERM", "xterm")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("util-linux is installed");
        let shown = Arc::new(Mutex::new(Vec::new()));
        let mut output = child.stdout.take().expect("it is piped");
        thread::spawn({
            let shown = Arc::clone(&shown);
            move || {
                let mut piece = [0; 4096];
                while let Ok(len @ 1..) = output.read(&mut piece) {
                    shown.lock().unwrap().extend_from_slice(&piece[..len]);
                }
            }
        });
        OnTerminal { child, shown }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    fn wait_for(&self, part: &str) {
        Deadline::generous().wait_for(part, || self.text().contains(part).then_some(()));
    }

    /// Presses a key and waits until the program has ended well.
    fn end_with(mut self, key: u8) -> String {
        let mut keyboard = self.child.stdin.take().expect("it is piped");
        keyboard.write_all(&[key]).expect("script reads");
        let status = Deadline::generous()
            .wait_for("its end", || self.child.try_wait().expect("it is our child"));
        assert!(status.success(), "{status}: {:?}", self.text());
        Deadline::generous().wait_for("the terminal as it was", || {
            let text = self.text();
            text.contains("\x1b[?1049l").then_some(text)
        })
    }
}

impl Drop for OnTerminal {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_waits_for_an_instance_and_follows_its_workers() {
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    // Both before anything is there.
    let screen = OnTerminal::start(&workdir);
    let once = Command::new(env!("CARGO_BIN_EXE_shellac"))
        .args(["ps", "--json", "-t", "30", "-n"])
        .arg(&workdir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let origin = Origin::start(|_| vec![Step::Hang]);
    let mut daemon = Daemon::start(&workdir, &Daemon::config(origin.address(), ""));
    let output = once.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let first = daemon.worker_pid();
    assert_eq!(object["worker"]["pid"], first);
    screen.wait_for(&format!("worker {first} up"));
    screen.wait_for("nothing in flight");

    let mut client = Client::connect(daemon.address());
    client.send("GET /hangs HTTP/1.1\r\nHost: a\r\n\r\n");
    screen.wait_for("GET /hangs");
    signal_process(first, Signal::KILL);
    daemon.wait_for_line(" serves");
    let second = daemon.worker_pid();
    assert_ne!(first, second);
    screen.wait_for(&format!("worker {second} up"));
    let object = json(&workdir, &[]);
    assert_eq!((&object["worker"]["pid"], &object["in_flight"]), (&second.into(), &0.into()));

    daemon.signal(Signal::TERM);
    daemon.wait();
    screen.wait_for("no instance runs there at the moment");
    let text = screen.end_with(b'q');
    assert!(text.contains("\x1b[?1049h"), "{text:?}");
    let gone = ps(&workdir, &["-t", "0"]);
    assert_eq!(gone.status.code(), Some(1), "{gone:?}");
}

#[test]
fn control_c_ends_it_and_the_terminal_is_given_back() {
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let origin = Origin::start(|_| vec![Step::Hang]);
    let config = Daemon::config(origin.address(), "");
    let daemon = Daemon::start_with(&workdir, &config, &["--single"]);
    let screen = OnTerminal::start(&workdir);
    screen.wait_for(&format!("worker {} up", daemon.pid()));
    screen.end_with(3);
}

#[test]
fn what_the_worker_before_finishes_is_shown_until_it_ends() {
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let origin = Origin::start(move |asked| match asked.target.as_str() {
        "/old" => {
            // Until the test says so, or is over.
            let _ = wait.lock().unwrap().recv_timeout(std::time::Duration::from_secs(20));
            vec![ok("yes")]
        }
        _ => vec![Step::Hang],
    });
    let mut daemon = Daemon::start(&workdir, &Daemon::config(origin.address(), ""));
    let first = daemon.worker_pid();
    let mut old = Client::connect(daemon.address());
    old.send("GET /old HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    Deadline::generous()
        .wait_for("the first request", || (json(&workdir, &[])["in_flight"] == 1).then_some(()));
    daemon.signal(Signal::USR2);
    daemon.wait_for_line("serves in its place");
    // For a moment the worker before accepts as well: then it is tried again.
    let mut new = None;
    let object = Deadline::generous().wait_for("both requests, each at its worker", || {
        let object = json(&workdir, &[]);
        let all = object["in_flight"].as_u64()?;
        let old = object["draining"][0]["in_flight"].as_u64()?;
        if all == old {
            let mut client = Client::connect(daemon.address());
            client.send("GET /new HTTP/1.1\r\nHost: a\r\n\r\n");
            new = Some(client);
        }
        (all == 2 && old == 1).then_some(object)
    });
    assert_eq!(object["draining"], serde_json::json!([{ "pid": first, "in_flight": 1 }]));
    let shown: Vec<_> = super::requests(&object)
        .iter()
        .map(|one| (one["url"].clone(), one["draining"].clone()))
        .collect();
    let expected = [("/old".into(), first.into()), ("/new".into(), serde_json::Value::Null)];
    assert_eq!(shown, expected);
    let text = super::text(&workdir, &[]);
    assert!(text.contains(&format!("worker {first}, whose place was taken, finishes 1")), "{text}");
    go.send(()).unwrap();
    assert_eq!(old.answer("GET").text(), "yes");
    daemon.wait_for_line(&format!("worker {first}, whose place was taken, has ended"));
    // What was tried in vain is noticed to be gone.
    Deadline::generous().wait_for("the new request alone", || {
        let object = json(&workdir, &[]);
        (object["in_flight"] == 1 && object["draining"] == serde_json::json!([])).then_some(())
    });
    drop(new);
}
