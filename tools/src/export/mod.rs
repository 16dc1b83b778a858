//! `shellac export`: a log in the forms of other programs, for engines that exist.
//!
//! `otlp` sends failing groups as traces to a collector, `parquet` writes tables; `seen` is what both know of a
//! transaction.

mod otlp;
mod parquet;
mod seen;

use std::process::ExitCode;

/// Options of `shellac export`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    form: Form,
}

#[derive(clap::Subcommand, Debug)]
enum Form {
    /// Sends failing requests as traces to an OpenTelemetry collector (OTLP/HTTP, JSON)
    Otlp(otlp::Args),
    /// Writes tables of requests and attempts, for DuckDB and whatever reads Parquet
    Parquet(Box<parquet::Args>),
}

/// Runs the tool.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.form {
        Form::Otlp(args) => otlp::run(args),
        Form::Parquet(args) => parquet::run(args),
    }
}
