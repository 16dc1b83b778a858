//! What was read and what was reported lost is what was written, to the byte.

use std::io::{self, Read};
use std::path::Path;
use std::process::ChildStdout;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use shellac_format::Dialect;
use shellac_ring::Loss;

use super::output::check;
use super::reader::Reader;
use crate::ring::generator::Generator;
use crate::support::deadline::Deadline;

const DIALECT: Dialect = Dialect::V7_3;
const RING_BYTES: u64 = 4 << 20;
const READ: [&str; 5] = ["-g", "raw", "-v", "-w", "-"];

/// Collects what comes out of a pipe, on a thread of its own.
#[derive(Clone, Default)]
struct Collected(Arc<Mutex<Vec<u8>>>);

impl Collected {
    fn start(mut out: ChildStdout) -> (Collected, thread::JoinHandle<io::Result<()>>) {
        let collected = Collected::default();
        let to = collected.clone();
        let thread = thread::spawn(move || {
            let mut piece = vec![0; 1 << 16];
            loop {
                match out.read(&mut piece)? {
                    0 => return Ok(()),
                    len => to.bytes().extend_from_slice(&piece[..len]),
                }
            }
        });
        (collected, thread)
    }

    fn bytes(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this is among the last that came.
    fn ends_with_about(&self, text: &str) -> bool {
        let bytes = self.bytes();
        let last = &bytes[bytes.len().saturating_sub(1 << 17)..];
        last.windows(text.len()).any(|window| window == text.as_bytes())
    }
}

/// `... N bytes of the log read, M bytes (exactly) lost` at the end.
fn account(said: &str) -> (u64, u64) {
    let line = said.lines().last().expect("it has said something");
    assert!(line.ends_with("(exactly) lost") || line.ends_with("none lost"), "{said}");
    let words: Vec<&str> = line.split(' ').collect();
    let number = |at: usize| words[at].parse().unwrap_or_else(|_| panic!("{line}"));
    (number(1), if line.ends_with("none lost") { 0 } else { number(7) })
}

/// Compares what the reader says, what it has written, and what the generator knows.
fn assert_nothing_is_unaccounted_for(generator: &Generator, said: &str, written: &[u8]) -> Loss {
    let summary = generator.wait_for_summary();
    let (read, lost) = account(said);
    assert_eq!(read + lost, summary.written_bytes, "{said}");
    let mut checker = check(DIALECT, written);
    checker.loss(Loss { bytes: lost, exact: true });
    checker.assert_complete(&generator.counts());
    assert_eq!(checker.read_bytes + checker.missing_bytes, summary.bytes);
    // What was lost beside batches are fillers and wrap marks.
    let beside = summary.written_bytes - summary.bytes;
    let lost_beside = lost.checked_sub(checker.missing_bytes);
    let lost_beside = lost_beside.expect("more is missing than was reported lost");
    assert!(lost_beside <= beside, "{lost_beside} of {beside}: {said}");
    let reported: u64 = said
        .lines()
        .filter_map(|line| {
            line.strip_prefix("Log overrun: ")?.split(' ').next()?.parse::<u64>().ok()
        })
        .sum();
    assert_eq!(reported, lost, "the reports are not the sum: {said}");
    Loss { bytes: lost, exact: true }
}

/// A generator that waits, and a reader that is there.
fn start(workdir: &Path, options: &[&str], args: &[&str]) -> (Generator, Reader) {
    let generator = Generator::start(workdir, DIALECT, RING_BYTES, options);
    let reader = Reader::start(workdir, &[&READ[..], args].concat());
    reader.wait_until_it_says("as its writer says");
    generator.reader_is_there();
    (generator, reader)
}

/// Waits until the last batch came out. There is one thread only, so that it is clear which one that is.
fn wait_for_the_last(generator: &Generator, collected: &Collected) {
    let [count] = generator.counts()[..] else { panic!("one thread is meant to write") };
    let last = format!("G t=0 b={} ", count.batches - 1);
    let is_there = || collected.ends_with_about(&last).then_some(());
    Deadline::after(Duration::from_secs(60)).wait_for(&last, is_there);
}

#[test]
fn written_is_read_plus_lost_with_a_reader_that_is_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let options =
        ["--threads", "1", "--batch-bytes", "4000", "--rate", "12M", "--transactions", "4000"];
    let (generator, mut reader) = start(dir.path(), &options, &["--fail-on-loss"]);
    let (collected, thread) = Collected::start(reader.child.stdout.take().unwrap());
    let deadline = Deadline::after(Duration::from_secs(60));
    let past = |bytes: u64| {
        deadline.wait_for("the writer", || {
            (generator.published_bytes() >= bytes || generator.summary().is_some()).then_some(())
        });
    };
    for _ in 0..2 {
        past(generator.published_bytes() + RING_BYTES / 2);
        reader.signal(Signal::STOP);
        // Lapped, and then some.
        past(generator.published_bytes() + 2 * RING_BYTES);
        reader.signal(Signal::CONT);
    }
    assert!(generator.summary().is_none(), "the writer ended too early for this test");
    generator.wait_for_summary();
    wait_for_the_last(&generator, &collected);
    let (status, said) = reader.end();
    thread.join().unwrap().unwrap();
    assert_eq!(status.code(), Some(3), "{said}");
    let lost = assert_nothing_is_unaccounted_for(&generator, &said, &collected.bytes());
    assert!(lost.bytes > 2 * RING_BYTES, "{lost:?}: {said}");
    assert!(said.contains("reason=overrun") && !said.contains("reason=output"), "{said}");
}

