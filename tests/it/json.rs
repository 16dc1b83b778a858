//! `shellac json` against its schema, against recorded output of varnishlog-json, and against `shellac log`.

mod options;
mod recorded;

use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A tool of shellac with these arguments that inherits nothing that could decide for it.
fn tool(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
    command.args(args).stdin(Stdio::null());
    for variable in ["SHELLAC_N", "VARNISH_DEFAULT_N", "VSM_NOPID"] {
        command.env_remove(variable);
    }
    command
}

/// Runs it to its end.
fn output(args: &[&str]) -> Output {
    tool(args).output().expect("shellac starts")
}

/// What `shellac json` prints; it must end with success.
fn text(args: &[&str]) -> String {
    let output = output(&[&["json"], args].concat());
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {complaint}");
    String::from_utf8(output.stdout).expect("JSON is UTF-8")
}

/// Its lines as values.
fn values(args: &[&str]) -> Vec<Value> {
    let text = text(args);
    assert!(text.is_empty() || text.ends_with('\n'), "{args:?}: the last line is whole");
    let parse = |line: &str| {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{args:?}: {error} in {line}"))
    };
    text.lines().map(parse).collect()
}
