//! `shellac adm drain` and what goes with it, on shellacd and on varnishd.

mod keys;
mod killed;
mod rounds;
mod shell;
mod tunnels;
mod varnish;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{self, Sender};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::client::Client;
use crate::support::daemon::{Daemon, signal_process};
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, ok};

/// The command line that gives commands to the instance in `workdir`.
fn command(workdir: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
    command.args(["adm", "-n"]).arg(workdir).args(words).stdin(Stdio::null());
    command
}

/// What a command says, and its exit status.
fn adm(workdir: &Path, words: &[&str]) -> (Option<i32>, String) {
    said(&command(workdir, words).output().expect("it starts"))
}

fn said(output: &Output) -> (Option<i32>, String) {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

/// Backends called b0, b1 ... in one pool.
fn config(backends: &[SocketAddr]) -> String {
    let mut config =
        "instance = \"test\"\nthreads = 2\n[[listen]]\nname = \"main\"\naddress = \"127.0.0.1:0\"\n".to_owned();
    for (number, address) in backends.iter().enumerate() {
        config += &format!("[[backend]]\nname = \"b{number}\"\naddress = \"{address}\"\n");
    }
    config + "[log]\nsize = \"16M\"\n"
}

/// A shellacd before an origin that answers /slow when it is told to, and one that answers at once.
struct Scene {
    root: TempDir,
    daemon: Daemon,
    // Before the origins, which wait for it until it is gone.
    release: Sender<()>,
    _origins: [Origin; 2],
}

impl Scene {
    fn new() -> Scene {
        let (release, released) = mpsc::channel();
        let released = Mutex::new(released);
        let slow = Origin::start(move |asked| {
            if asked.target == "/slow" {
                // An error is the end of the test.
                let _ = released.lock().expect("nobody panicked").recv();
            }
            vec![ok("first")]
        });
        let origins = [slow, Origin::start(|_| vec![ok("second")])];
        let root = tempfile::tempdir().expect("a temporary directory");
        let config = config(&[origins[0].address(), origins[1].address()]);
        let daemon = Daemon::start(&root.path().join("w"), &config);
        Scene { root, daemon, release, _origins: origins }
    }

    fn workdir(&self) -> PathBuf {
        self.root.path().join("w")
    }

    fn get(&self, target: &str) -> String {
        let mut client = Client::connect(self.daemon.address());
        client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
        let answer = client.answer("GET");
        assert_eq!(answer.status, 200);
        answer.text()
    }

    /// A request that b0 has and does not answer yet.
    fn hanging(&self) -> Client {
        assert_eq!(self.adm(&["drain", "b1"]).0, Some(0));
        let mut client = Client::connect(self.daemon.address());
        client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
        Deadline::generous().wait_for("a request at b0", || {
            (self.data(&["drain.status", "-j", "b0"])["in_flight"] == 1).then_some(())
        });
        assert_eq!(self.adm(&["undrain", "b1"]).0, Some(0));
        client
    }

    /// The data of a command's JSON.
    fn data(&self, words: &[&str]) -> Value {
        let output = command(&self.workdir(), words).output().expect("it starts");
        let mut value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        value[3].take()
    }

    fn adm(&self, words: &[&str]) -> (Option<i32>, String) {
        adm(&self.workdir(), words)
    }

    fn spawn(&self, words: &[&str]) -> Child {
        let mut command = command(&self.workdir(), words);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
    }
}

#[test]
fn what_is_in_flight_is_waited_for_and_nothing_new_comes() {
    let scene = Scene::new();
    let mut client = scene.hanging();
    let (status, text) = scene.adm(&["drain", "b0", "--wait", "--timeout", "50ms"]);
    assert!(
        status == Some(1) && text.contains("time is up") && text.contains("GET /slow"),
        "{text}"
    );
    let mut waiting = scene.spawn(&["drain", "b0", "--wait", "--quiet", "20ms", "--json"]);
    let mut lines = BufReader::new(waiting.stdout.take().expect("a pipe")).lines();
    let mut event = |name: &str| {
        let mut events = lines
            .by_ref()
            .map_while(Result::ok)
            .map(|line| serde_json::from_str::<Value>(&line).expect("an object per line"));
        events.find(|event| event["event"] == name).unwrap_or_else(|| panic!("no {name}"))
    };
    assert_eq!(event("matched")["backends"][0], "boot.b0");
    assert_eq!(event("waiting")["busy"][0]["requests"][0]["request"], "GET /slow");
    for _ in 0..6 {
        assert_eq!(scene.get("/"), "second");
    }
    // Another configuration is drained as well, and so is a worker that begins anew.
    let (status, text) = scene.adm(&["reload"]);
    assert_eq!(status, Some(0), "{text}");
    for _ in 0..6 {
        assert_eq!(scene.get("/"), "second");
    }
    scene.release.send(()).expect("the origin lives");
    assert_eq!(client.answer("GET").text(), "first");
    assert_eq!(event("end")["status"], 0);
    assert_eq!(waiting.wait().expect("it is ours").code(), Some(0));

    let old = scene.daemon.worker_pid();
    signal_process(old, Signal::KILL);
    Deadline::generous().wait_for("another worker", || {
        let (status, text) = scene.adm(&["drain", "--list"]);
        (status == Some(0) && text.contains("b0 drain since ")).then_some(())
    });
    assert_ne!(scene.daemon.worker_pid(), old);
    for _ in 0..6 {
        assert_eq!(scene.get("/"), "second");
    }
    let (status, text) = scene.adm(&["undrain", "b0"]);
    assert!(status == Some(0) && text.contains(".b0"), "{text}");
    let back = Deadline::generous();
    back.wait_for("b0 to serve again", || (scene.get("/") == "first").then_some(()));
}

#[test]
fn mistakes_and_what_others_do_have_a_status_each() {
    let scene = Scene::new();
    let (status, text) = scene.adm(&["drain", "b0x"]);
    assert!(status == Some(2) && text.contains("nearest: boot.b0"), "{text}");
    let (status, text) = scene.adm(&["drain", "b0", "zzz*"]);
    assert!(status == Some(2) && text.contains("No Backends matches zzz*"), "{text}");
    assert_eq!(scene.adm(&["undrain", "nobody"]).0, Some(2));
    let (status, text) = scene.adm(&["drain", "*", "--wait"]);
    assert!(
        status == Some(3) && text.contains("pool default of boot would lose b0, b1 and keep 0"),
        "{text}"
    );
    let (status, text) = scene.adm(&["drain", "b0", "--dry-run"]);
    assert!(status == Some(0) && text.starts_with("boot.b0\n"), "{text}");
    assert_eq!(scene.adm(&["drain", "--list"]), (Some(0), "nothing is ordered\n".into()));
    assert_eq!(scene.adm(&["drain", "b*", "!b1"]).0, Some(0));
    assert_eq!(scene.get("/") + &scene.get("/"), "secondsecond");
    assert_eq!(scene.adm(&["undrain", "*"]).0, Some(0));
    let (status, text) = scene.adm(&["kill", "12345"]);
    assert!(status == Some(2) && text.contains("No request 12345 is in flight"), "{text}");

    // Somebody else wants it back.
    let _client = scene.hanging();
    let waiting = scene.spawn(&["drain", "b0", "--wait"]);
    Deadline::generous().wait_for("the order", || {
        scene.adm(&["drain", "--list"]).1.contains("b0 drain").then_some(())
    });
    assert_eq!(scene.adm(&["undrain", "b0"]).0, Some(0));
    let (status, text) = said(&waiting.wait_with_output().expect("it is ours"));
    assert!(
        status == Some(4) && text.contains("in service again, by somebody else: boot.b0"),
        "{text}"
    );

    // What does not end by itself is ended.
    let (status, text) =
        scene.adm(&["drain", "b0", "--wait", "--kill-after", "10ms", "--quiet", "0s"]);
    assert_eq!(status, Some(0), "{text}");
    let status = scene.data(&["drain.status", "-j", "b0"]);
    assert_eq!((&status["in_flight"], &status["count"]), (&0.into(), &1.into()));
}
