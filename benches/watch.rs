//! What watching a busy log costs: the reader that the dashboard and `shellac metrics` have.
//!
//! This process writes whole requests straight into a ring, at a steady rate, to four backends of which one fails now
//! and then. The reader is `shellac metrics`, a process of its own, whose time and memory are those that the kernel counted; in
//! the end it has to have counted every attempt, and lost nothing.
//!
//! `cargo bench -p shellac --bench watch [-- SECONDS]`

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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
/// Seconds as they stand in the records before they are changed to those of the clock.
const SECONDS: &str = "1795328007";
/// Requests are published in bursts of a millisecond.
const BURSTS_PER_SECOND: u64 = 1000;
/// Kinds of requests: each backend is asked for a quarter of them.
const KINDS: u64 = 64;

struct Case {
    name: &'static str,
    requests_per_second: u64,
    /// One of so many at the bad backend fails.
    fails: u64,
}

const CASES: [Case; 3] = [
    Case { name: "20,000/s, a backend fails 1 %", requests_per_second: 20_000, fails: 100 },
    Case { name: "50,000/s, a backend fails 1 %", requests_per_second: 50_000, fails: 100 },
    Case { name: "20,000/s, a backend is dead", requests_per_second: 20_000, fails: 1 },
];

fn main() -> ExitCode {
    // `cargo bench` adds `--bench`; the number is ours.
    let seconds = std::env::args().skip(1).find_map(|text| text.parse().ok()).unwrap_or(20);
    println!(
        "{:<34} {:>9} {:>8} {:>10} {:>9} {:>9}",
        "", "of a core", "MB/s", "RssAnon", "attempts", "counted"
    );
    let mut is_good = true;
    for case in &CASES {
        is_good &= run(case, seconds);
    }
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs one case and prints its line. `false`: something was missed.
#[allow(clippy::disallowed_methods, reason = "a program: nobody hands it the time")]
fn run(case: &Case, seconds: u64) -> bool {
    let directory = tempfile::tempdir_in("/dev/shm").expect("a temporary directory in memory");
    let workdir = directory.path().join("work");
    let options = PublishOptions::own(1);
    let mut worker = ChildSet::create(&workdir, &options).expect("a directory for the ring");
    let segment = worker.allocate("Log", "Log", 256 << 20).expect("room for the ring");
    let layout = DIALECT.layout();
    let view = LogViewMut::create(segment, layout.segment_marker()).expect("a segment");
    let (ring, mut producers) = Ring::create(view, layout, 1).expect("a ring");
    ring.publish_marker();
    worker.publish().expect("it is published");
    let mut manager = MgtSet::create(&workdir, &options).expect("a directory for the manager");
    manager.add_identity("bench", DIALECT.name(), "0").expect("it has a name");
    manager.publish().expect("it is published");
    let (mut reader, port) = start(&workdir);
    // It reads from where the log is now on.
    let reading = Instant::now() + Duration::from_secs(10);
    while !scrape(port).contains("shellac_reader_up 1") && Instant::now() < reading {
        thread::sleep(Duration::from_millis(50));
    }
    let mut good: Vec<Request> = (0..KINDS).map(|kind| Request::new(kind, false)).collect();
    let mut bad: Vec<Request> = (0..KINDS).map(|kind| Request::new(kind, true)).collect();
    let (mut published, mut failed) = (0, 0);
    let before = cpu_seconds(&reader);
    let start = Instant::now();
    let (mut memory_kilobytes, mut second) = (0, 0);
    for burst in 1..=seconds * BURSTS_PER_SECOND {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        if now != second {
            second = now;
            good.iter_mut().chain(&mut bad).for_each(|request| request.set_second(second));
        }
        for _ in 0..case.requests_per_second / BURSTS_PER_SECOND {
            published += 1;
            let kind = published % KINDS;
            let is_bad = kind.is_multiple_of(4) && (published / KINDS).is_multiple_of(case.fails);
            failed += u64::from(is_bad);
            let of = if is_bad { &mut bad } else { &mut good };
            let at = usize::try_from(kind).unwrap_or_default();
            of[at].publish(&mut producers[0], FIRST_XID + 2 * published);
        }
        if burst % 100 == 0 {
            memory_kilobytes = memory_kilobytes.max(anonymous_kilobytes(&reader));
        }
        let due = start + Duration::from_secs(1) / 1000 * u32::try_from(burst).unwrap_or(u32::MAX);
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    let elapsed = start.elapsed().as_secs_f64();
    let spent = cpu_seconds(&reader) - before;
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut counted = (0, 0);
    while counted != (published, failed) && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(200));
        let page = scrape(port);
        counted = (sum(&page, ATTEMPTS), sum(&page, FAILURES));
    }
    kill_process(Pid::from_child(&reader), Signal::TERM).expect("the reader runs");
    reader.wait().expect("it is our child");
    println!(
        "{:<34} {:>7.1} % {:>8.0} {:>7.1} MB {published:>9} {:>9}   failed {failed}, counted {}",
        case.name,
        100.0 * spent / elapsed,
        ring.stats().bytes as f64 / elapsed / 1_048_576.0,
        memory_kilobytes as f64 / 1024.0,
        counted.0,
        counted.1,
    );
    counted == (published, failed)
}

