//! What a word at the prompt can become: commands, and names that are asked from the running instance.

use std::cell::RefCell;
use std::time::Duration;

use rustyline::completion::{Completer, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};
use serde_json::Value;

use super::connection::Connection;
use super::find::Found;

/// Who does not answer in this time is not asked again.
const PATIENCE: Duration = Duration::from_secs(1);
/// Names that are shown of one kind.
const MOST_NAMES: usize = 1000;

/// What stands at some place of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Backends,
    Configurations,
    Parameters,
    Commands,
    OneOf(&'static [&'static str]),
}

/// The words behind commands: which command, and what its first words are.
const WORDS: &[(&str, &[Kind])] = &[
    ("backend.list", &[Kind::Backends]),
    ("backend.set_health", &[Kind::Backends, Kind::OneOf(&["auto", "healthy", "sick"])]),
    ("drain", &[Kind::Backends]),
    ("undrain", &[Kind::Backends]),
    ("help", &[Kind::Commands]),
    ("param.reset", &[Kind::Parameters]),
    ("param.set", &[Kind::Parameters]),
    ("param.show", &[Kind::Parameters]),
    ("vcl.deps", &[Kind::Configurations]),
    ("vcl.discard", &[Kind::Configurations]),
    ("vcl.show", &[Kind::Configurations]),
    ("vcl.state", &[Kind::Configurations, Kind::OneOf(&["auto", "cold", "warm"])]),
    ("vcl.use", &[Kind::Configurations]),
];

/// Asks for names; what cannot be asked has none.
trait Ask {
    fn names(&mut self, kind: Kind) -> Vec<String>;
}

/// Where the word under the cursor begins, and what it can become.
fn candidates(line: &str, ask: &mut impl Ask) -> (usize, Vec<String>) {
    let start = line.rfind([' ', '\t']).map_or(0, |at| at + 1);
    let begun = &line[start..];
    let mut before = line[..start].split_ascii_whitespace();
    let kind = match before.next() {
        None => Some(Kind::Commands),
        Some(command) => {
            // Flags do not count.
            let at = before.filter(|word| !word.starts_with('-')).count();
            let words = WORDS.iter().find(|(name, _)| *name == command);
            words.and_then(|(_, kinds)| kinds.get(at).copied())
        }
    };
    let mut names = match kind {
        Some(Kind::OneOf(words)) => words.iter().map(|&word| word.to_owned()).collect(),
        Some(kind) => ask.names(kind),
        None => Vec::new(),
    };
    names.retain(|name| name.starts_with(begun));
    names.sort_unstable();
    names.dedup();
    names.truncate(MOST_NAMES);
    (start, names)
}

/// Names in the JSON form of a list: the members of its objects that are called `name` or `request`, or else their keys.
fn names_in(body: &[u8]) -> Vec<String> {
    let Ok(Value::Array(parts)) = serde_json::from_slice(body) else { return Vec::new() };
    // Version, request and time come first.
    let objects = parts.into_iter().skip(3).filter_map(|part| match part {
        Value::Object(object) => Some(object),
        _ => None,
    });
    let names = objects.flat_map(|object| {
        let named = ["name", "request"].iter().find_map(|key| object.get(*key)?.as_str());
        match named {
            Some(name) => vec![name.to_owned()],
            None => object.keys().cloned().collect(),
        }
    });
    // A name is typed as one word, and shown as it is.
    let is_plain = |name: &String| name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
    names.filter(is_plain).collect()
}

/// A connection beside the one that the person uses: an answer that is late is nobody's answer there.
struct Beside<'a> {
    found: &'a Found,
    connection: Option<Connection>,
    /// It did not answer.
    has_failed: bool,
}

impl Beside<'_> {
    fn ask(&mut self, command: &str) -> Option<Vec<u8>> {
        if self.has_failed {
            return None;
        }
        if self.connection.is_none() {
            self.connection = super::connect_within(self.found, PATIENCE).ok();
        }
        let answer = self.connection.as_mut().and_then(|connection| {
            connection.send(format!("{command}\n").as_bytes()).ok()?;
            connection.answer().ok()
        });
        if answer.is_none() {
            self.has_failed = true;
            self.connection = None;
        }
        answer.filter(|answer| answer.status.is_done()).map(|answer| answer.body)
    }
}

impl Ask for Beside<'_> {
    fn names(&mut self, kind: Kind) -> Vec<String> {
        let command = match kind {
            Kind::Backends => "backend.list -j *.*",
            Kind::Configurations => "vcl.list -j",
            Kind::Parameters => "param.show -j",
            Kind::Commands => "help -j",
            Kind::OneOf(_) => return Vec::new(),
        };
        self.ask(command).map_or_else(Vec::new, |body| names_in(&body))
    }
}

/// Completes words at the prompt.
pub(super) struct Words<'a> {
    beside: RefCell<Beside<'a>>,
}

impl<'a> Words<'a> {
    /// Those of the instance that was found.
    pub(super) fn new(found: &'a Found) -> Words<'a> {
        Words { beside: RefCell::new(Beside { found, connection: None, has_failed: false }) }
    }
}

impl Completer for Words<'_> {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, names) = candidates(&line[..position], &mut *self.beside.borrow_mut());
        let pair = |name: String| Pair { replacement: format!("{name} "), display: name };
        Ok((start, names.into_iter().map(pair).collect()))
    }
}

impl Hinter for Words<'_> {
    type Hint = String;
}

impl Highlighter for Words<'_> {}
impl Validator for Words<'_> {}
impl Helper for Words<'_> {}

#[cfg(test)]
mod tests;
