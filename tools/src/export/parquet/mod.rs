//! `shellac export parquet`: a table with a row for each request and each attempt, for engines that read Parquet.
//!
//! `rows` makes rows of groups, in the order of the table in `columns`, which also collects them; `file` writes what is
//! collected, beside the file that is asked for until all of it is there. Captures of a fleet are read one after the
//! other; `live` follows a log and makes one table after the other, in a directory that `folder` looks after.

mod columns;
mod file;
mod folder;
mod live;
mod rows;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use shellac_format::Dialect;
use shellac_log::{Compat, GivenUp, Grouper, Grouping, Input, Limits, Source};
use shellac_query::Query;
use shellac_render::redact::Redaction;

use file::Table;
use rows::Rows;

use crate::reading::{files_of, name_of, open_file};

/// Options of `shellac export parquet`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Read files (.zst too) or directories of captures instead of a live log; "-": standard input
    #[arg(short = 'r', value_name = "FILE|DIR")]
    read: Vec<PathBuf>,

    /// Instance: an absolute path of a working directory, or a name
    #[arg(short = 'n', value_name = "DIR", conflicts_with = "read")]
    instance: Option<String>,

    /// How long to wait for the instance, in seconds (default: 5), or "off" for ever
    #[arg(short = 't', value_name = "SECONDS|off", conflicts_with = "read")]
    patience: Option<String>,

    /// Read what the live log holds, and stop
    #[arg(short = 'd', conflicts_with = "read")]
    dump: bool,

    /// Write this file; one that is there is replaced when all is written. While a log is followed: the directory
    /// of the tables, requests-TIME.parquet
    #[arg(short = 'o', value_name = "FILE|DIR", required = true)]
    output: PathBuf,

    /// Following a log, begin a new table when this one has about so many bytes (K, M or G), or when so much time of the clock is
    /// over (s, m, h or d); both may be given (default: 1h and 256M)
    #[arg(long, value_name = "SIZE|TIME", conflicts_with_all = ["read", "dump"])]
    rotate: Vec<String>,

    /// Following a log, keep so many tables, the newest (default: 168)
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["read", "dump"])]
    keep: Option<String>,

    /// End with status 3 if any records of a live log were lost
    #[arg(long, conflicts_with = "read")]
    fail_on_loss: bool,

    /// Only requests that this query selects
    #[arg(short = 'q', value_name = "QUERY", value_parser = query)]
    query: Option<Query>,

    /// Replace the values of this query parameter too; may be repeated
    #[arg(long, value_name = "NAME")]
    redact: Vec<String>,

    /// Replace token=, key=, password= and the like in URLs
    #[arg(long)]
    redact_query: bool,

    /// Table of tags: 6.0-7.2, 7.3-8.0, 8.0.1-vs, 9.0-vs
    #[arg(long, value_name = "DIALECT")]
    dialect: Option<Dialect>,
}

fn query(text: &str) -> Result<Query, String> {
    Query::parse(text).map_err(|error| error.to_string())
}

/// Bytes of requests that are not complete; more than that, and the oldest come out as they are.
const OPEN_MAX_BYTES: usize = 256 << 20;

/// Runs the tool.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.read.is_empty() {
        return live::run(args);
    }
    let files = files_of(&args.read)?;
    let redaction = redaction(args);
    let mut table = Table::create(&args.output)?;
    let mut code = ExitCode::SUCCESS;
    for path in &files {
        let rows = Rows::new(&name_of(path), &redaction);
        // One that cannot be read to its end does not keep the others from it.
        match read(args, path, &rows, &mut table) {
            Ok(()) => {}
            Err(Trouble::Log(error)) => {
                eprintln!("shellac: {error:#}");
                code = ExitCode::FAILURE;
            }
            Err(Trouble::Table(error)) => return Err(error),
        }
    }
    if code == ExitCode::FAILURE && table.is_empty() {
        eprintln!("shellac: nothing could be read, so {} is left as it is", args.output.display());
        return Ok(code);
    }
    let rows = table.finish()?;
    eprintln!("shellac: {}: {rows} rows", args.output.display());
    Ok(code)
}

fn redaction(args: &Args) -> Redaction {
    let names = args.redact.iter().map(String::as_str);
    Redaction::default().with_names(names).with_parameters(args.redact_query)
}

/// What went wrong.
enum Trouble {
    Log(anyhow::Error),
    Table(anyhow::Error),
}

fn read(
    args: &Args,
    path: &std::path::Path,
    rows: &Rows<'_>,
    table: &mut Table,
) -> Result<(), Trouble> {
    let mut source = open_file(path, args.dialect).map_err(Trouble::Log)?;
    let mut reading: Option<(Grouper, Option<Query>)> = None;
    let result = loop {
        match source.next() {
            Ok(Input::Opened | Input::Reacquired) => {
                let dialect = source.choice().dialect;
                reading = Some(begin(args, dialect).map_err(Trouble::Log)?);
            }
            Ok(Input::Row(records)) => {
                if let Some((grouper, _)) = &mut reading {
                    // A file's time is not ours: nothing gets old.
                    grouper.row(records, Duration::ZERO);
                }
            }
            Ok(Input::Unit(records)) => {
                if let Some((grouper, _)) = &mut reading {
                    grouper.unit(records, Duration::ZERO);
                }
            }
            Ok(Input::End) => break Ok(()),
            Ok(_) => {}
            Err(error) => break Err(error),
        }
        drain(&mut reading, rows, table)?;
    };
    // What was read before an error is kept in any case.
    if let Some((grouper, _)) = &mut reading {
        grouper.give_up_all(GivenUp::Flush);
    }
    drain(&mut reading, rows, table)?;
    result.with_context(|| name_of(path)).map_err(Trouble::Log)
}

fn begin(args: &Args, dialect: Dialect) -> anyhow::Result<(Grouper, Option<Query>)> {
    let limits =
        Limits { timeout: Duration::MAX, open_max: usize::MAX, open_max_bytes: OPEN_MAX_BYTES };
    let grouper = Grouper::new(Grouping::Request, dialect, limits).with_orphans(true);
    let query = args.query.as_ref();
    let query = query.map(|query| query.with_compat(Compat::of_dialect(dialect))).transpose();
    Ok((grouper, query.map_err(|error| anyhow::anyhow!("-q: {error}"))?))
}

fn drain(
    reading: &mut Option<(Grouper, Option<Query>)>,
    rows: &Rows<'_>,
    table: &mut Table,
) -> Result<(), Trouble> {
    let Some((grouper, query)) = reading else { return Ok(()) };
    while let Some(group) = grouper.pop() {
        if query.as_ref().is_none_or(|query| query.selects(&group.transactions)) {
            rows.of_group(&group, |row| table.push(row)).map_err(Trouble::Table)?;
        }
        grouper.recycle(group);
    }
    Ok(())
}
