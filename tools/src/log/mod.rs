//! `shellac log`: records, live or from a file, grouped and printed or copied to a file.
//!
//! `args` turns the command line into settings, `input` opens what is read, `run` is the loop between
//! input and `output`.

mod args;
mod input;
mod loss_text;
mod output;
mod queue;
mod record_filter;
mod run;
mod signals;

use std::process::ExitCode;

pub(crate) use args::Args;

/// Runs the tool.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    if args.version {
        println!("shellac log {}", env!("CARGO_PKG_VERSION"));
        return Ok(ExitCode::SUCCESS);
    }
    run::run(&args.settings()?)
}
