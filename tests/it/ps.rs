//! `shellac ps`: what is in flight, through restarts, beside the stock tools, and on a varnishd.

mod phases;
mod restarts;
mod stock;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// Runs it once.
fn ps(workdir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shellac"))
        .arg("ps")
        .args(args)
        .arg("-n")
        .arg(workdir)
        .stdin(Stdio::null())
        .output()
        .expect("shellac starts")
}

/// What it writes as text.
fn text(workdir: &Path, args: &[&str]) -> String {
    let output = ps(workdir, args);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("it is ASCII")
}

/// What it writes as JSON.
fn json(workdir: &Path, args: &[&str]) -> Value {
    let text = text(workdir, &[&["--json"], args].concat());
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The requests of such an object.
fn requests(object: &Value) -> &[Value] {
    object["requests"].as_array().expect("a list of requests")
}
