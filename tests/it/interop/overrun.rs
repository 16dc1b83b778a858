//! A log tool that falls behind a varnishd: what is lost there is known to within a segment, and under the stock
//! name the words are those of the stock tool.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use rustix::process::Signal;
use tempfile::TempDir;

use super::live::Follower;
use crate::loss::reader::Reader;
use crate::support::client::Client;
use crate::support::daemon::signal_process;
use crate::support::deadline::Deadline;
use crate::support::varnish::{self, Varnishd};

/// The ring that varnishd is given.
const RING_BYTES: u64 = 1 << 20;
const SEGMENT_BYTES: u64 = RING_BYTES / 8;
const READ: [&str; 6] = ["-g", "raw", "-v", "--since", "0", "--fail-on-loss"];

/// Requests that fill the log without touching a backend.
struct Traffic {
    client: Client,
    request: String,
    markers: u64,
}

impl Traffic {
    /// Each request makes more than 10 KB of records.
    fn new(varnishd: &Varnishd) -> Traffic {
        let headers: String =
            (0..40).map(|number| format!("X-{number}: {}\r\n", "x".repeat(240))).collect();
        let request = format!("Host: a\r\n{headers}\r\n");
        Traffic { client: Client::connect(varnishd.address()), request, markers: 0 }
    }

    /// Sends a request for this target; there is no backend, so it fails.
    fn send(&mut self, target: &str) {
        self.client.send(format!("GET {target} HTTP/1.1\r\n{}", self.request));
        self.client.answer("GET");
    }

    /// Sends requests until the log has grown by so much.
    fn fill(&mut self, bytes: u64) {
        (0..bytes / 10_000).for_each(|_| self.send("/fill"));
    }

    /// Sends a request that can be recognised, and says its number.
    fn mark(&mut self) -> u64 {
        self.markers += 1;
        self.send(&format!("/marker-{}", self.markers));
        self.markers
    }
}

/// `N bytes of the log read, M bytes (within a segment's length) lost` at the end: N and M.
fn account(said: &str) -> (u64, u64) {
    let line = said.lines().last().expect("it has said something");
    let words: Vec<&str> = line.split(' ').collect();
    let number = |at: usize| words[at].parse().unwrap_or_else(|_| panic!("{said}"));
    (number(1), if line.ends_with("none lost") { 0 } else { number(7) })
}

/// Ends a reader that has everything, and says what its account is.
fn end(reader: Reader) -> (u64, u64, String, Option<i32>) {
    let (status, said) = reader.end();
    let (read, lost) = account(&said);
    (read, lost, said, status.code())
}

/// Takes what comes out of a reader on a thread of its own: the number of the last marker.
struct Drain(Arc<AtomicU64>);

impl Drain {
    fn start(child: &mut Child) -> Drain {
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        let last = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&last);
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if let Some((_, number)) = line.split_once(" c /marker-")
                    && let Ok(number) = number.parse()
                {
                    seen.store(number, Ordering::Relaxed);
                }
            }
        });
        Drain(last)
    }

    fn wait_for(&self, number: u64) {
        let is_there = || (self.0.load(Ordering::Relaxed) == number).then_some(());
        Deadline::generous().wait_for(&format!("marker {number}"), is_there);
    }
}

/// What one reader has lost, compared with one that has lost nothing.
fn assert_within_segments(read: u64, lost: u64, said: &str, reference: u64) {
    let losses = said.matches("Log overrun: ").count() as u64;
    assert!(losses > 0 && lost > RING_BYTES / 2, "{said}");
    assert_eq!(said.matches("bytes (within a segment's length) lost").count() as u64, losses + 1);
    // A little may be written between the ends of two readers.
    let allowed = (losses + 1) * SEGMENT_BYTES;
    assert!((read + lost).abs_diff(reference) <= allowed, "{read} + {lost} of {reference}: {said}");
}

/// A varnishd that logs what is sent to it, in a directory of its own. `None`: it is not installed.
fn scene() -> Option<(TempDir, PathBuf, Varnishd, Traffic)> {
    if !varnish::is_here() {
        return None;
    }
    let directory = tempfile::tempdir().unwrap();
    let workdir = directory.path().join("vd");
    let varnishd = Varnishd::start(&workdir);
    let traffic = Traffic::new(&varnishd);
    Some((directory, workdir, varnishd, traffic))
}

/// Ends both when they have everything: one has lost nothing, the other what it accounts for. What that one has said.
fn end_both(steady: Reader, late: Reader) -> String {
    let (reference, none, said, status) = end(steady);
    assert_eq!((none, status), (0, Some(0)), "{said}");
    let (read, lost, said, status) = end(late);
    assert_eq!(status, Some(3), "{said}");
    assert_within_segments(read, lost, &said, reference);
    said
}

