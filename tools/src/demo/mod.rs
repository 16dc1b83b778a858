//! The `demo` tool.

use std::process::ExitCode;

/// Options of `demo`.
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs the tool.
pub fn run(_args: Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not there yet")
}
