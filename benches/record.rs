//! `shellac record` beside a busy log: processor time, memory, and whether a trigger was missed.
//!
//! This process writes whole requests straight into a ring, at a steady rate; some of them failed. The recorder is a
//! process of its own, whose time and memory are those that the kernel counted. Two cases: many requests with
//! nothing but the failed groups kept, and fewer with two seconds of everything before each failure.
//!
//! `cargo bench -p shellac --bench record [-- SECONDS]`

use std::fs;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use shellac_format::{Dialect, Side, Tag, Vxid, record};
use shellac_ring::{Producer, PublishError, Ring};
use shellac_sys::LogViewMut;
use shellac_vsm::{ChildSet, MgtSet, PublishOptions};

const DIALECT: Dialect = Dialect::V7_3;
/// Steps in a second, the same on every Linux.
const STEPS_PER_SECOND: f64 = 100.0;
/// All numbers of transactions have as many digits, so that a text with one can be changed in place.
const FIRST_XID: u64 = 1_000_000_000;
/// Requests are published in bursts of a millisecond.
const BURSTS_PER_SECOND: u64 = 1000;

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
    let options = PublishOptions::own(1);
    let mut worker = ChildSet::create(&workdir, &options).expect("a directory for the ring");
    let segment = worker.allocate("Log", "Log", case.ring_bytes).expect("room for the ring");
    let layout = DIALECT.layout();
    let view = LogViewMut::create(segment, layout.segment_marker()).expect("a segment");
    let (ring, mut producers) = Ring::create(view, layout, 1).expect("a ring");
    ring.publish_marker();
    worker.publish().expect("it is published");
    let mut manager = MgtSet::create(&workdir, &options).expect("a directory for the manager");
    manager.add_identity("bench", DIALECT.name(), "0").expect("it has a name");
    manager.publish().expect("it is published");
    let mut recorder = start(&workdir, &dir, case.arguments);
    let (mut good, mut bad) = (Request::new(false), Request::new(true));
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
            request.publish(&mut producers[0], FIRST_XID + 2 * published);
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
        ring.stats().bytes as f64 / elapsed / 1_048_576.0,
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

/// User and system time that a process has used.
fn cpu_seconds(child: &Child) -> f64 {
    let text = fs::read_to_string(format!("/proc/{}/stat", child.id())).expect("it lives");
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split(' ').collect();
    let steps: f64 = [12, 13].iter().filter_map(|&at| fields.get(at)?.parse::<f64>().ok()).sum();
    steps / STEPS_PER_SECOND
}

/// Memory of its own that is no file and no shared memory.
fn anonymous_kilobytes(child: &Child) -> u64 {
    let text = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap_or_default();
    line.split_ascii_whitespace().next().and_then(|it| it.parse().ok()).unwrap_or(0)
}

/// A request with one attempt as the proxy writes them, with the places where its numbers stand.
struct Request {
    batches: [Vec<u8>; 2],
    /// Record headers of each batch.
    heads: [Vec<usize>; 2],
    /// Where the other transaction's number stands as text.
    texts: [usize; 2],
}

impl Request {
    fn new(is_bad: bool) -> Request {
        let (request, attempt) = (FIRST_XID, FIRST_XID + 1);
        let batches = [
            encoded(attempt, Side::Backend, &attempt_lines(request, is_bad)),
            encoded(request, Side::Client, &request_lines(attempt, is_bad)),
        ];
        let heads = [&batches[0], &batches[1]].map(|batch| {
            shellac_format::Heads::new(DIALECT.layout(), batch).map(|it| it.start).collect()
        });
        let texts = [(&batches[0], request), (&batches[1], attempt)].map(|(batch, number)| {
            let number = number.to_string();
            batch.windows(number.len()).position(|it| it == number.as_bytes()).expect("it is named")
        });
        Request { batches, heads, texts }
    }

    /// Publishes the attempt and then the request, as `xid + 1` and `xid`.
    fn publish(&mut self, producer: &mut Producer, xid: u64) {
        for (at, (own, other)) in [(xid + 1, xid), (xid, xid + 1)].into_iter().enumerate() {
            let batch = &mut self.batches[at];
            let low = u32::try_from(own).expect("the numbers of a bench fit").to_ne_bytes();
            for &head in &self.heads[at] {
                batch[head + 4..head + 8].copy_from_slice(&low);
            }
            let text = other.to_string();
            batch[self.texts[at]..self.texts[at] + text.len()].copy_from_slice(text.as_bytes());
            while matches!(producer.publish(batch), Err(PublishError::Stalled)) {
                thread::yield_now();
            }
        }
    }
}

