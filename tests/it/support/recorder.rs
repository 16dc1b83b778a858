//! `shellac record` as a child process, and the directory that it writes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;

use rustix::process::Signal;
use serde_json::Value;

use super::daemon::signal_process;
use super::deadline::Deadline;
use super::said::Said;

/// A running recorder; dropping it ends the process.
pub(crate) struct Recorder {
    child: Child,
    dir: PathBuf,
    said: Said,
}

impl Recorder {
    /// Starts it on the instance in `workdir` and waits until it reads the log.
    pub(crate) fn start(workdir: &Path, dir: &Path, arguments: &[&str]) -> Recorder {
        let mut recorder = Recorder::start_early(workdir, dir, arguments);
        recorder.wait_for_line("an index of all failures");
        recorder
    }

    /// Starts it without waiting for anything.
    pub(crate) fn start_early(workdir: &Path, dir: &Path, arguments: &[&str]) -> Recorder {
        let mut child = Command::new(env!("CARGO_BIN_EXE_shellac"))
            .args(["record", "--keep-free", "0", "--fsync", "none", "-n"])
            .arg(workdir)
            .arg("-o")
            .arg(dir)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("record starts");
        let said = Said::by("record", child.stderr.take().expect("standard error is piped"));
        Recorder { child, dir: dir.to_owned(), said }
    }

    /// The next line of standard error that contains `part`; those before it are kept for messages.
    pub(crate) fn wait_for_line(&mut self, part: &str) -> String {
        self.said.wait_for_line(part)
    }

    /// Lines of standard error that contain each of `parts`, whatever the order in which they come.
    pub(crate) fn wait_for_lines(&mut self, parts: &[&str]) -> Vec<String> {
        self.said.wait_for_lines(parts)
    }

    /// Everything that it has said so far.
    pub(crate) fn said(&mut self) -> String {
        self.said.all()
    }

    /// Writes a line to its standard input.
    pub(crate) fn tell(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().expect("standard input is piped");
        writeln!(stdin, "{line}").and_then(|()| stdin.flush()).expect("record reads");
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        signal_process(self.pid(), signal);
    }

    /// Asks it to finish, and waits for that.
    pub(crate) fn finish(&mut self) {
        self.signal(Signal::TERM);
        let status = self.wait();
        assert!(status.success(), "{status}: {}", self.said());
    }

    /// Waits until it has ended.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        Deadline::generous()
            .wait_for("the end of record", || self.child.try_wait().expect("it is our child"))
    }

    /// The line of the index about this transaction, once it is there.
    pub(crate) fn index_line(&mut self, xid: u64) -> Value {
        let found = |dir: &Path| {
            let lines = json_lines(&dir.join("index.jsonl"));
            lines.into_iter().find(|line| line["xid"] == xid)
        };
        let dir = self.dir.clone();
        Deadline::generous().wait_for(&format!("{xid} in the index"), || found(&dir))
    }

    /// The first line of the manifest for which this is so, once it is there.
    pub(crate) fn manifest_line(&mut self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let path = self.dir.join("manifest.jsonl");
        Deadline::generous().wait_for(&format!("{what} in {}", path.display()), || {
            json_lines(&path).into_iter().find(|line| is_it(line))
        })
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("the recorder said:\n{}", self.said());
        }
    }
}

/// The lines of a file; every whole one must be JSON without anything that a terminal would act on.
pub(crate) fn json_lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read(path).unwrap_or_default();
    let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let lines = text[..whole].split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| {
            assert!(
                line.iter().all(|&byte| byte >= b' ' && byte != 0x7f),
                "{}: a control character in {}",
                path.display(),
                line.escape_ascii()
            );
            serde_json::from_slice(line).unwrap_or_else(|error| {
                panic!("{}: {error}: {}", path.display(), line.escape_ascii())
            })
        })
        .collect()
}

/// What `shellac log` shows of a file. The manifest names a file just before it has that name, so that a line is never
/// missing; it is waited for.
pub(crate) fn log_of(file: &Path, arguments: &[&str]) -> String {
    Deadline::generous().wait_for(&file.display().to_string(), || file.exists().then_some(()));
    let output =
        shellac(&[&["log", "-r", file.to_str().expect("a path in UTF-8")], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs a tool to its end.
pub(crate) fn shellac(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shellac"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("the tool starts")
}

/// All capture files in a directory, finished or not, in the order of their names.
pub(crate) fn captures(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir)
        .expect("the directory is there")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.to_string_lossy().contains(".vsl"))
        .collect();
    files.sort();
    files
}
