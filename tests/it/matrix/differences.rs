//! What we do differently on purpose: a list with the command, both outputs and the reason.

use super::{Place, words};
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
    pub(super) fn check(&self, place: &Place) {
        assert!(!self.reason.is_empty(), "{:?} has no reason", self.command);
        let link = place.path().join("varnishlog");
        let both = [(&link, &self.ours), (&"varnishlog".into(), &self.theirs)];
        for (program, expected) in both {
            let output = place.run(program, &self.command);
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

/// The list in `fixtures/differences.toml`.
pub(super) fn read() -> Vec<Difference> {
    let text = std::fs::read_to_string(fixture::path("differences.toml")).expect("the list");
    let list: toml::Table = text.parse().expect("the list is TOML");
    let rows = list["difference"].as_array().expect("rows");
    rows.iter()
        .map(|row| {
            let text = |key: &str| row[key].as_str().expect("a text").to_owned();
            Difference {
                command: words(&text("command")),
                ours: text("ours"),
                theirs: text("theirs"),
                reason: text("reason"),
            }
        })
        .collect()
}
