//! Whether standard output gets colours, and how wide it is.

use std::io::{IsTerminal, stdout};

/// Columns of a page that goes to no terminal.
const PAGE_COLUMNS: usize = 80;
/// Lines longer than this are hard to read, however wide the terminal is.
const WIDEST_COLUMNS: usize = 120;

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// In pipes and files too
    Always,
    /// Not at all
    Never,
}

impl ColorWhen {
    /// What that means for standard output now.
    pub(crate) fn decide(self) -> bool {
        match self {
            ColorWhen::Always => true,
            ColorWhen::Never => false,
            ColorWhen::Auto => {
                let forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
                stdout().is_terminal() && !forbidden && !dumb
            }
        }
    }
}

/// Columns to fill with text on standard output.
pub(crate) fn page_columns() -> usize {
    terminal_columns().min(WIDEST_COLUMNS)
}

/// All columns of standard output, for what gets better with every one of them.
pub(crate) fn terminal_columns() -> usize {
    match rustix::termios::tcgetwinsize(stdout()) {
        Ok(size) if size.ws_col > 0 => usize::from(size.ws_col),
        _ => PAGE_COLUMNS,
    }
}
