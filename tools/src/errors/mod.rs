//! `shellac errors`: one line for each failed attempt at a backend, to be searched with grep.
//!
//! `read` goes through logs, live ones and files; `line` writes what `shellac_render::failures` finds in a
//! group; `moment` has the times.

mod line;
mod moment;
mod read;

use std::path::PathBuf;
use std::process::ExitCode;

use shellac_format::Dialect;
use shellac_query::Query;

use crate::attach::Patience;
use crate::when::ZoneArgs;

/// Options of `shellac errors`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
A line has: time, xid of the attempt, class of the error, phase, how, cause (if
the log leaves only one), try i/n, client, method, url, host, backend, addr,
then what else is recorded (request, status, reused, age, waited, limit, sent,
acked, taken, expected, rcvd, in seconds and bytes), errno, and the error text.
\"-\" is not recorded. `shellac explain` explains such a line, `shellac trace XID`
shows the whole request.

Live, it goes on until it is stopped; what was lost is said on standard error.")]
pub(crate) struct Args {
    /// Instance: path of a working directory, or a name
    #[arg(short = 'n', value_name = "NAME", conflicts_with = "read")]
    instance: Option<String>,

    /// Show what the ring holds already, too
    #[arg(short = 'd', conflicts_with = "read")]
    dump: bool,

    /// Stop where the ring ends instead of waiting for more
    #[arg(long, conflicts_with = "read")]
    once: bool,

    /// Wait so long for it; "off": for ever
    #[arg(short = 't', value_name = "SECONDS", default_value = "5", value_parser = patience, conflicts_with = "read")]
    patience: Patience,

    /// Read files (.zst too) or directories of captures instead; "-": standard input
    #[arg(short = 'r', value_name = "FILE|DIR")]
    read: Vec<PathBuf>,

    /// Only requests that this query selects
    #[arg(short = 'q', value_name = "QUERY", value_parser = query)]
    query: Option<Query>,

    /// One JSON object per line
    #[arg(long)]
    json: bool,

    /// Table of tags: 6.0-7.2, 7.3-8.0, 8.0.1-vs, 9.0-vs
    #[arg(long, value_name = "DIALECT")]
    dialect: Option<Dialect>,

    #[command(flatten)]
    zone: ZoneArgs,
}

fn patience(text: &str) -> Result<Patience, String> {
    Patience::parse(text).map_err(|error| error.to_string())
}

fn query(text: &str) -> Result<Query, String> {
    Query::parse(text).map_err(|error| error.to_string())
}

/// Runs the tool.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.read.is_empty() { read::live(args) } else { read::files(args) }
}
