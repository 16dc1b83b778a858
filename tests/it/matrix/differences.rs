//! What we do differently on purpose: a list with the command, both outputs and the reason.

use crate::support::beside::{Beside, words};
use crate::support::fixture;

/// One row of the list.
#[derive(Debug)]
pub(super) struct Difference {
    command: Vec<String>,
    ours: String,
    theirs: String,
    reason: String,
}

impl Difference {
    /// Whether a command line falls under this one.
    pub(super) fn covers(&self, args: &[String]) -> bool {
        args.ends_with(&self.command)
    }

    /// Runs both and compares with what the list says. A line `...` stands for the rest.
    pub(super) fn check(&self, place: &Beside) {
        assert!(!self.reason.is_empty(), "{:?} has no reason", self.command);
        let both = [(place.ours(), &self.ours), (place.theirs().to_owned(), &self.theirs)];
        for (program, expected) in both {
            let output = place.run(&program, &self.command);
            let text = [output.stdout, output.stderr].concat();
            let text = String::from_utf8_lossy(&text);
            let same = match expected.strip_suffix("...\n") {
                Some(start) => text.starts_with(start),
                None => text == *expected,
            };
            assert!(same, "{} {:?}: {text}", program.display(), self.command);
        }
        assert_ne!(self.ours, self.theirs);
    }
}

/// The rows of a kind in `fixtures/differences.toml`, as a function from key to text for each.
fn rows(kind: &str) -> Vec<impl Fn(&str) -> String> {
    let text = std::fs::read_to_string(fixture::path("differences.toml")).expect("the list");
    let mut list: toml::Table = text.parse().expect("the list is TOML");
    let Some(toml::Value::Array(rows)) = list.remove(kind) else { panic!("no rows of {kind}") };
    let text = |row: toml::Value| move |key: &str| row[key].as_str().expect("a text").to_owned();
    rows.into_iter().map(text).collect()
}

/// Checks rows that no command line shows: the tests that they name must be there. Says how many differ from 7.1.1.
pub(super) fn check_described() -> usize {
    let is_there = |held_by: &str| {
        let (file, test) = held_by.split_once(' ').expect("FILE TEST");
        let path = fixture::path("..").join(file);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(text.contains(&format!("\nfn {test}() {{\n")), "{file} has no {test}");
    };
    for row in rows("newer") {
        assert!(["recorded", "described"].contains(&&*row("known")), "{}", row("what"));
        is_there(&row("held_by"));
    }
    let live = rows("live");
    for row in &live {
        assert!(row("ours") != row("theirs") && !row("reason").is_empty());
        is_there(&row("held_by"));
    }
    live.len()
}

/// The rows that a command line shows.
pub(super) fn read() -> Vec<Difference> {
    rows("difference")
        .iter()
        .map(|text| Difference {
            command: words(&text("command")),
            ours: text("ours"),
            theirs: text("theirs"),
            reason: text("reason"),
        })
        .collect()
}
