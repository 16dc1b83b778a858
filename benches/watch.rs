//! What watching a busy log costs: the reader that the dashboard and `shellac metrics` have.
//!
//! This process writes whole requests straight into a ring, at a steady rate, to four backends of which one fails now
//! and then. The reader is `shellac metrics`, a process of its own, whose time and memory are those that the kernel counted; in
//! the end it has to have counted every attempt, and lost nothing.
//!
//! `cargo bench -p shellac --bench watch [-- SECONDS]`

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::{Pid, Signal, kill_process};
use support::{BURSTS_PER_SECOND, FIRST_XID, Request, anonymous_kilobytes, cpu_seconds};

/// Seconds as they stand in the records before they are changed to those of the clock.
const SECONDS: &str = "1795328007";
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
    let mut log = support::publish(&workdir, 256 << 20);
    let (mut reader, port) = start(&workdir);
    // It reads from where the log is now on.
    let reading = Instant::now() + Duration::from_secs(10);
    while !scrape(port).contains("shellac_reader_up 1") && Instant::now() < reading {
        thread::sleep(Duration::from_millis(50));
    }
    let mut good: Vec<Timed> = (0..KINDS).map(|kind| Timed::new(kind, false)).collect();
    let mut bad: Vec<Timed> = (0..KINDS).map(|kind| Timed::new(kind, true)).collect();
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
            of[at].request.publish(&mut log.producer, FIRST_XID + 2 * published);
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
        log.ring.stats().bytes as f64 / elapsed / 1_048_576.0,
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

/// A request whose times can be changed.
struct Timed {
    request: Request,
    /// Where seconds stand in each batch.
    seconds: [Vec<usize>; 2],
}

impl Timed {
    fn new(kind: u64, is_bad: bool) -> Timed {
        let request = Request::new(&format!("/shop{kind}/796404?shop=12"), kind % 4, is_bad);
        let seconds = [0, 1].map(|at: usize| {
            let places = request.batches[at].windows(SECONDS.len()).enumerate();
            places.filter(|(_, text)| *text == SECONDS.as_bytes()).map(|(at, _)| at).collect()
        });
        Timed { request, seconds }
    }

    /// Changes all times to this second.
    fn set_second(&mut self, second: u64) {
        let text = second.to_string();
        for (batch, places) in self.request.batches.iter_mut().zip(&self.seconds) {
            for &at in places {
                batch[at..at + text.len()].copy_from_slice(text.as_bytes());
            }
        }
    }
}
