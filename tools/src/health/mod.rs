//! `shellac health`: whether failures concentrate, whether the node is at fault, and how the backends are, from shared memory alone.
//!
//! `state` reads it, `report` shows it, the dashboard shows what the worker says as well. No secret is needed: whoever may read the log may ask.

mod report;
mod state;

use std::io::{ErrorKind, Write, stdout};
use std::process::ExitCode;

use crate::attach::{Patience, attach};
use state::State;

pub(crate) use report::NODE_FAULT;
pub(crate) use state::{Judgement, Verdict};

/// The exit status when something is wrong.
const EXIT_WRONG: u8 = 3;

/// What stands below the options.
const AFTER: &str = "\
The exit status is 0 when nothing is wrong, 3 when failures concentrate, packets do not leave this node, or no worker runs, and 1 when \
that cannot be told.";

/// Options of `shellac health`.
#[derive(clap::Args, Debug)]
#[command(after_help = AFTER)]
pub(crate) struct Args {
    /// Instance: an absolute path of a working directory, or a name
    #[arg(short = 'n', value_name = "NAME")]
    instance: Option<String>,

    /// How many seconds to wait for the instance; "off" for ever
    #[arg(short = 't', value_name = "SECONDS", default_value = "0")]
    patience: String,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the tool.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let patience = Patience::parse(&args.patience)?;
    let Some(attached) = attach(args.instance.as_deref(), patience, &|| false)? else {
        anyhow::bail!("no instance")
    };
    let state = State::read(&attached.attachment)?;
    let text = if args.json {
        format!("{:#}\n", report::json(&state))
    } else {
        report::text(&state, chrono::Local::now())
    };
    match stdout().lock().write_all(text.as_bytes()).and_then(|()| stdout().flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ if state.is_wrong() => Ok(ExitCode::from(EXIT_WRONG)),
        _ => Ok(ExitCode::SUCCESS),
    }
}

#[cfg(test)]
mod tests;
