//! Waiting for counters: the options of our own, and the loop in a shell that they replace.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{self, Sender};

use crate::support::client::Client;
use crate::support::origin::{Origin, ok};
use crate::support::shell_loop::shell_loop;
use crate::support::varnish::{self, Varnishd};

/// An origin that answers when it is told to, and a varnishd before it.
struct Scene {
    root: tempfile::TempDir,
    varnishd: Varnishd,
    _origin: Origin,
    release: Sender<()>,
}

impl Scene {
    fn new() -> Scene {
        let (release, released) = mpsc::channel();
        let released = Mutex::new(released);
        let origin = Origin::start(move |_| {
            // An error is the end of the test.
            let _ = released.lock().expect("nobody panicked").recv();
            vec![ok("late")]
        });
        let root = tempfile::tempdir().expect("a temporary directory");
        let backend = origin.address().to_string();
        let varnishd = Varnishd::start_with(&root.path().join("v"), &["-b", &backend]);
        Scene { root, varnishd, _origin: origin, release }
    }

    /// A request that is on its way when this returns.
    fn request(&self) -> Client {
        let mut client = Client::connect(self.varnishd.address());
        client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let output = self.stat(&["--until", "VBE.*.default.conn == 1", "--interval", "20ms"]);
        assert!(output.status.success(), "{output:?}");
        client
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
        command.args(["stat", "-n"]).arg(self.workdir()).args(args).stdin(Stdio::null());
        command
    }

    fn stat(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("it starts")
    }

    fn workdir(&self) -> std::path::PathBuf {
        self.root.path().join("v")
    }
}

fn said(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The first line that a child writes.
fn first_line(child: &mut Child) -> String {
    let output = child.stderr.take().map(BufReader::new).expect("a pipe");
    let line = output.lines().next().expect("a line");
    line.expect("it is text")
}

#[test]
fn until_waits_for_what_is_in_flight() {
    if !varnish::is_here() {
        return;
    }
    let scene = Scene::new();
    let mut client = scene.request();
    let gone = ["--until", "VBE.*.default.conn == 0", "--interval", "20ms"];
    let mut waiting = scene
        .command(&gone)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let line = first_line(&mut waiting);
    let text = "VBE.*.default.conn == 0: not yet for 1 of 1 counter: VBE.boot.default.conn is 1";
    assert_eq!(line, format!("shellac: {text}"));
    assert_eq!(waiting.try_wait().expect("it is ours"), None, "somebody is in flight");
    // One that has less patience.
    let output = scene.stat(&[&gone[..], &["--timeout", "100ms"]].concat());
    assert_eq!(said(&output).0, Some(4), "{output:?}");
    assert!(said(&output).1.ends_with(&format!("shellac: time is up: {text}\n")), "{output:?}");

    scene.release.send(()).expect("the origin lives");
    assert_eq!(client.answer("GET").status, 200);
    assert_eq!(waiting.wait().expect("it is ours").code(), Some(0));

    // What is true of any.
    let output = scene.stat(&["--fail-if", "MAIN.client_req >= 1", "--until", "MAIN.uptime < 0"]);
    assert_eq!(
        said(&output),
        (Some(5), "shellac: MAIN.client_req >= 1: MAIN.client_req is 1\n".into())
    );
    let output = scene.stat(&["--fail-if", "VBE.*.fail* > 0"]);
    let text = "VBE.*.fail* > 0: does not hold for any of 7 counters\n";
    assert_eq!((output.status.code(), &*output.stdout), (Some(0), text.as_bytes()));
    // A mistake in the name is no zero.
    let output = scene.stat(&["--until", "VBE.*.defult.conn == 0"]);
    let text = "shellac: VBE.*.defult.conn == 0: no counter is called VBE.*.defult.conn; nearest: VBE.boot.default.conn";
    assert!(said(&output).0 == Some(2) && said(&output).1.starts_with(text), "{output:?}");
    let output = scene.stat(&["--until", "MAIN.uptime"]);
    assert!(said(&output).0 == Some(2) && said(&output).1.contains("no comparison"), "{output:?}");
    let output = scene.stat(&["-1", "--until", "MAIN.uptime > 0"]);
    assert_eq!(said(&output).0, Some(2), "{output:?}");
}

#[test]
fn a_counter_that_vanishes_is_not_zero() {
    if !varnish::is_here() {
        return;
    }
    let scene = Scene::new();
    let file = scene.root.path().join("other.vcl");
    std::fs::write(&file, "vcl 4.1; backend other { .host = \"127.0.0.1\"; .port = \"9\"; }")
        .unwrap();
    let load = format!("vcl.load other {}", file.display());
    scene.varnishd.admin(&load).expect("it compiles");
    let wait = ["--until", "VBE.other.*.conn > 0", "--interval", "20ms"];
    let mut waiting = scene.command(&wait).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(waiting.stderr.take().expect("a pipe")).lines();
    let line = lines.next().expect("a line").expect("text");
    assert!(line.contains("VBE.other.other.conn is 0"), "{line}");
    scene.varnishd.admin("vcl.discard other").expect("nobody uses it");
    let line = lines.next().expect("a line").expect("text");
    assert!(line.contains("VBE.other.other.conn is gone"), "{line}");
    assert_eq!(waiting.wait().expect("it is ours").code(), Some(3));
}

#[test]
fn the_loop_of_the_maintenance_story_runs_with_us_under_the_stock_name() {
    if !varnish::is_here() {
        return;
    }
    let scene = Scene::new();
    let link = scene.root.path().join("varnishstat");
    symlink(env!("CARGO_BIN_EXE_shellac"), &link).expect("a link");
    let mut client = scene.request();
    scene.varnishd.admin("backend.set_health *.default sick").expect("it is there");
    let mut waiting = shell_loop(&scene.workdir(), &link, "VBE.*.default.conn");
    let mut lines = BufReader::new(waiting.stdout.take().expect("a pipe")).lines();
    let mut line = || lines.next().expect("the loop goes on").expect("text");
    let value = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        assert_eq!(words.next(), Some("VBE.boot.default.conn"), "{line}");
        words.next().and_then(|value| value.parse::<u64>().ok()).expect("a number")
    };
    for _ in 0..2 {
        assert_eq!(value(&line()), 1);
    }
    assert_eq!(waiting.try_wait().expect("it is ours"), None, "somebody is in flight");
    scene.release.send(()).expect("the origin lives");
    assert_eq!(client.answer("GET").status, 200);
    while value(&line()) > 0 {}
    assert!(waiting.wait().expect("it is ours").success());

    // What the loop cannot see: with a mistake in the name it ends at once, as if all were well.
    let waited = shell_loop(&scene.workdir(), &link, "VBE.*.defult.conn").wait_with_output();
    let waited = waited.expect("it is ours");
    assert!(waited.status.success() && waited.stdout.is_empty(), "{waited:?}");
}
