//! The table of options of a stock tool, and what is made from it: the usage text and parts of the manual page.

use std::fmt::Write as _;

/// One option.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// The letter after the dash.
    pub(crate) letter: char,
    /// What its argument is called, if it has one.
    pub(crate) value: Option<&'static str>,
    /// The few words that the usage text of the stock tool has for it.
    pub(crate) usage: &'static str,
    /// What `--help` of our own tool says.
    pub(crate) help: &'static str,
    /// What is said of it under the stock name, where it does something else there.
    pub(crate) stock_help: Option<&'static str>,
}

pub(crate) const fn flag(letter: char, usage: &'static str, help: &'static str) -> Row {
    Row { letter, value: None, usage, help, stock_help: None }
}

pub(crate) const fn valued(
    letter: char,
    value: &'static str,
    usage: &'static str,
    help: &'static str,
) -> Row {
    Row { letter, value: Some(value), usage, help, stock_help: None }
}

/// Width of the left column of the usage text.
const SYNOPSIS_WIDTH: usize = 25;

impl Row {
    /// The same option, of which this is said under the stock name.
    pub(crate) const fn under_stock_name(self, help: &'static str) -> Row {
        Row { stock_help: Some(help), ..self }
    }

    fn synopsis(&self) -> String {
        match self.value {
            Some(value) => format!("[-{} {value}]", self.letter),
            None => format!("[-{}]", self.letter),
        }
    }
}

/// What getopt is told: the letters, a colon behind those that have an argument.
pub(crate) fn optstring(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        text.push(row.letter);
        if row.value.is_some() {
            text.push(':');
        }
    }
    text
}

/// All options in one line.
pub(crate) fn synopsis(rows: &[Row]) -> String {
    let parts: Vec<String> = rows.iter().map(Row::synopsis).collect();
    parts.join(" ")
}

/// The usage text for a program of this name.
pub(crate) fn usage(rows: &[Row], program: &str) -> String {
    let mut text = format!("Usage: {program} <options>\n\nOptions:\n");
    for row in rows {
        let _ = writeln!(text, " {:SYNOPSIS_WIDTH$} {}", row.synopsis(), row.usage);
    }
    text
}

/// Each option with its help, as the manual page of the stock tool has it.
pub(crate) fn descriptions(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        let synopsis = row.synopsis();
        let synopsis = synopsis.trim_matches(['[', ']']);
        let _ = writeln!(text, "{synopsis}\n\n\t{}.\n", row.stock_help.unwrap_or(row.help));
    }
    text
}
