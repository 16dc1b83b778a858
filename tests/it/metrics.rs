//! `shellac metrics`: what promtool says of it, beside the exporter that people have now, and when things come and go.

mod exporter;
mod rules;
mod serve;

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use crate::support::client::{Answer, Client};
use crate::support::said::Said;
use crate::support::skip::skipped;

/// Whether a program can be asked; a test that gets `false` has said so.
fn is_here(program: &str) -> bool {
    let here = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !here {
        skipped(&format!("{program} is not installed"));
    }
    here
}

fn metrics() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
    command.arg("metrics").stdin(Stdio::null());
    command
}

/// What it writes once about the instance in `workdir`.
fn once(workdir: &Path, arguments: &[&str]) -> Output {
    metrics().args(["--once", "-n"]).arg(workdir).args(arguments).output().expect("it starts")
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("metrics are UTF-8")
}

/// Has promtool look at a page; nothing may be wrong with it.
fn check(page: &str) {
    let mut child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool starts");
    child.stdin.take().expect("it is piped").write_all(page.as_bytes()).expect("promtool reads");
    let output = child.wait_with_output().expect("promtool ends");
    let said = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.is_empty(), "{said}\n{page}");
}

/// Samples by name and labels.
fn samples(page: &str) -> BTreeMap<String, f64> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
        (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")))
    };
    lines.map(sample).collect()
}

/// A `shellac metrics` that serves; dropping it ends it.
struct Serving {
    child: Child,
    said: Said,
    address: SocketAddr,
}

impl Serving {
    fn start(arguments: &[&str], workdir: &Path) -> Serving {
        let mut child = metrics()
            .args(["--listen", "127.0.0.1:0", "--cache", "0", "-n"])
            .arg(workdir)
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut said = Said::by("shellac metrics", child.stderr.take().expect("it is piped"));
        let line = said.wait_for_line("metrics on http://");
        let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next());
        let address = address.and_then(|it| it.parse().ok()).unwrap_or_else(|| panic!("{line}"));
        Serving { child, said, address }
    }

    fn get(&self, target: &str, headers: &str) -> Answer {
        let mut client = Client::connect(self.address);
        client.send(format!("GET {target} HTTP/1.1\r\nHost: x\r\n{headers}\r\n"));
        client.answer("GET")
    }

    /// The page, which is always there.
    fn page(&self) -> String {
        let answer = self.get("/metrics", "");
        assert_eq!(answer.status, 200);
        answer.text()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