/// The series that have to be right in the end.
const ATTEMPTS: &str = "shellac_log_attempts_total ";
const FAILURES: &str = "shellac_log_failures_total ";

/// Starts the reader; the port that it serves at.
fn start(workdir: &Path) -> (Child, u16) {
    let mut reader = Command::new(env!("CARGO_BIN_EXE_shellac"))
        .args(["metrics", "--listen", "127.0.0.1:0", "-n"])
        .arg(workdir)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("metrics starts");
    let mut said = BufReader::new(reader.stderr.take().expect("it is a pipe"));
    let mut line = String::new();
    let port = loop {
        line.clear();
        assert!(said.read_line(&mut line).is_ok_and(|len| len > 0), "metrics says where it is");
        let digits = line
            .split("127.0.0.1:")
            .nth(1)
            .map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
        if let Some(port) = digits.and_then(|digits| digits.parse().ok()) {
            break port;
        }
    };
    thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    (reader, port)
}

/// The page; empty when there is none.
fn scrape(port: u16) -> String {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return String::new() };
    let request = "GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";
    let mut page = String::new();
    match stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut page)) {
        Ok(_) => page,
        Err(_) => String::new(),
    }
}

/// The value of a series; 0 when it is not there.
fn sum(page: &str, series: &str) -> u64 {
    let value = page.lines().find_map(|line| line.strip_prefix(series));
    value.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
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
    /// Where seconds stand.
    seconds: [Vec<usize>; 2],
}

impl Request {
    fn new(kind: u64, is_bad: bool) -> Request {
        let (request, attempt) = (FIRST_XID, FIRST_XID + 1);
        let batches = [
            encoded(attempt, Side::Backend, &attempt_lines(kind, request, is_bad)),
            encoded(request, Side::Client, &request_lines(kind, attempt, is_bad)),
        ];
        let heads = [&batches[0], &batches[1]].map(|batch| {
            shellac_format::Heads::new(DIALECT.layout(), batch).map(|it| it.start).collect()
        });
        let texts = [(&batches[0], request), (&batches[1], attempt)].map(|(batch, number)| {
            let number = number.to_string();
            batch.windows(number.len()).position(|it| it == number.as_bytes()).expect("it is named")
        });
        let seconds = [&batches[0], &batches[1]].map(|batch| {
            let places = batch.windows(SECONDS.len()).enumerate();
            places.filter(|(_, text)| *text == SECONDS.as_bytes()).map(|(at, _)| at).collect()
        });
        Request { batches, heads, texts, seconds }
    }

    /// Changes all times to this second.
    fn set_second(&mut self, second: u64) {
        let text = second.to_string();
        for (batch, places) in self.batches.iter_mut().zip(&self.seconds) {
            for &at in places {
                batch[at..at + text.len()].copy_from_slice(text.as_bytes());
            }
        }
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

fn attempt_lines(kind: u64, request: u64, is_bad: bool) -> Vec<(Tag, String)> {
    let mut lines = vec![
        (Tag::Begin, format!("bereq {request} pass")),
        (Tag::VclUse, "shellac".to_owned()),
        (Tag::Timestamp, "Start: 1795328007.965521 0.000000 0.000000".to_owned()),
        (Tag::BereqMethod, "POST".to_owned()),
        (Tag::BereqUrl, format!("/shop{kind}/796404?shop=12")),
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
        (Tag::BackendOpen, format!("15 b{} 127.0.0.1 43727 127.0.0.1 37330 connect", kind % 4)),
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

fn request_lines(kind: u64, attempt: u64, is_bad: bool) -> Vec<(Tag, String)> {
    let mut lines = vec![
        // The session has a number of its own, which is not in the log.
        (Tag::Begin, "req 77 rxreq".to_owned()),
        (Tag::Timestamp, "Start: 1795328007.965500 0.000000 0.000000".to_owned()),
        (Tag::Timestamp, "Req: 1795328007.965510 0.000010 0.000010".to_owned()),
        (Tag::VclUse, "shellac".to_owned()),
        (Tag::ReqStart, "127.0.0.1 36270 main".to_owned()),
        (Tag::ReqMethod, "POST".to_owned()),
        (Tag::ReqUrl, format!("/shop{kind}/796404?shop=12")),
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
