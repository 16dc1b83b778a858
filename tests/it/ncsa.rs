//! `shellac ncsa`, and under the stock name beside varnishncsa.

mod made_up;
mod matrix;
mod own;
mod recorded;
mod service;

use std::process::{Command, Output, Stdio};

/// What `shellac ncsa` does with these arguments.
fn output(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shellac"))
        .arg("ncsa")
        .args(args)
        .env_remove("SHELLAC_COMPAT")
        .env_remove("SHELLAC_N")
        .stdin(Stdio::null())
        .output()
        .expect("it starts")
}

/// What it prints, when it has nothing to complain of but that files end in the middle of something.
fn lines(args: &[&str]) -> String {
    let output = output(args);
    let said = String::from_utf8_lossy(&output.stderr);
    let is_fine = said.lines().all(|line| line.contains(" not complete when the log ended"));
    assert!(output.status.success() && is_fine, "{args:?}: {said}");
    String::from_utf8(output.stdout).expect("text")
}
