//! `shellac log`: records, live or from a file, grouped and printed or copied to a file.
//!
//! `table` has the options; two front ends read them, `args` with clap for `shellac log` and `stock` as
//! getopt does for the names of the stock tools; `settings` is what they stand for. Opening, grouping and selecting is
//! `reading`'s, which hands groups to `output`.

mod args;
mod output;
mod settings;
mod stock;
mod table;

use std::ffi::OsStr;
use std::process::ExitCode;

pub(crate) use args::Args;
use output::Output;
use settings::Settings;

use crate::reading::follow::{Prepared, prepare};
use crate::reading::settings::Manner;
use crate::reading::stock as front;
use crate::reading::target;

/// Names under which the program is this tool of somebody else.
pub(crate) const STOCK_NAMES: [&str; 2] = ["varnishlog", "vinyllog"];

/// Runs the tool under one of them.
pub(crate) fn run_as(program: &OsStr) -> ExitCode {
    front::run_as::<stock::Stock>(program)
}

/// Runs the tool.
pub(crate) fn main(args: Args) -> anyhow::Result<ExitCode> {
    if args.version() {
        return target::say(&format!("shellac log {}\n", env!("CARGO_PKG_VERSION")));
    }
    run(&args::settings(&args)?)
}

/// Does what was asked for.
fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    let Settings { reading, to, opened } = settings;
    let prepared = prepare(reading).inspect_err(|_| {
        if reading.manner == Manner::Stock {
            output::leave_magic(to, opened.as_ref(), reading.filter.compat);
        }
    });
    match prepared? {
        Prepared::Over(code) => Ok(code),
        Prepared::Ready(ready) => ready.run(reading, |dialect| Output::open(settings, dialect)),
    }
}
