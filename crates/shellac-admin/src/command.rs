//! Commands as rows of a table: what `help` shows, and what is checked before one is run.

use std::time::Duration;

use crate::json::{Envelope, quoted};
use crate::{Answer, Status, SyntaxError};

/// What everybody is told who asks for what is not there.
const UNKNOWN: &str = "Unknown request.\nType 'help' for more info.\n";

/// Who runs a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The connection that it came over.
    Session,
    /// The manager.
    Manager,
    /// The worker; without one the command is unknown.
    Worker,
}

/// One command.
#[derive(Debug)]
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// Other names of it, which `help` does not list.
    pub aliases: &'static [&'static str],
    /// The line that `help` shows.
    pub syntax: &'static str,
    /// What it does, in a sentence or two.
    pub help: &'static str,
    /// Fewest words behind the name; a `-j` in front of them does not count.
    pub least: usize,
    /// Most of them.
    pub most: Option<usize>,
    /// Whether `-j` gives JSON.
    pub json: bool,
    /// Whether it changes something, so that it is worth a note who asked for it.
    pub changes: bool,
    /// Who runs it.
    pub place: Place,
}

/// A request that fits its row.
#[derive(Debug, Clone)]
pub struct Call {
    /// The command.
    pub row: &'static Row,
    /// Whether the answer shall be JSON.
    pub json: bool,
    /// What stands behind the name, without the `-j`.
    pub args: Vec<String>,
    /// The request as it came, which JSON repeats.
    pub words: Vec<String>,
}

/// The commands of one server.
#[derive(Debug, Clone)]
pub struct Commands {
    rows: Vec<&'static Row>,
}

/// The commands that every connection has.
const SESSION_ROWS: &[Row] = &[
    Row {
        name: "auth",
        aliases: &[],
        syntax: "auth <response>",
        help: "Authenticate.",
        least: 1,
        most: Some(1),
        json: false,
        changes: false,
        place: Place::Session,
    },
    Row {
        name: "banner",
        aliases: &[],
        syntax: "banner",
        help: "Print welcome banner.",
        least: 0,
        most: Some(0),
        json: false,
        changes: false,
        place: Place::Session,
    },
    Row {
        name: "help",
        aliases: &[],
        syntax: "help [-j|<command>]",
        help: "Show command/protocol help.",
        least: 0,
        most: Some(1),
        json: true,
        changes: false,
        place: Place::Session,
    },
    Row {
        name: "ping",
        aliases: &[],
        syntax: "ping [-j] [<timestamp>]",
        help: "Keep connection alive.",
        least: 0,
        most: Some(1),
        json: true,
        changes: false,
        place: Place::Session,
    },
    Row {
        name: "quit",
        aliases: &[],
        syntax: "quit",
        help: "Close connection.",
        least: 0,
        most: Some(0),
        json: false,
        changes: false,
        place: Place::Session,
    },
];

impl Commands {
    /// The commands of these tables, and those that every connection has.
    #[must_use]
    pub fn new(tables: &[&'static [Row]]) -> Commands {
        let mut rows: Vec<&'static Row> =
            SESSION_ROWS.iter().chain(tables.iter().copied().flatten()).collect();
        rows.sort_by_key(|row| row.name);
        Commands { rows }
    }

    /// All rows, by name.
    #[must_use]
    pub fn rows(&self) -> &[&'static Row] {
        &self.rows
    }

    /// Finds a command by its name or another name of it.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&'static Row> {
        self.rows.iter().copied().find(|row| row.name == name || row.aliases.contains(&name))
    }

    /// Whether a request can be run.
    ///
    /// # Errors
    ///
    /// The answer that says what is wrong with it.
    pub fn check(&self, words: Vec<String>, worker_runs: bool) -> Result<Call, Answer> {
        let name = words.first().map_or("", String::as_str);
        let found = self.find(name).filter(|row| worker_runs || row.place != Place::Worker);
        let row = found.ok_or_else(|| unknown(name, worker_runs))?;
        let json = words.get(1).is_some_and(|word| word == "-j");
        if json && !row.json {
            return Err(Answer::new(Status::UNIMPLEMENTED, "JSON unimplemented\n"));
        }
        let args = words[1 + usize::from(json)..].to_vec();
        if args.len() < row.least {
            return Err(Answer::new(Status::TOO_FEW, "Too few parameters\n"));
        }
        if row.most.is_some_and(|most| args.len() > most) {
            return Err(Answer::new(Status::TOO_MANY, "Too many parameters\n"));
        }
        Ok(Call { row, json, args, words })
    }

    /// The answer to `help`.
    #[must_use]
    pub fn help(&self, call: &Call, now: Duration) -> Answer {
        if call.json {
            let items: Vec<String> = self.rows.iter().map(|row| described(row)).collect();
            return Answer::ok(Envelope::new(2, &call.words, now).block(&items.join(",\n")));
        }
        match call.args.first() {
            None => {
                let lines: Vec<&str> = self.rows.iter().map(|row| row.syntax).collect();
                Answer::ok(lines.join("\n") + "\n")
            }
            Some(name) if name.starts_with('-') => Answer::new(Status::UNKNOWN, "Unknown flag\n"),
            Some(name) => match self.find(name) {
                Some(row) => Answer::ok(format!("{}\n{}\n", row.syntax, row.help)),
                None => Answer::new(Status::UNKNOWN, UNKNOWN),
            },
        }
    }
}

fn described(row: &Row) -> String {
    let most = row.most.map_or("-1".to_owned(), |most| most.to_string());
    format!(
        "  {{\n    \"request\": {},\n    \"syntax\": {},\n    \"help\": {},\n    \"minarg\": {},\n    \
         \"maxarg\": {most},\n    \"flags\": \"\",\n    \"json\": {}\n  }}",
        quoted(row.name),
        quoted(row.syntax),
        quoted(row.help),
        row.least,
        row.json
    )
}

/// The answer to a request that nobody knows.
pub(crate) fn unknown(name: &str, worker_runs: bool) -> Answer {
    let begins_well = name.starts_with(|first: char| first.is_ascii_lowercase());
    if begins_well && !worker_runs {
        let text =
            "Unknown request in manager process (child not running).\nType 'help' for more info.";
        return Answer::new(Status::UNKNOWN, text);
    }
    let mut text = UNKNOWN.to_owned();
    if name.contains(|c: char| c.is_ascii_uppercase()) {
        text.push_str("all commands are in lower-case.\n");
    }
    Answer::new(Status::UNKNOWN, text)
}

impl From<SyntaxError> for Answer {
    fn from(error: SyntaxError) -> Answer {
        Answer::new(Status::SYNTAX, format!("{UNKNOWN}Syntax Error: {error}\n"))
    }
}

#[cfg(test)]
mod tests;
