//! `shellac log` on files and recorded directories against recorded output.

mod announced;
mod color;
mod damaged;
mod limits;
mod options;
mod recorded;
mod service;
mod window;
mod window_live;

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};

/// A `shellac log` with these arguments that inherits nothing that could decide for it.
fn command<S: AsRef<OsStr>>(args: &[S]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
    command.arg("log").args(args).stdin(Stdio::null());
    for variable in ["SHELLAC_N", "VARNISH_DEFAULT_N", "VSM_NOPID"] {
        command.env_remove(variable);
    }
    command
}

/// Runs it to its end.
fn output<S: AsRef<OsStr>>(args: &[S]) -> Output {
    command(args).output().expect("shellac starts")
}

/// What it prints; it must end with success and say nothing on standard error.
fn text<S: AsRef<OsStr>>(args: &[S]) -> Vec<u8> {
    let output = output(args);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaint.is_empty(), "{complaint}");
    output.stdout
}
