//! Which counters are wanted: patterns in the order of the command line, the first that matches decides.

use std::ffi::{CString, NulError, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};
use shellac_sys::glob_matches;

/// The patterns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filters(Vec<Rule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    pattern: CString,
    includes: bool,
}

/// Letter, name for clap, help.
const OPTIONS: [(char, &str, &str); 3] = [
    ('f', "filter", "Show counters that match; with ^ before the pattern, do not show them"),
    ('I', "include", "Show counters that match"),
    ('X', "exclude", "Do not show counters that match"),
];

impl Rule {
    /// The pattern behind an option.
    fn new(letter: char, text: &OsStr) -> Result<Rule, NulError> {
        let text = text.as_bytes();
        let (includes, text) = match (letter, text) {
            ('f', [b'^', rest @ ..]) => (false, rest),
            ('X', _) => (false, text),
            _ => (true, text),
        };
        Ok(Rule { pattern: CString::new(text)?, includes })
    }
}

impl Filters {
    /// Adds the pattern behind `-f`, `-I` or `-X` to those before it.
    ///
    /// # Errors
    ///
    /// A NUL in it, which no argument has.
    pub(super) fn add(&mut self, letter: char, pattern: &OsStr) -> Result<(), NulError> {
        self.0.push(Rule::new(letter, pattern)?);
        Ok(())
    }

    /// Every counter is wanted.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the counter called `name` is wanted.
    pub(super) fn wants(&self, name: &str) -> bool {
        if self.is_empty() {
            return true;
        }
        // A name with a NUL is no name that anybody can ask for.
        let Ok(name) = CString::new(name) else { return false };
        let deciding = self.0.iter().find(|rule| glob_matches(&rule.pattern, &name));
        match deciding {
            Some(rule) => rule.includes,
            None => !self.0.iter().any(|rule| rule.includes),
        }
    }
}

impl FromArgMatches for Filters {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut found = Vec::new();
        for (letter, id, _) in OPTIONS {
            let places = matches.indices_of(id).into_iter().flatten();
            let values = matches.get_many::<OsString>(id).into_iter().flatten();
            for (at, value) in places.zip(values) {
                let rule = Rule::new(letter, value).map_err(|error| {
                    clap::Error::raw(clap::error::ErrorKind::InvalidValue, error)
                })?;
                found.push((at, rule));
            }
        }
        found.sort_by_key(|(at, _)| *at);
        Ok(Filters(found.into_iter().map(|(_, rule)| rule).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Filters::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for Filters {
    fn augment_args(command: Command) -> Command {
        OPTIONS.into_iter().fold(command, |command, (letter, id, help)| {
            let option = Arg::new(id).short(letter).value_name("GLOB").help(help);
            let option = option.value_parser(clap::value_parser!(OsString));
            command.arg(option.allow_hyphen_values(true).action(ArgAction::Append))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

#[cfg(test)]
mod tests;
