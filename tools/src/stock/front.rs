//! What every tool under a stock name answers before it does anything.

use std::ffi::OsStr;
use std::io::Write;
use std::process::ExitCode;

use super::table::{self, Row};

/// The parts of a manual page, for an argument that is alone.
pub(crate) fn part(rows: &[Row], argument: &OsStr) -> Option<String> {
    match argument.to_str()? {
        "--optstring" => Some(table::optstring(rows) + "\n"),
        "--synopsis" => Some(format!(".. |synopsis| replace::  {}\n", table::synopsis(rows))),
        "--options" => Some(table::descriptions(rows)),
        _ => None,
    }
}

/// What `-V` says.
pub(crate) fn version(program: &str) -> String {
    format!("{program} (shellac {})\n", env!("CARGO_PKG_VERSION"))
}

/// Writes a text that is all there is to say.
pub(crate) fn print(mut to: impl Write, text: &[u8]) -> ExitCode {
    match to.write_all(text).and_then(|()| to.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
