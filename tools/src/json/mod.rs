//! `shellac json`: groups as lines of JSON, live or from a file.
//!
//! `table` has the options, `settings` what they stand for, `output` writes. Opening, grouping and selecting is
//! `reading`'s, and what a line looks like `shellac_render::json`'s.

mod output;
mod settings;
mod table;

use std::process::ExitCode;

use output::Output;
use settings::Settings;

use crate::reading::follow::{Prepared, prepare};
use crate::reading::options::Options;
use crate::reading::target;

/// Options of `shellac json`.
pub(crate) type Args = Options<table::JsonTable>;

/// Runs the tool.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.version() {
        return target::say(&format!("shellac json {}\n", env!("CARGO_PKG_VERSION")));
    }
    if args.own().iter().any(|(name, _)| *name == table::PRINT_SCHEMA) {
        return target::say(shellac_render::json::SCHEMA_FILE);
    }
    let settings = Settings::of(args)?;
    match prepare(&settings.reading)? {
        Prepared::Over(code) => Ok(code),
        Prepared::Ready(ready) => {
            ready.run(&settings.reading, |dialect| Output::open(&settings, dialect))
        }
    }
}
