//! `shellac json`: groups as lines of JSON, live or from a file.
//!
//! `table` has the options, `settings` what they stand for, `output` writes. Opening, grouping and selecting is
//! `reading`'s, and what a line looks like `shellac_render::json`'s.

mod output;
mod settings;
mod table;

use std::io::Write;
use std::process::ExitCode;

use output::Output;
use settings::Settings;

use crate::reading::follow::{Prepared, prepare};
use crate::reading::options::Options;

/// Options of `shellac json`.
pub(crate) type Args = Options<table::JsonTable>;

/// Runs the tool.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.version() {
        println!("shellac json {}", env!("CARGO_PKG_VERSION"));
        return Ok(ExitCode::SUCCESS);
    }
    if args.own().iter().any(|(name, _)| *name == table::PRINT_SCHEMA) {
        std::io::stdout().write_all(shellac_render::json::SCHEMA_FILE.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let settings = Settings::of(args)?;
    match prepare(&settings.reading)? {
        Prepared::Over(code) => Ok(code),
        Prepared::Ready(ready) => {
            ready.run(&settings.reading, |dialect| Output::open(&settings, dialect))
        }
    }
}
