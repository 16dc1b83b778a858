//! `shellac generate`: writes numbered, checksummed records into a ring, to test readers with.
//!
//! Several threads publish transactions as a proxy does, each a request with one attempt at a backend. Every
//! batch carries the number of its thread, its own number, and how many bytes its thread has published
//! before, so that whoever reads can tell what is missing and whether that is what was reported.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use shellac_format::Dialect;
use shellac_ring::{Ring, RingHandle};
use shellac_sys::LogViewMut;
use shellac_vsm::{ChildSet, MgtSet, PublishOptions};

mod content;
mod counts;
mod writer;

use counts::Counts;
use writer::{Limits, Writer};

/// Numbers of the first transaction, so that they look like those of a proxy that has run for a while.
const FIRST_VXID: u64 = 1000;

/// Options of `generate`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Directory to create the log in
    #[arg(short = 'n', value_name = "DIR")]
    workdir: PathBuf,
    /// Size of the ring: bytes, or with K, M or G
    #[arg(long, default_value = "16M", value_parser = parse_size)]
    size: u64,
    /// Whose records to write: 6.0-7.2, 7.3-8.0, 8.0.1-vs or 9.0-vs
    #[arg(long, default_value = "7.3-8.0")]
    dialect: Dialect,
    /// How many threads write at once
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Stop after that many transactions per thread
    #[arg(long, value_name = "N")]
    transactions: Option<u64>,
    /// Stop after that time
    #[arg(long)]
    seconds: Option<f64>,
    /// How much to write per second over all threads: bytes, or with K, M or G
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    rate: Option<u64>,
    /// How many bytes of records a batch has at least
    #[arg(long, default_value_t = 600)]
    batch_bytes: usize,
    /// The largest payload of a record, in bytes
    #[arg(long, default_value_t = 6000)]
    record_bytes: usize,
    /// The same number gives the same records
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Keep counts in this file, for whoever compares
    #[arg(long, value_name = "FILE")]
    counts: Option<PathBuf>,
    /// Write nothing before the reader has noted in the file of counts that it is there
    #[arg(long, requires = "counts")]
    wait_for_reader: bool,
    /// Stay that many batches ahead of what the reader has noted there; greets it until it is there
    #[arg(long, value_name = "N", requires = "wait_for_reader")]
    window: Option<u64>,
    /// Leave the log there after the last record, until interrupted
    #[arg(long)]
    stay: bool,
}

fn parse_size(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.as_bytes().last() {
        Some(b'k' | b'K') => (&text[..text.len() - 1], 1 << 10),
        Some(b'm' | b'M') => (&text[..text.len() - 1], 1 << 20),
        Some(b'g' | b'G') => (&text[..text.len() - 1], 1 << 30),
        _ => (text, 1),
    };
    let number: u64 = digits.parse().map_err(|error| format!("{error}"))?;
    number.checked_mul(unit).ok_or_else(|| "too large".to_owned())
}

/// Runs the tool.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, stop.clone()).context("cannot catch signals")?;
    }
    let counts = match &args.counts {
        Some(path) => Some(Arc::new(Counts::create(path, args.threads)?)),
        None => None,
    };

    // The worker's set before the manager's: readers begin with the manager's.
    let options = PublishOptions::own(unix_seconds());
    let mut worker = ChildSet::create(&args.workdir, &options)?;
    let log = worker.allocate("Log", "Log", args.size)?;
    let layout = args.dialect.layout();
    let log = LogViewMut::create(log, layout.segment_marker())?;
    let (ring, producers) = Ring::create(log, layout, args.threads)?;
    ring.publish_marker();
    worker.publish()?;
    let mut manager = MgtSet::create(&args.workdir, &options)?;
    manager.add_identity("generate", args.dialect.name(), env!("CARGO_PKG_VERSION"))?;
    manager.publish()?;
    say("ready")?;

    let limits = Limits {
        transactions: args.transactions,
        seconds: args.seconds,
        bytes_per_second: args.rate.map(|rate| rate / args.threads.max(1) as u64),
        window: args.window,
        wait_for_reader: args.wait_for_reader,
    };
    let vxids = Arc::new(AtomicU64::new(FIRST_VXID));
    let threads: Vec<_> = producers
        .into_iter()
        .enumerate()
        .map(|(thread, producer)| {
            let maker = content::Maker::new(
                args.dialect,
                thread,
                args.seed,
                args.batch_bytes,
                args.record_bytes,
            );
            let writer = Writer {
                producer,
                maker,
                vxids: vxids.clone(),
                counts: counts.clone(),
                stop: stop.clone(),
                limits,
            };
            thread::spawn(move || writer.run())
        })
        .collect();
    let written: Vec<_> = threads.into_iter().map(thread::JoinHandle::join).collect();
    anyhow::ensure!(written.iter().all(Result::is_ok), "a writing thread has panicked");
    say(&summary(&ring))?;
    while args.stay && !stop.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(20));
    }
    Ok(ExitCode::SUCCESS)
}

/// The numbers at the end, in one line.
fn summary(ring: &RingHandle) -> String {
    let stats = ring.stats();
    format!(
        "done batches={} bytes={} fillers={} filler_bytes={} refused={} written_bytes={}",
        stats.batches,
        stats.bytes,
        stats.fillers,
        stats.filler_bytes,
        stats.refused,
        ring.written_bytes()
    )
}

fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).context("cannot write to standard output")
}

#[allow(clippy::disallowed_methods, reason = "a program: nobody hands it the time")]
fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
