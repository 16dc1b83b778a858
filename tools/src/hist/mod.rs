//! `shellac hist`: how a number of transactions is spread, hits and misses, over powers of ten; live on a screen or once as text
//! or JSON.
//!
//! `table` has the options, which `args` and `stock` read, `settings` is what they stand for and `profile` what is measured.
//! Reading is `reading`'s, which hands groups to `samples`. `view` and `screen` show them, `batch` writes them; `bend` is
//! how fast the time of the log goes.

mod args;
mod batch;
mod bend;
mod profile;
mod samples;
mod screen;
mod settings;
mod stock;
mod table;
mod view;

use std::ffi::OsStr;
use std::process::ExitCode;

pub(crate) use args::Args;
use settings::{Output, Settings};

use crate::reading::stock as front;
use crate::reading::target;

/// Names under which the program is this tool of somebody else.
pub(crate) const STOCK_NAMES: [&str; 2] = ["varnishhist", "vinylhist"];

/// Runs the tool under one of them.
pub(crate) fn run_as(program: &OsStr) -> ExitCode {
    front::run_as::<stock::Stock>(program)
}

/// Runs the tool.
pub(crate) fn main(args: &Args) -> anyhow::Result<ExitCode> {
    if args.version() {
        return target::say(&format!("shellac hist {}\n", env!("CARGO_PKG_VERSION")));
    }
    run(args::settings(args)?)
}

/// Does what was asked for.
fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    if settings.output == Output::Screen { screen::run(settings) } else { batch::run(&settings) }
}
