//! `shellac trace`: one transaction and everything around it, with its cause in words.
//!
//! `input` opens what is read; `search` reads it for a number, through `relatives` and a `collect::Collector`;
//! `select` finds groups by what they are about; `captures` asks the index of a directory; `find` goes through
//! all of that, and `report` writes what came of it.

mod captures;
mod collect;
mod find;
mod input;
mod relatives;
mod report;
mod search;
mod select;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use shellac_format::{Dialect, Vxid};
use shellac_render::redact::Redaction;
use shellac_render::trace::Trace;

use crate::color::ColorWhen;
use crate::hosts::HostsArgs;
use crate::when::ZoneArgs;
use find::{How, Place};
use select::{Pattern, Selection};

/// Options of `shellac trace`.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "shellac trace [OPTIONS] <XID|--url PATTERN|--backend NAME|--last-error>",
    group = clap::ArgGroup::new("what").required(true).multiple(true).args(["xid", "url", "backend", "last_error"]),
    after_help = "Exit status: 0 when it is shown, 1 when it is not there or not all could be read, \
                  2 for wrong options or when it is not clear which instance is meant, \
                  3 when an index knows it but its records are not there."
)]
pub(crate) struct Args {
    /// The number: of a client request, of an attempt at a backend, or of a session
    #[arg(value_name = "XID", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) xid: Option<u64>,

    /// The newest group with this in a URL; with "*" in it the whole URL has to fit
    #[arg(long, value_name = "PATTERN", conflicts_with = "xid")]
    pub(crate) url: Option<String>,

    /// The newest group with an attempt at this backend; "*" stands for anything
    #[arg(long, value_name = "NAME", conflicts_with = "xid")]
    pub(crate) backend: Option<String>,

    /// The newest group in which something failed
    #[arg(long, conflicts_with = "xid")]
    pub(crate) last_error: bool,

    /// List so many matches, newest first, instead of showing the newest; without a number 1000
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "1000",
          conflicts_with_all = ["xid", "json", "html", "curl"])]
    pub(crate) list: Option<usize>,

    /// Instance: an absolute path of a working directory, or a name
    #[arg(short = 'n', value_name = "NAME", conflicts_with = "read")]
    pub(crate) instance: Option<String>,

    /// Read a file of records (also compressed with zstd) or a directory of captures instead of a live log;
    /// "-" for standard input. May be repeated
    #[arg(short = 'r', value_name = "FILE", conflicts_with = "hosts")]
    pub(crate) read: Vec<PathBuf>,

    /// Wait for it to come, or to be finished; for so many seconds, without a number for ever
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true,
          default_missing_value = "inf", value_parser = seconds,
          conflicts_with_all = ["read", "url", "backend", "last_error"])]
    pub(crate) wait: Option<Duration>,

    /// Which table of tags the log uses: 6.0-7.2, 7.3-8.0, 8.0.1-vs or 9.0-vs
    #[arg(long, value_name = "DIALECT")]
    pub(crate) dialect: Option<Dialect>,

    /// As JSON: one object, described in TRACE-JSON.md beside the sources of shellac-render
    #[arg(long, group = "form")]
    pub(crate) json: bool,

    /// As one page of HTML that needs nothing else
    #[arg(long, group = "form", conflicts_with = "hosts")]
    pub(crate) html: bool,

    /// As a command line that sends the client's request once more
    #[arg(long, group = "form")]
    pub(crate) curl: bool,

    /// Replace the values of this header and query parameter too; may be repeated
    #[arg(long, value_name = "NAME", conflicts_with = "no_redact")]
    pub(crate) redact: Vec<String>,

    /// Replace token=, key=, password= and the like in URLs too
    #[arg(long, conflicts_with = "no_redact")]
    pub(crate) redact_query: bool,

    /// Show the values of Authorization, Proxy-Authorization, Cookie and Set-Cookie
    #[arg(long)]
    pub(crate) no_redact: bool,

    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub(crate) color: ColorWhen,

    #[command(flatten)]
    pub(crate) hosts: HostsArgs,

    #[command(flatten)]
    pub(crate) zone: ZoneArgs,
}

impl Args {
    fn redaction(&self) -> Redaction {
        if self.no_redact {
            return Redaction::none();
        }
        let names = self.redact.iter().map(String::as_str);
        Redaction::default().with_names(names).with_parameters(self.redact_query)
    }

    fn selection(&self) -> Selection {
        Selection {
            url: self.url.as_deref().map(Pattern::new),
            backend: self.backend.as_deref().map(Pattern::new),
            failed: self.last_error,
        }
    }
}

/// Runs the tool.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    if args.hosts.are_meant() {
        // It is somewhere, and not everywhere.
        let best = |statuses: &[u8]| {
            if statuses.contains(&0) { 0 } else { statuses.iter().copied().max().unwrap_or(0) }
        };
        return args.hosts.run(args.json, best);
    }
    let places: Vec<Place> = if args.read.is_empty() {
        vec![Place::Log(input::From::live(args.instance.as_deref(), args.wait)?)]
    } else {
        args.read.iter().cloned().map(Place::of_path).collect()
    };
    let how = How { dialect: args.dialect, wait: args.wait };
    let redaction = args.redaction();
    let (matches, mut found) = match args.xid {
        Some(xid) => (None, find::by_number(&places, Vxid(xid), how)?),
        None => {
            let (matches, mut said) = find::by_selection(&places, &args.selection(), how)?;
            if matches.total > 0 && args.list.is_none() {
                let found = find::of_match(&places, &matches, how)?;
                let error = said.error.take().or(found.error);
                let notes = if found.notes.is_empty() { said.notes } else { found.notes };
                said = search::Found { error, notes, ..found };
            }
            (Some(matches), said)
        }
    };
    found.traces.iter_mut().for_each(|trace| trace.redact(&redaction));
    let report = report::Report {
        args: &args,
        places: &places,
        matches: matches.as_ref(),
        found: &found,
        redaction: &redaction,
    };
    report.write()
}

/// The trees around `target` in the log of the instance in `workdir`, newest first, without secrets.
pub(crate) fn find(workdir: &Path, target: Vxid) -> anyhow::Result<Vec<Trace>> {
    let places = [Place::Log(input::From::Live(workdir.to_owned()))];
    let mut traces = find::by_number(&places, target, How::default())?.traces;
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
