//! The highest rate at which `shellac log` and Debian's varnishlog follow a log without losing anything.
//!
//! One thread writes the recorded mixture into a ring of 80 MB again and again, batch by batch, at a given rate; the
//! reader prints it with `-g raw` to `/dev/null`. A rate at which nothing is lost within a few seconds is good. The
//! highest good one is found by doubling and then bisection, to a tenth; both programs take turns, and medians are
//! printed. Near the end the ring's own size helps: over that time a reader may be slower than the writer by
//! what fits into the ring.
//!
//! `cargo bench -p shellac --bench log_live [-- ROUNDS [SECONDS]]`

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::{Pid, Signal, kill_process};
use shellac_format::{Dialect, Item, Runs, Step, Steps};
use shellac_ring::{Producer, Ring};
use shellac_sys::LogViewMut;
use shellac_vsm::{ChildSet, MgtSet, PublishOptions};

const DIALECT: Dialect = Dialect::V6_0;
const RING_BYTES: u64 = 80 << 20;
/// Bytes per second that everybody is expected to manage, and to begin with.
const FIRST_RATE: f64 = 25e6;
/// Good and bad rates are this close in the end.
const PRECISION: f64 = 1.1;
/// A writer that comes to less than this part of what it should is the limit.
const FAST_ENOUGH: f64 = 0.95;
/// Something is waited for no longer than this.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

#[allow(clippy::disallowed_methods, reason = "a bench: nobody hands it the time")]
fn now() -> Instant {
    Instant::now()
}

#[allow(clippy::disallowed_methods, reason = "a bench: nobody hands it the time")]
fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn main() -> ExitCode {
    // `cargo bench` adds `--bench`; numbers are ours.
    let mut numbers = std::env::args().skip(1).filter_map(|text| text.parse::<u32>().ok());
    let rounds = numbers.next().unwrap_or(3);
    let seconds = f64::from(numbers.next().unwrap_or(3));
    if Command::new("varnishlog").arg("-V").output().is_err() {
        println!("skipped: varnish is not installed");
        return ExitCode::SUCCESS;
    }
    let batches = batches();
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let their = highest_rate(&batches, seconds, "varnishlog", &[]);
        let our = highest_rate(&batches, seconds, env!("CARGO_BIN_EXE_shellac"), &["log"]);
        println!("shellac {:6.0} MB/s  varnishlog {:6.0} MB/s", our / 1e6, their / 1e6);
        ratios.push(our / their);
        ours.push(our);
        theirs.push(their);
    }
    println!(
        "median: shellac {:.0} MB/s, varnishlog {:.0} MB/s, ratio {:.1}",
        median(&mut ours) / 1e6,
        median(&mut theirs) / 1e6,
        median(&mut ratios)
    );
    ExitCode::SUCCESS
}

/// The recorded mixture, cut where the transaction changes: as it was published.
fn batches() -> Vec<Vec<u8>> {
    let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/corpus/mix-7.vsl.zst");
    let packed = std::fs::read(packed).expect("the fixture is there");
    let recording = zstd::decode_all(&packed[..]).expect("the fixture is whole");
    let layout = DIALECT.layout();
    let records = &recording[layout.file_magic().len()..];
    let mut runs = Runs::new(layout, records);
    let all = Steps::new(|_| Step::Join);
    let mut batches = Vec::new();
    while let Some(item) = runs.next(&all) {
        let Item::Run(run) = item else { unreachable!("all are joined") };
        batches.push(records[run.start..run.end].to_vec());
    }
    batches
}