fn encoded(vxid: u64, side: Side, lines: &[(Tag, String)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (tag, text) in lines {
        let number = tag.number(DIALECT).expect("a tag of this dialect");
        let (layout, text) = (DIALECT.layout(), text.as_bytes());
        record::encode_text(&mut bytes, layout, number, Vxid(vxid), side, text, 1024);
    }
    bytes
}

fn attempt_lines(request: u64, is_bad: bool) -> Vec<(Tag, String)> {
    let mut lines = vec![
        (Tag::Begin, format!("bereq {request} pass")),
        (Tag::VclUse, "shellac".to_owned()),
        (Tag::Timestamp, "Start: 1795328007.965521 0.000000 0.000000".to_owned()),
        (Tag::BereqMethod, "POST".to_owned()),
        (Tag::BereqUrl, "/orders/796404?shop=12".to_owned()),
        (Tag::BereqProtocol, "HTTP/1.1".to_owned()),
    ];
    for header in [
        "Host: shop.example",
        "User-Agent: Mozilla/5.0",
        "Accept: */*",
        "Content-Length: 312",
        "X-Forwarded-For: 127.0.0.1",
    ] {
        lines.push((Tag::BereqHeader, header.to_owned()));
    }
    lines.extend([
        (Tag::VclCall, "BACKEND_FETCH".to_owned()),
        (Tag::VclReturn, "fetch".to_owned()),
        (Tag::Timestamp, "Fetch: 1795328007.965558 0.000037 0.000037".to_owned()),
        (Tag::Timestamp, "Connected: 1795328007.965560 0.000039 0.000002".to_owned()),
        (Tag::BackendOpen, "15 b0 127.0.0.1 43727 127.0.0.1 37330 connect".to_owned()),
        (Tag::Timestamp, "Bereq: 1795328007.965600 0.000079 0.000040".to_owned()),
    ]);
    if is_bad {
        lines.extend([
            (Tag::FetchError, "HTC eof (-1)".to_owned()),
            (Tag::VclLog, "fetch.phase:first_byte".to_owned()),
            (Tag::VclLog, "fetch.class:backend".to_owned()),
            (Tag::BackendClose, "15 b0 close Received bad req/resp".to_owned()),
        ]);
    } else {
        lines.push((Tag::Timestamp, "Beresp: 1795328007.966152 0.000631 0.000552".to_owned()));
        lines.push((Tag::BackendClose, "15 b0 recycle".to_owned()));
    }
    lines.extend([
        (Tag::BerespProtocol, "HTTP/1.1".to_owned()),
        (Tag::BerespStatus, if is_bad { "503" } else { "200" }.to_owned()),
        (Tag::BerespReason, "OK".to_owned()),
        (Tag::BerespHeader, "Content-Type: application/json".to_owned()),
        (Tag::BerespHeader, "Content-Length: 20".to_owned()),
        (Tag::Length, "20".to_owned()),
        (Tag::BereqAcct, "131 312 443 136 20 156".to_owned()),
        (Tag::End, String::new()),
    ]);
    lines
}

fn request_lines(attempt: u64, is_bad: bool) -> Vec<(Tag, String)> {
    let mut lines = vec![
        // The session has a number of its own, which is not in the log.
        (Tag::Begin, "req 77 rxreq".to_owned()),
        (Tag::Timestamp, "Start: 1795328007.965500 0.000000 0.000000".to_owned()),
        (Tag::Timestamp, "Req: 1795328007.965510 0.000010 0.000010".to_owned()),
        (Tag::VclUse, "shellac".to_owned()),
        (Tag::ReqStart, "127.0.0.1 36270 main".to_owned()),
        (Tag::ReqMethod, "POST".to_owned()),
        (Tag::ReqUrl, "/orders/796404?shop=12".to_owned()),
        (Tag::ReqProtocol, "HTTP/1.1".to_owned()),
    ];
    for header in
        ["Host: shop.example", "User-Agent: Mozilla/5.0", "Accept: */*", "Content-Length: 312"]
    {
        lines.push((Tag::ReqHeader, header.to_owned()));
    }
    lines.extend([
        (Tag::VclCall, "RECV".to_owned()),
        (Tag::VclReturn, "pass".to_owned()),
        (Tag::Link, format!("bereq {attempt} pass")),
        (Tag::Timestamp, "ReqBody: 1795328007.965540 0.000040 0.000030".to_owned()),
        (Tag::Timestamp, "Fetch: 1795328007.966200 0.000700 0.000660".to_owned()),
        (Tag::RespProtocol, "HTTP/1.1".to_owned()),
        (Tag::RespStatus, if is_bad { "503" } else { "200" }.to_owned()),
        (Tag::RespReason, "OK".to_owned()),
    ]);
    for header in [
        "Content-Type: application/json",
        "Content-Length: 20",
        "X-Varnish: 1000000000",
        "Via: 1.1 test",
    ] {
        lines.push((Tag::RespHeader, header.to_owned()));
    }
    lines.extend([
        (Tag::VclCall, "DELIVER".to_owned()),
        (Tag::VclReturn, "deliver".to_owned()),
        (Tag::Timestamp, "Process: 1795328007.966210 0.000710 0.000010".to_owned()),
        (Tag::Timestamp, "Resp: 1795328007.966240 0.000740 0.000030".to_owned()),
        (Tag::ReqAcct, "131 312 443 136 20 156".to_owned()),
        (Tag::End, String::new()),
    ]);
    lines
}
