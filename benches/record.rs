//! `shellac record` beside a busy log: processor time, memory, and whether a trigger was missed.
//!
//! This process writes whole requests straight into a ring, at a steady rate; some of them failed. The recorder is a
//! process of its own, whose time and memory are those that the kernel counted. Two cases: many requests with
//! nothing but the failed groups kept, and fewer with two seconds of everything before each failure.
//!
//! `cargo bench -p shellac --bench record [-- SECONDS]`

mod support;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use support::{BURSTS_PER_SECOND, FIRST_XID, Request, anonymous_kilobytes, cpu_seconds};

/// What is asked for.
const PATH: &str = "/orders/796404?shop=12";

struct Case {
    name: &'static str,
    requests_per_second: u64,
    /// One of so many fails.
    fails: u64,
    ring_bytes: u64,
    arguments: &'static [&'static str],
}

const CASES: [Case; 2] = [
    Case {
        name: "50,000/s, 0.1 % failed, keep group",
        requests_per_second: 50_000,
        fails: 1000,
        ring_bytes: 256 << 20,
        arguments: &["--on", "FetchError", "--limit", "off", "--files", "100000"],
    },
    Case {
        name: "2,000/s, one failure a second, before 2s",
        requests_per_second: 2000,
        fails: 2000,
        ring_bytes: 80 << 20,
        arguments: &["--on", "FetchError", "--before", "2s"],
    },
];

fn main() -> ExitCode {
    // `cargo bench` adds `--bench`; the number is ours.
    let seconds = std::env::args().skip(1).find_map(|text| text.parse().ok()).unwrap_or(20);
    println!(
        "{:<42} {:>9} {:>8} {:>10} {:>7} {:>7} {:>7} {:>10}",
        "", "of a core", "MB/s", "RssAnon", "failed", "indexed", "kept", "lost bytes"
    );
    let mut is_good = true;
    for case in &CASES {
        is_good &= run(case, seconds);
    }
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs one case and prints its line. `false`: a trigger was missed.
#[allow(clippy::disallowed_methods, reason = "a program: nobody hands it the time")]
fn run(case: &Case, seconds: u64) -> bool {
    let directory = tempfile::tempdir_in("/dev/shm").expect("a temporary directory in memory");
    let (workdir, dir) = (directory.path().join("work"), directory.path().join("captures"));
    let mut log = support::publish(&workdir, case.ring_bytes);
    let mut recorder = start(&workdir, &dir, case.arguments);
    let [mut good, mut bad] = [false, true].map(|is_bad| Request::new(PATH, 0, is_bad));
    let (mut published, mut failed) = (0, 0);
    let before = cpu_seconds(&recorder);
    let start = Instant::now();
    let mut memory_kilobytes = 0;
    for burst in 1..=seconds * BURSTS_PER_SECOND {
        for _ in 0..case.requests_per_second / BURSTS_PER_SECOND {
            published += 1;
            let is_bad = published % case.fails == case.fails / 2;
            failed += u64::from(is_bad);
            let request = if is_bad { &mut bad } else { &mut good };
            request.publish(&mut log.producer, FIRST_XID + 2 * published);
        }
        if burst % 100 == 0 {
            memory_kilobytes = memory_kilobytes.max(anonymous_kilobytes(&recorder));
        }
        let due = start + Duration::from_secs(1) / 1000 * u32::try_from(burst).unwrap_or(u32::MAX);
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    let elapsed = start.elapsed().as_secs_f64();
    // What was published last is read before the end: the index says so.
    let deadline = Instant::now() + Duration::from_secs(10);
    while indexed(&dir).0 < failed && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(50));
    }
    let spent = cpu_seconds(&recorder) - before;
    kill_process(Pid::from_child(&recorder), Signal::TERM).expect("the recorder runs");
    recorder.wait().expect("it is our child");
    let (lines, kept) = indexed(&dir);
    let lost = lost_bytes(&dir);
    println!(
        "{:<42} {:>7.1} % {:>8.0} {:>7.1} MB {failed:>7} {lines:>7} {kept:>7} {lost:>10}",
        case.name,
        100.0 * spent / elapsed,
        log.ring.stats().bytes as f64 / elapsed / 1_048_576.0,
        memory_kilobytes as f64 / 1024.0,
    );
    lines == failed && kept == failed && lost == 0
}

/// Starts the recorder and waits until it reads.
#[allow(clippy::disallowed_methods, reason = "a program: nobody hands it the time")]
fn start(workdir: &Path, dir: &Path, arguments: &[&str]) -> Child {
    let said = workdir.with_extension("said");
    let stderr = fs::File::create(&said).expect("a file for what it says");
    let recorder = Command::new(env!("CARGO_BIN_EXE_shellac"))
        .args(["record", "--keep-free", "0", "--fsync", "none", "-n"])
        .arg(workdir)
        .arg("-o")
        .arg(dir)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(stderr)
        .spawn()
        .expect("record starts");
    let deadline = Instant::now() + Duration::from_secs(20);
    while !fs::read_to_string(&said).is_ok_and(|text| text.contains("an index of all failures")) {
        assert!(
            Instant::now() < deadline,
            "record does not start: {:?}",
            fs::read_to_string(&said)
        );
        thread::sleep(Duration::from_millis(10));
    }
    recorder
}

/// Lines of the index, and how many of them are about groups that are kept.
fn indexed(dir: &Path) -> (u64, u64) {
    let text = fs::read_to_string(dir.join("index.jsonl")).unwrap_or_default();
    (
        text.matches("\"outcome\":").count() as u64,
        text.matches("\"outcome\":\"full\"").count() as u64,
    )
}

/// What the manifest says was lost of the log.
fn lost_bytes(dir: &Path) -> u64 {
    let manifest = fs::read_to_string(dir.join("manifest.jsonl")).unwrap_or_default();
    let lines = manifest.lines().filter_map(|line| serde_json::from_str(line).ok());
    let lost = lines.filter(|line: &serde_json::Value| line["event"] == "lost");
    lost.filter_map(|line| line["text"].as_str()?.split(' ').next()?.parse::<u64>().ok()).sum()
}
