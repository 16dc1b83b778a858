//! `shellac export`: traces to a small collector, tables read back.

mod collector;
mod live;
mod otlp;
mod parquet;
mod running;
mod tables;

use std::process::{Command, Output, Stdio};

pub(crate) use parquet::{python as duckdb_python, without_duckdb};

use crate::support::fixture::unpacked_archive;
use running::Running;

/// A `shellac export` with these arguments that inherits nothing that could decide for it.
fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
    command.arg("export").args(args).stdin(Stdio::null());
    for variable in [
        "SHELLAC_N",
        "VARNISH_DEFAULT_N",
        "VSM_NOPID",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_HEADERS",
        "OTEL_EXPORTER_OTLP_CERTIFICATE",
        "OTEL_SERVICE_NAME",
    ] {
        command.env_remove(variable);
    }
    command
}

/// Runs it to its end.
fn output(args: &[&str]) -> Output {
    command(args).output().expect("shellac starts")
}

/// What it said on standard error; it must end with success.
fn said(args: &[&str]) -> String {
    let output = output(args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{args:?}: {said}");
    said
}

/// Recorded captures, in a directory that goes away with the value.
struct Captures(tempfile::TempDir);

impl Captures {
    fn unpack() -> Captures {
        Captures(unpacked_archive("captures/captures.tar.zst"))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(format!("{name}.vsl")).to_str().expect("it is text").to_owned()
    }
}