#[test]
fn what_a_stopped_reader_loses_of_a_varnishd_is_known_to_within_a_segment() {
    let Some((_directory, workdir, _varnishd, mut traffic)) = scene() else { return };
    let mut steady = Reader::start(&workdir, &READ);
    let mut stopped = Reader::start(&workdir, &READ);
    let steady_out = Drain::start(&mut steady.child);
    let stopped_out = Drain::start(&mut stopped.child);
    let marker = traffic.mark();
    steady_out.wait_for(marker);
    stopped_out.wait_for(marker);
    for _ in 0..2 {
        stopped.signal(Signal::STOP);
        for _ in 0..20 {
            // The one that goes on must not fall behind as well.
            traffic.fill(SEGMENT_BYTES);
            steady_out.wait_for(traffic.mark());
        }
        stopped.signal(Signal::CONT);
        stopped_out.wait_for(traffic.mark());
    }
    let marker = traffic.mark();
    steady_out.wait_for(marker);
    stopped_out.wait_for(marker);
    let said = end_both(steady, stopped);
    assert!(said.contains("reason=overrun") && !said.contains("reason=output"), "{said}");
}

#[test]
fn what_a_slow_output_loses_of_a_varnishd_is_known_to_within_a_segment() {
    let Some((_directory, workdir, _varnishd, mut traffic)) = scene() else { return };
    let mut steady = Reader::start(&workdir, &READ);
    let steady_out = Drain::start(&mut steady.child);
    let mut slow = Reader::start(&workdir, &READ);
    steady_out.wait_for(traffic.mark());
    slow.wait_until_it_says("the log holds nothing from before");
    // Nobody reads its pipe while more is written than the queue and the ring hold together.
    for _ in 0..20 * 8 {
        traffic.fill(SEGMENT_BYTES);
        steady_out.wait_for(traffic.mark());
    }
    slow.wait_until_it_says("the output is too slow");
    let slow_out = Drain::start(&mut slow.child);
    let last = traffic.markers;
    // It goes on where the log is when there is room again.
    Deadline::generous().wait_for("the slow reader to catch up", || {
        steady_out.wait_for(traffic.mark());
        (slow_out.0.load(Ordering::Relaxed) > last).then_some(())
    });
    let marker = traffic.mark();
    steady_out.wait_for(marker);
    slow_out.wait_for(marker);
    let said = end_both(steady, slow);
    assert!(said.contains("reason=output"), "{said}");
}

#[test]
fn under_the_stock_name_losses_and_ends_are_told_in_its_words() {
    let Some((directory, workdir, varnishd, mut traffic)) = scene() else { return };
    let link = directory.path().join("varnishlog");
    symlink(env!("CARGO_BIN_EXE_shellac"), &link).unwrap();
    let args = ["-n", workdir.to_str().unwrap(), "-g", "request", "-i", "ReqURL,VSL"];
    let theirs = Follower::start("varnishlog", &args, directory.path(), "theirs");
    let ours = Follower::start(link.to_str().unwrap(), &args, directory.path(), "ours");
    let both = [&theirs, &ours];
    // A reader begins, and goes on after a loss, at the end of the log: it may miss some.
    let until_both_show = |traffic: &mut Traffic| {
        let first = traffic.markers + 1;
        Deadline::generous().wait_for("both to show a marker", || {
            let last = traffic.mark();
            let shows = |it: &Follower| {
                let text = it.end_of_text();
                (first..=last).any(|number| text.contains(&format!("/marker-{number}\n")))
            };
            both.iter().all(|it| shows(it)).then_some(())
        });
    };
    until_both_show(&mut traffic);
    both.iter().for_each(|it| signal_process(it.child.id(), Signal::STOP));
    traffic.fill(3 * RING_BYTES);
    both.iter().for_each(|it| signal_process(it.child.id(), Signal::CONT));
    until_both_show(&mut traffic);
    varnishd.admin("stop").unwrap();
    let both_say = |what: &str, times: usize| {
        let say = |it: &&Follower| it.complaints().matches(what).count() >= times;
        Deadline::generous().wait_for(what, || both.iter().all(say).then_some(()));
    };
    both_say("Failed to acquire log", 1);
    varnishd.admin("start").unwrap();
    both_say("Log reacquired", 2);
    traffic.client = Client::connect(varnishd.address());
    until_both_show(&mut traffic);
    // How often some things are said depends on the time.
    let once = |text: String| {
        let mut lines: Vec<String> = Vec::new();
        for line in text.lines() {
            let is_new = lines.iter().rev().take(2).all(|said| said != line);
            lines.extend(is_new.then(|| line.to_owned()));
        }
        lines
    };
    let expected = [
        "Log overrun",
        "Log reacquired",
        "Log abandoned (vsl)",
        "Log abandoned (vsm)",
        "Failed to acquire log: No VSL chunk found (child not started ?)",
        "Log reacquired",
    ];
    assert_eq!(once(theirs.complaints()), expected);
    assert_eq!(once(ours.complaints()), expected);
}
