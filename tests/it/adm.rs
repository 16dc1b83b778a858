//! The command line: stock clients on shellacd, our client on a varnishd, who gets in, and what outlives what.

mod access;
mod client;
mod commands;
mod differences;
mod layout;
mod lives;
mod logged;
mod person;
mod raw;

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Our client with these arguments.
fn adm(arguments: &[&str]) -> Output {
    run(Command::new(env!("CARGO_BIN_EXE_shellac")).arg("adm"), arguments)
}

/// Our client with one command for the instance in `workdir`.
fn ask(workdir: &Path, words: &[&str]) -> Output {
    let workdir = workdir.to_str().unwrap();
    adm(&[&["-n", workdir, "--"], words].concat())
}

/// What a command that succeeds answers, without the newline that the client adds.
fn done(workdir: &Path, words: &[&str]) -> String {
    let output = ask(workdir, words);
    assert!(output.status.success() && output.stderr.is_empty(), "{words:?}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.strip_suffix('\n').unwrap().to_owned()
}

/// The status and the text with which a command fails.
fn refused(workdir: &Path, words: &[&str]) -> (u16, String) {
    let output = ask(workdir, words);
    assert_eq!(output.status.code(), Some(1), "{words:?}: {output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    let code = said.trim().strip_prefix("Command failed with error code ").unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (code.parse().unwrap(), text.strip_suffix('\n').unwrap().to_owned())
}

fn run(command: &mut Command, arguments: &[&str]) -> Output {
    let output = command.args(arguments).stdin(Stdio::null()).output();
    output.unwrap_or_else(|error| panic!("{command:?}: {error}"))
}
