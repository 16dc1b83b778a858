//! `shellac trace`: one transaction and everything around it, with its cause in words.
//!
//! `input` opens what is read, `search` reads it through a `collect::Collector`, `report` writes what came of it.

mod collect;
mod input;
mod report;
mod search;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use shellac_format::{Dialect, Vxid};
use shellac_render::redact::Redaction;
use shellac_render::trace::Trace;

use crate::color::ColorWhen;

/// Options of `shellac trace`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The number: of a client request, of an attempt at a backend, or of a session
    #[arg(value_name = "XID")]
    pub(crate) xid: u64,

    /// Instance: an absolute path of a working directory, or a name
    #[arg(short = 'n', value_name = "NAME", conflicts_with = "read")]
    pub(crate) instance: Option<String>,

    /// Read a file of records instead of a live log; "-" for standard input
    #[arg(short = 'r', value_name = "FILE")]
    pub(crate) read: Option<PathBuf>,

    /// Wait for it to come, or to be finished; for so many seconds, without a number for ever
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true,
          default_missing_value = "inf", value_parser = seconds, conflicts_with = "read")]
    pub(crate) wait: Option<Duration>,

    /// Which table of tags the log uses: 6.0-7.2, 7.3-8.0, 8.0.1-vs or 9.0-vs
    #[arg(long, value_name = "DIALECT")]
    pub(crate) dialect: Option<Dialect>,

    /// Show the values of Authorization, Cookie and Set-Cookie
    #[arg(long)]
    pub(crate) no_redact: bool,

    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub(crate) color: ColorWhen,

    /// Times in UTC instead of local time
    #[arg(long)]
    pub(crate) utc: bool,
}

/// Runs the tool. Exit status 1 when no such transaction is there.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let from = match &args.read {
        Some(path) => input::From::File(path.clone()),
        None => input::From::live(args.instance.as_deref(), args.wait)?,
    };
    let search = search::Search {
        target: Vxid(args.xid),
        from: &from,
        dialect: args.dialect,
        wait: args.wait,
        bounds: collect::Bounds::default(),
    };
    let mut found = search.run()?;
    let redaction = if args.no_redact { Redaction::none() } else { Redaction::default() };
    found.traces.iter_mut().for_each(|trace| trace.redact(&redaction));
    report::write(&args, &from, &found)
}

/// The trees around `target` in the log of the instance in `workdir`, newest first, without secrets.
pub(crate) fn find(workdir: &Path, target: Vxid) -> anyhow::Result<Vec<Trace>> {
    let from = input::From::Live(workdir.to_owned());
    let bounds = collect::Bounds::default();
    let search = search::Search { target, from: &from, dialect: None, wait: None, bounds };
    let mut traces = search.run()?.traces;
    traces.iter_mut().for_each(|trace| trace.redact(&Redaction::default()));
    Ok(traces)
}

fn seconds(text: &str) -> Result<Duration, String> {
    if text == "inf" {
        return Ok(Duration::MAX);
    }
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
