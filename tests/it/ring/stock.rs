//! Debian's varnishlog as the reader: what it prints is checked record by record.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use shellac_format::Dialect;

use super::RING_BYTES;
use super::checker::{BatchText, RecordText};
use super::generator::{Count, Generator};
use crate::support::deadline::Deadline;
use crate::support::varnish;

/// The dialect that Debian's varnishlog reads.
const DIALECT: Dialect = Dialect::V6_0;

/// What the lines of varnishlog have said so far.
#[derive(Default)]
pub(super) struct Lines {
    /// Numbers of the batches of each thread.
    batches: Vec<BTreeSet<u64>>,
    /// The batch whose records come now, and how many of them came.
    current: Option<(BatchText, u64)>,
    pub(super) batch_count: u64,
    greeted: bool,
}

impl Lines {
    pub(super) fn line(&mut self, line: &str, grouping: &str) {
        let mut fields = line.split_ascii_whitespace();
        let first = fields.next().unwrap_or_default();
        let Some(tag) = fields.next() else { return };
        assert_ne!(tag, "VSL", "varnishlog complains: {line}");
        if tag != "VCL_Log" {
            return;
        }
        let (_, text) = line.split_once("VCL_Log").expect("it was found before");
        let text = text.trim_start();
        // The raw form has the side in front.
        let text = if grouping == "raw" { &text[2..] } else { text };
        match text.as_bytes().first() {
            Some(b'G') => {
                self.finish_batch();
                let head = BatchText::parse(text);
                if self.batches.len() <= head.thread {
                    self.batches.resize(head.thread + 1, BTreeSet::new());
                }
                let is_new = self.batches[head.thread].insert(head.batch);
                assert!(is_new, "twice: {line}");
                self.batch_count += 1;
                self.current = Some((head, 0));
            }
            Some(b'D') => {
                let record = RecordText::parse(text);
                let (head, records) = self.current.as_mut().expect("a record without its batch");
                assert_eq!((record.thread, record.batch), (head.thread, head.batch), "{line}");
                assert_eq!(record.index, *records, "{line}");
                if grouping == "raw" {
                    assert_eq!(first, record.vxid.to_string(), "{line}");
                }
                *records += 1;
            }
            Some(b'H') => self.greeted = true,
            _ => panic!("an unknown record: {line}"),
        }
    }

    /// Whether all records of the batch that came last have come.
    fn is_batch_whole(&self) -> bool {
        self.current.is_none_or(|(head, records)| records == head.records)
    }

    fn finish_batch(&mut self) {
        if let Some((head, records)) = self.current.take() {
            assert_eq!(records, head.records, "records of {head:?}");
        }
    }

    /// Every batch of every thread was there, once.
    fn assert_complete(&mut self, counts: &[Count]) {
        self.finish_batch();
        for (thread, count) in counts.iter().enumerate() {
            let seen = self.batches.get(thread).cloned().unwrap_or_default();
            assert_eq!(seen.len() as u64, count.batches, "batches of thread {thread}");
            assert_eq!(seen.last().map(|last| last + 1), Some(count.batches));
        }
    }
}

fn varnishlog(workdir: &Path, options: &[&str]) -> Command {
    let mut command = Command::new("varnishlog");
    command.arg("-n").arg(workdir).args(options).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A ring that holds all that was ever written, read at once.
pub(crate) fn whole_ring(grouping: &str) {
    if !varnish::is_here() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let options = ["--threads", "4", "--transactions", "100", "--record-bytes", "30000"];
    let generator = Generator::start(dir.path(), DIALECT, 4 << 20, &options);
    generator.reader_is_there();
    let summary = generator.wait_for_summary();
    assert!(summary.written_bytes > 1 << 20, "{summary:?}");
    let output = varnishlog(dir.path(), &["-d", "-g", grouping]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{grouping}: {} {said}", output.status);
    let mut lines = Lines::default();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        lines.line(line, grouping);
    }
    lines.assert_complete(&generator.counts());
}

/// A varnishlog that runs; dropping it ends it.
struct Reader {
    child: Child,
    lines: Receiver<String>,
}

impl Reader {
    fn start(workdir: &Path, grouping: &str) -> Reader {
        let mut child = varnishlog(workdir, &["-g", grouping]).spawn().unwrap();
        let out = BufReader::with_capacity(1 << 20, child.stdout.take().unwrap());
        let (send, lines) = mpsc::sync_channel(10_000);
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        Reader { child, lines }
    }

    /// Ends it and returns what it said on standard error.
    fn end(mut self) -> String {
        let _ = self.child.kill();
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        said
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lap after lap of a small ring, with the writers held back so that the reader keeps up.
pub(crate) fn follow(grouping: &str) {
    if !varnish::is_here() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let options = ["--threads", "4", "--transactions", "1500", "--window", "120"];
    let generator = Generator::start(dir.path(), DIALECT, RING_BYTES, &options);
    let reader = Reader::start(dir.path(), grouping);
    let mut lines = Lines::default();
    let deadline = Deadline::after(Duration::from_secs(180));
    while lines.batch_count < 4 * 3 * 1500 || !lines.is_batch_whole() {
        let left = deadline.left().unwrap_or_else(|| {
            panic!("{grouping}: {} batches seen, then no more", lines.batch_count)
        });
        match reader.lines.recv_timeout(left.min(Duration::from_secs(1))) {
            Ok(line) => lines.line(&line, grouping),
            Err(mpsc::RecvTimeoutError::Timeout) => continue,
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                panic!("{grouping}: varnishlog ended: {}", reader.end())
            }
        }
        if lines.greeted {
            generator.reader_has_read(lines.batch_count);
        }
    }
    let summary = generator.wait_for_summary();
    println!("{grouping}: {} laps", summary.written_bytes / RING_BYTES);
    assert!(summary.written_bytes > 10 * RING_BYTES, "{summary:?}");
    lines.assert_complete(&generator.counts());
    assert_eq!(reader.end(), "", "varnishlog complains");
}