#[test]
fn written_is_read_plus_lost_with_an_output_that_is_too_slow() {
    let dir = tempfile::tempdir().unwrap();
    // The queue holds 16 MB, the ring 4.
    let options =
        ["--threads", "1", "--batch-bytes", "20000", "--rate", "40M", "--transactions", "1400"];
    let (generator, mut reader) = start(dir.path(), &options, &[]);
    let out = reader.child.stdout.take().unwrap();
    // Nobody reads the pipe while the generator writes.
    assert!(generator.wait_for_summary().written_bytes > 7 * RING_BYTES);
    let (collected, thread) = Collected::start(out);
    wait_for_the_last(&generator, &collected);
    let (status, said) = reader.end();
    thread.join().unwrap().unwrap();
    assert!(status.success(), "without the option a loss is no failure: {said}");
    let lost = assert_nothing_is_unaccounted_for(&generator, &said, &collected.bytes());
    assert!(lost.bytes > 0 && said.contains("reason=output"), "{said}");
    assert!(said.contains("warning") && said.contains("the output is too slow"), "{said}");
}

#[test]
fn what_is_dropped_on_purpose_is_counted_as_well() {
    let dir = tempfile::tempdir().unwrap();
    // All that is written stays in the ring.
    let options = ["--threads", "2", "--batch-bytes", "20000", "--transactions", "350"];
    let generator = Generator::start(dir.path(), DIALECT, 64 << 20, &options);
    generator.reader_is_there();
    assert!(generator.wait_for_summary().written_bytes > 24 << 20);
    let args = [&READ[..], &["-d", "--on-full", "drop", "--fail-on-loss"]].concat();
    let mut reader = Reader::start(dir.path(), &args);
    // The thread that reads ends when all was read or dropped, for nobody reads the pipe yet.
    reader.wait_until_it_says("as its writer says");
    let tasks = format!("/proc/{}/task", reader.child.id());
    let one_left = || (std::fs::read_dir(&tasks).unwrap().count() == 1).then_some(());
    Deadline::generous().wait_for("the reading thread to end", one_left);
    let (collected, thread) = Collected::start(reader.child.stdout.take().unwrap());
    let status =
        Deadline::generous().wait_for("the reader to end", || reader.child.try_wait().unwrap());
    thread.join().unwrap().unwrap();
    let said = reader.all_it_said();
    assert_eq!(status.code(), Some(3), "{said}");
    let lost = assert_nothing_is_unaccounted_for(&generator, &said, &collected.bytes());
    assert!(lost.bytes > 1 << 20 && said.contains("reason=output"), "{said}");
}

/// A reader that keeps up has nothing to say.
#[test]
fn nothing_is_lost_by_a_reader_that_keeps_up() {
    let dir = tempfile::tempdir().unwrap();
    let options = ["--threads", "1", "--rate", "3M", "--transactions", "1200"];
    let (generator, mut reader) = start(dir.path(), &options, &["--fail-on-loss"]);
    let (collected, thread) = Collected::start(reader.child.stdout.take().unwrap());
    generator.wait_for_summary();
    wait_for_the_last(&generator, &collected);
    let (status, said) = reader.end();
    thread.join().unwrap().unwrap();
    assert!(status.success(), "{said}");
    let lost = assert_nothing_is_unaccounted_for(&generator, &said, &collected.bytes());
    assert_eq!(lost.bytes, 0, "{said}");
    assert_eq!(said.lines().count(), 2, "the table of tags and the account: {said}");
}
