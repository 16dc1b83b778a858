//! `shellac why`: what failing requests have in common that good ones do not have.
//!
//! `read` takes groups from what `input` opens, `compare` counts them, `report` and `json` say what came of it;
//! `screen` does so once a second on a terminal.

mod compare;
mod input;
mod json;
mod read;
mod report;
mod screen;

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use shellac_format::Dialect;

use crate::color::page_columns;
use crate::hosts::HostsArgs;
use crate::reading::signals::Signals;
use compare::Comparison;
use input::Place;
use read::{Ended, Notes, Watch};
use screen::Screen;

/// Options of `shellac why`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Failing is, without -q: an attempt at a backend failed, or the answer has a status of \
                  500 or more. Each request counts once, with its first attempt. Something is named when \
                  chance does that in fewer than one of 1000 such comparisons, it holds for most failures, \
                  and requests for which it holds fail at least three times as often as the others."
)]
pub(crate) struct Args {
    /// Explain the groups that this query selects, against all others
    #[arg(short = 'q', value_name = "QUERY")]
    query: Option<String>,

    /// Instance: an absolute path of a working directory, or a name
    #[arg(short = 'n', value_name = "NAME", conflicts_with = "read")]
    instance: Option<String>,

    /// Read a file of records (also compressed with zstd) or all of a directory, instead of a live log; "-" for
    /// standard input. May be repeated: each file is an instance
    #[arg(short = 'r', value_name = "FILE", num_args = 1.., conflicts_with = "hosts")]
    read: Vec<PathBuf>,

    /// Only what is in the log now
    #[arg(short = 'd', conflicts_with_all = ["read", "duration", "hosts"])]
    dump: bool,

    /// Stop after this time, like 30s or 5m; without it a live log is read until the program is interrupted
    #[arg(long = "for", value_name = "TIME", id = "duration", value_parser = shellac_config::parse_duration, conflicts_with_all = ["read", "hosts"])]
    duration: Option<Duration>,

    /// Which table of tags the log uses: 6.0-7.2, 7.3-8.0, 8.0.1-vs or 9.0-vs
    #[arg(long, value_name = "DIALECT")]
    dialect: Option<Dialect>,

    /// One JSON object instead of text
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    hosts: HostsArgs,
}

/// Runs the tool. Exit status 1 when not everything could be read.
#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut comparison = Comparison::new(args.query.as_deref(), std::hash::RandomState::new())?;
    let signals = Signals::install(false)?;
    let places = input::places(args, &signals)?;
    let Some(places) = places else { return Ok(ExitCode::SUCCESS) };
    let live = matches!(places[..], [Place::Live(_)]);
    let name_instances = places.len() > 1;
    let until = args.duration.and_then(|duration| Instant::now().checked_add(duration));
    let mut screen = None;
    if live && !args.dump && !args.json && io::stdout().is_terminal() {
        screen = Some(Screen::open()?);
    } else if live && !args.dump && until.is_none() {
        eprintln!("shellac: reading until it is interrupted; --for 30s would end by itself");
    }
    let mut failed = false;
    for place in &places {
        let mut watch =
            Watch { signals: &signals, until, screen: screen.as_mut(), notes: Notes::default() };
        let name = place.name();
        let instance = name_instances.then_some(name.as_str());
        let result = place
            .open(args)
            .and_then(|mut opened| read::read(&mut opened, instance, &mut comparison, &mut watch));
        let notes = std::mem::take(&mut watch.notes);
        if place.is_last(&places) || result.is_err() {
            // What is said now must not go away with the screen.
            if let Some(screen) = &mut screen {
                screen.close();
            }
        }
        notes.into_lines().iter().for_each(|note| eprintln!("shellac: {note}"));
        match result {
            Ok(Ended::Whole) => {}
            Ok(Ended::Stopped) => break,
            Err(error) => {
                eprintln!("shellac: {error:#}");
                failed = true;
            }
        }
    }
    drop(screen);
    let verdict = comparison.verdict();
    let text =
        if args.json { json::text(&verdict)? } else { report::text(&verdict, page_columns()) };
    match io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
