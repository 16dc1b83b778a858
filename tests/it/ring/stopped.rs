//! `shellac log` that is stopped while a fast writer goes round its ring says what it has lost, and goes on.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use shellac_format::Dialect;

use super::RING_BYTES;
use super::generator::Generator;
use super::stock::Lines;
use crate::support::deadline::Deadline;

/// A running `shellac log -g raw`; dropping it ends it.
struct Reader {
    child: Child,
    lines: Receiver<String>,
    said: Receiver<String>,
}

impl Reader {
    fn start(workdir: &Path) -> Reader {
        let mut child = Command::new(env!("CARGO_BIN_EXE_shellac"))
            .args(["log", "-g", "raw", "-n"])
            .arg(workdir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = receive(child.stdout.take().unwrap());
        let said = receive(child.stderr.take().unwrap());
        Reader { child, lines, said }
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // Also ends one that is stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of a pipe, few of them ahead.
fn receive(pipe: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (send, lines) = mpsc::sync_channel(1000);
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// `Log overrun: N bytes (exactly) lost, ...`; 0 for what is said beside that.
fn lost_bytes(line: &str) -> u64 {
    if line.starts_with("shellac: warning: ") {
        return 0;
    }
    let number = line.strip_prefix("Log overrun: ").and_then(|rest| rest.split(' ').next());
    number.unwrap_or_else(|| panic!("it says: {line}")).parse().unwrap()
}

/// Feeds lines to the checks until `enough` of them came.
fn take(reader: &Reader, lines: &mut Lines, enough: u64, deadline: Deadline) {
    for _ in 0..enough {
        let left = deadline.left().expect("the reader prints too little");
        lines.line(&reader.lines.recv_timeout(left).expect("the reader ended"), "raw");
    }
}

#[test]
fn a_stopped_log_reports_what_it_lost_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    // Slow enough for a reader to follow, so that what it loses it loses while it is stopped.
    let options = ["--threads", "2", "--rate", "4M"];
    let generator = Generator::start(dir.path(), Dialect::V7_3, RING_BYTES, &options);
    generator.reader_is_there();
    let reader = Reader::start(dir.path());
    let deadline = Deadline::after(Duration::from_secs(60));
    let mut lines = Lines::default();
    take(&reader, &mut lines, 1000, deadline);

    reader.signal(Signal::STOP);
    let until = generator.published_bytes() + 4 * RING_BYTES;
    deadline.wait_for("the writer to go round four times", || {
        (generator.published_bytes() > until).then_some(())
    });
    reader.signal(Signal::CONT);

    // What it has read before is in its pipe; then it finds that the rest is gone.
    let mut lost = 0;
    while lost < 3 * RING_BYTES {
        take(&reader, &mut lines, 100, deadline);
        lost += reader.said.try_iter().map(|line| lost_bytes(&line)).sum::<u64>();
    }
    // Lines that were printed before that are behind us when those of a whole pipe and more have come.
    take(&reader, &mut lines, 5000, deadline);
    assert!(lines.batch_count > 100, "{} batches", lines.batch_count);
}