/// The highest rate, in bytes per second, at which this program loses nothing.
fn highest_rate(batches: &[Vec<u8>], seconds: f64, program: &str, first: &[&str]) -> f64 {
    let is_good = |rate: f64| {
        let (reached, is_loss_free) = attempt(batches, seconds, rate, program, first);
        (reached, is_loss_free, reached < FAST_ENOUGH * rate)
    };
    let (mut good, mut bad) = (0.0, None);
    let mut rate = FIRST_RATE;
    loop {
        let (reached, is_loss_free, is_writer_limit) = is_good(rate);
        if is_loss_free {
            good = reached;
            if is_writer_limit {
                println!("{program}: the writer comes to no more than {:.0} MB/s", reached / 1e6);
                return good;
            }
        } else {
            bad = Some(rate.min(reached));
        }
        rate = match bad {
            None => 2.0 * rate,
            Some(bad) if good > 0.0 && bad / good <= PRECISION => return good,
            Some(bad) if good > 0.0 => (good * bad).sqrt(),
            Some(bad) => bad / 2.0,
        };
    }
}

/// Lets a program follow a log that is written at this rate. Says which rate it was and whether nothing was lost.
fn attempt(
    batches: &[Vec<u8>],
    seconds: f64,
    rate: f64,
    program: &str,
    first: &[&str],
) -> (f64, bool) {
    let shm = Path::new("/dev/shm");
    let dir = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() };
    let dir = dir.expect("a temporary directory");
    let options = PublishOptions::own(unix_seconds());
    // The worker's set before the manager's: readers begin with the manager's.
    let mut worker = ChildSet::create(dir.path(), &options).expect("a directory to publish in");
    let log = worker.allocate("Log", "Log", RING_BYTES).expect("room for a ring");
    let layout = DIALECT.layout();
    let log = LogViewMut::create(log, layout.segment_marker()).expect("a ring's size");
    let (ring, mut producers) = Ring::create(log, layout, 1).expect("a ring");
    ring.publish_marker();
    worker.publish().expect("it is published");
    let mut manager = MgtSet::create(dir.path(), &options).expect("a directory to publish in");
    manager.add_identity("bench", DIALECT.name(), env!("CARGO_PKG_VERSION")).expect("room");
    manager.publish().expect("it is published");
    let mut producer = producers.pop().expect("one was asked for");

    let mut command = Command::new(program);
    command.args(first).args(["-g", "raw", "-n"]).arg(dir.path());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut reader = command.spawn().expect("it starts");
    wait_until("it opens the log", || maps(&reader).contains("_.Log"));
    let reached = write(&mut producer, batches, seconds, rate);
    // What is still in the ring is read now; after that there is nothing to do.
    let mut steps = u64::MAX;
    wait_until("it has read everything", || {
        let before = std::mem::replace(&mut steps, processor_steps(&reader));
        steps <= before.saturating_add(1) && before != u64::MAX
    });
    let pid = Pid::from_child(&reader);
    kill_process(pid, Signal::TERM).expect("it is our child");
    let mut said = String::new();
    let mut stderr = reader.stderr.take().expect("it was asked for");
    stderr.read_to_string(&mut said).expect("it is text");
    reader.wait().expect("it is our child");
    (reached, !said.contains("lost") && !said.contains("overrun"))
}

/// Writes for a while, and says how many bytes per second that came to.
fn write(producer: &mut Producer, batches: &[Vec<u8>], seconds: f64, rate: f64) -> f64 {
    let started = now();
    let mut written = 0.0;
    let mut batches = batches.iter().cycle();
    loop {
        let elapsed = started.elapsed().as_secs_f64();
        if elapsed >= seconds {
            return written / elapsed;
        }
        if written > elapsed * rate {
            thread::sleep(Duration::from_micros(200));
            continue;
        }
        // Few enough not to be ahead for long.
        for batch in batches.by_ref().take(16) {
            producer.publish(batch).expect("nobody else writes");
            written += batch.len() as f64;
        }
    }
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "waited in vain until {what}");
        thread::sleep(PAUSE);
    }
}

/// The files that a process has mapped.
fn maps(child: &Child) -> String {
    std::fs::read_to_string(format!("/proc/{}/maps", child.id())).unwrap_or_default()
}

/// User and system time so far, in the steps of the system.
fn processor_steps(child: &Child) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
    // The name is in brackets and may hold anything.
    let (_, words) = stat.rsplit_once(')').expect("it runs");
    words.split_whitespace().skip(11).take(2).map(|word| word.parse().unwrap_or(0)).sum()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
