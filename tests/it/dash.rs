//! The dashboard in a terminal: beside varnishstat, on what a varnishd and a shellacd publish, through everything that may happen to
//! them and to it.

mod stock;
mod terminal;
mod values;

use std::path::Path;

use crate::support::tmux::Terminal;

/// The program in a shell command.
fn shellac() -> String {
    format!("'{}'", env!("CARGO_BIN_EXE_shellac"))
}

/// `shellac stat -n WORKDIR` and more, on the screen of counters.
fn stat(workdir: &Path, more: &str) -> String {
    format!("{} stat -n '{}' {more}", shellac(), workdir.display())
}

/// A terminal; whether there is tmux was asked before.
fn terminal((columns, rows): (u16, u16), command: &str) -> Terminal {
    Terminal::start(columns, rows, command).expect("tmux was there")
}
