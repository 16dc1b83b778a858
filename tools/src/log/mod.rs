//! `shellac log`: records, live or from a file, grouped and printed or copied to a file.
//!
//! `table` has the options; two front ends read them, `args` with clap for `shellac log` and `stock` as
//! getopt does for the names of the stock tools; `settings` is what they stand for. `input` opens what is
//! read, `run` is the loop between input and `output`, `pass` what happens to records in it.

mod args;
mod input;
mod notices;
mod output;
mod pass;
mod rate;
mod run;
mod settings;
mod stock;
mod table;
mod window;

use std::process::ExitCode;

pub(crate) use args::Args;
pub(crate) use stock::run_as;

/// Names under which the program is this tool of somebody else.
pub(crate) const STOCK_NAMES: [&str; 2] = ["varnishlog", "vinyllog"];

/// Runs the tool.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    if args.version() {
        println!("shellac log {}", env!("CARGO_PKG_VERSION"));
        return Ok(ExitCode::SUCCESS);
    }
    run::run(&args.settings()?)
}
