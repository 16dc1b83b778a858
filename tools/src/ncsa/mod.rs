//! `shellac ncsa`: a line per transaction, as an access log has it, in any format of varnishncsa.
//!
//! `table` has the options, `args` and `stock` read them, `settings` is what they stand for. Grouping and selecting is
//! `reading`'s, lines are made by `shellac_render::ncsa`, and `output` writes them, to files that are begun anew where that is asked for.

mod args;
mod output;
mod settings;
mod stock;
mod table;

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;

pub(crate) use args::Args;
use output::Output;
use settings::Settings;
use shellac_log::Compat;

use crate::compat;
use crate::reading::follow::{Prepared, prepare};
use crate::reading::stock as front;
use crate::reading::target;

/// Names under which the program is this tool of somebody else.
pub(crate) const STOCK_NAMES: [&str; 2] = ["varnishncsa", "vinylncsa"];

/// Runs the tool under one of them.
pub(crate) fn run_as(program: &OsStr) -> ExitCode {
    let name = Path::new(program).file_name().unwrap_or(program).to_string_lossy();
    let variable = std::env::var("SHELLAC_COMPAT").ok();
    // What is wrong with the variable is said when the command line is read.
    match compat::decide(&name, variable.as_deref()) {
        Ok(Some(Compat::V9)) => front::run_as::<stock::Newer>(program),
        _ => front::run_as::<stock::Older>(program),
    }
}

/// Runs the tool.
pub(crate) fn main(args: Args) -> anyhow::Result<ExitCode> {
    if args.version() {
        return target::say(&format!("shellac ncsa {}\n", env!("CARGO_PKG_VERSION")));
    }
    run(args::settings(&args)?)
}

/// Does what was asked for.
fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    match prepare(&settings.reading)? {
        Prepared::Over(code) => Ok(code),
        Prepared::Ready(ready) => {
            ready.run(&settings.reading, |dialect| Output::open(&settings, dialect))
        }
    }
}
