//! `shellac metrics`: counters, node signals and what the log shows, for Prometheus and whatever else reads OpenMetrics.
//!
//! `instance` finds out, `own` and `exporter` give names, `page` collects, `text` writes, `serve` and `textfile` hand over.

mod active;
mod captures;
mod exporter;
mod http;
mod instance;
mod node;
mod own;
mod page;
mod scrape;
mod serve;
mod text;
mod textfile;
mod traffic;

use std::io::{ErrorKind, Write, stdout};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use shellac_counters::vsc::Level;
use signal_hook::consts::{SIGINT, SIGTERM};

use instance::Instance;
use scrape::{Configurations, Names, Scraper, Wanted};
use text::Form;

/// How often a file that is written again and again looks whether to end.
const LOOK: Duration = Duration::from_millis(200);

/// Options of `shellac metrics`.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "shellac metrics [OPTIONS] <--listen ADDRESS:PORT|--once|--textfile PATH>",
    group = clap::ArgGroup::new("where").required(true)
)]
pub(crate) struct Args {
    /// Serve /metrics and /-/healthy there until ended; port 0 lets the kernel choose
    #[arg(long, value_name = "ADDRESS:PORT", group = "where")]
    listen: Option<SocketAddr>,

    /// Write everything once to standard output; exit status 1 when the worker does not run
    #[arg(long, group = "where")]
    once: bool,

    /// Replace this file, for the textfile collector of node_exporter; again and again with --interval
    #[arg(long, value_name = "PATH", group = "where")]
    textfile: Option<PathBuf>,

    /// Seconds between two writes of --textfile
    #[arg(long, value_name = "SECONDS", requires = "textfile", value_parser = seconds)]
    interval: Option<Duration>,

    /// Instance: an absolute path of a working directory, or a name
    #[arg(short = 'n', value_name = "NAME", conflicts_with = "node")]
    instance: Option<String>,

    /// What the kernel says about this machine, and nothing of any proxy: for the network namespace of a host
    #[arg(long)]
    node: bool,

    /// Whose names the metrics have
    #[arg(long, value_enum, default_value = "shellac", conflicts_with = "node")]
    names: Names,

    /// Backends of which configuration: active, all (with a label), or the name of one
    #[arg(long, value_name = "WHICH", default_value = "active")]
    configurations: String,

    /// Counters up to this level
    #[arg(long, value_enum, default_value = "diag")]
    level: LevelArg,

    /// Leave out sets of counters when there would be more series
    #[arg(long, value_name = "N", default_value_t = 50_000)]
    max_series: usize,

    /// Add how often the rules of a recorder fired that keeps its captures there
    #[arg(long, value_name = "DIR")]
    captures: Option<PathBuf>,

    /// Do not follow the log: no times by backend, no classes of failures
    #[arg(long)]
    no_log: bool,

    /// With --once: OpenMetrics instead of the older text format
    #[arg(long, requires = "once")]
    openmetrics: bool,

    /// Seconds for which a page that was made is served again
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    cache: Duration,
}

/// For whom a counter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum LevelArg {
    /// For everybody
    Info,
    /// And those for who looks for a cause
    Diag,
    /// And those for who knows the source
    Debug,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    let valid =
        Duration::try_from_secs_f64(seconds).ok().filter(|it| *it <= Duration::from_secs(86_400));
    valid.ok_or_else(|| "not between 0 and 86400".to_owned())
}

/// Runs the tool.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    // The exporter has all there is.
    let level = match (args.level, args.names) {
        (_, Names::PrometheusVarnishExporter) | (LevelArg::Debug, _) => Level::Debug,
        (LevelArg::Info, _) => Level::Info,
        (LevelArg::Diag, _) => Level::Diag,
    };
    let wanted = Wanted {
        names: args.names,
        configurations: Configurations::parse(&args.configurations),
        level,
        most_series: args.max_series,
        captures: args.captures,
        // A single look has nothing to follow, and the exporter does not read the log.
        log: !args.no_log
            && (args.listen.is_some() || args.interval.is_some())
            && args.names == Names::Shellac,
    };
    let instance = if args.node { None } else { Some(Instance::new(args.instance)?) };
    let mut scraper = Scraper::new(wanted, instance);
    if args.once {
        let form = if args.openmetrics { Form::OpenMetrics } else { Form::Classic };
        let (text, is_up) = scraper.scrape(form);
        return match stdout().lock().write_all(text.as_bytes()).and_then(|()| stdout().flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
            _ if is_up => Ok(ExitCode::SUCCESS),
            _ => Ok(ExitCode::FAILURE),
        };
    }
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).context("cannot handle signals")?;
    }
    if let Some(path) = args.textfile {
        loop {
            let (text, _) = scraper.scrape(Form::Classic);
            match (textfile::write(&path, &text), args.interval) {
                (result, None) => return result.map(|()| ExitCode::SUCCESS),
                // A disk that is full now may have room later.
                (Err(error), Some(_)) => eprintln!("shellac: {error:#}"),
                (Ok(()), Some(_)) => {}
            }
            if !pause(args.interval.unwrap_or_default(), &stop) {
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
    let Some(address) = args.listen else { anyhow::bail!("where to is not said") };
    serve::serve(address, scraper, args.cache, &stop, |bound| {
        eprintln!("shellac: metrics on http://{bound}/metrics");
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Waits; false when it is time to end.
#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
fn pause(time: Duration, stop: &AtomicBool) -> bool {
    let start = std::time::Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let left = time.saturating_sub(start.elapsed());
        if left.is_zero() {
            return true;
        }
        std::thread::sleep(left.min(LOOK));
    }
    false
}

#[cfg(test)]
mod tests;
