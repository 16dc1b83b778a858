//! One table of a file of rules: known keys are taken out of it, the rest is complained about with its line.

use std::fmt;
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::time::parse_duration;

/// One mistake in a file of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// Line in the file, from 1.
    pub line: usize,
    /// The rule and the key, such as `rule "uploads": before`; empty where the text is not TOML.
    pub key: String,
    /// What is wrong and what would be right; lower case, no full stop.
    pub reason: String,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.line)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.reason)
    }
}

/// The mistakes found so far, and how to turn an offset in the text into a line.
pub(super) struct Problems<'t> {
    text: &'t str,
    pub(super) list: Vec<RuleError>,
}

impl<'t> Problems<'t> {
    pub(super) const fn new(text: &'t str) -> Problems<'t> {
        Problems { text, list: Vec::new() }
    }

    pub(super) fn add(&mut self, at: usize, key: impl Into<String>, reason: impl Into<String>) {
        let before = self.text.as_bytes().iter().take(at);
        let line = 1 + before.filter(|&&byte| byte == b'\n').count();
        self.list.push(RuleError { line, key: key.into(), reason: reason.into() });
    }
}

/// A table while it is being read. The keys that were asked for are the known ones.
pub(super) struct Table<'a, 'i> {
    table: &'a DeTable<'i>,
    /// What it is called in messages; empty at the top.
    pub(super) name: String,
    /// Where it begins, for keys that are missing.
    at: usize,
    known: Vec<&'static str>,
}

impl<'a, 'i> Table<'a, 'i> {
    pub(super) const fn new(table: &'a DeTable<'i>, name: String, at: usize) -> Table<'a, 'i> {
        Table { table, name, at, known: Vec::new() }
    }

    fn key(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}: {key}", self.name) }
    }

    /// The value of `key` as `convert` understands it; a refusal is noted and the answer `None`.
    pub(super) fn take<T>(
        &mut self,
        problems: &mut Problems<'_>,
        key: &'static str,
        convert: impl FnOnce(&DeValue<'i>) -> Result<T, String>,
    ) -> Option<T> {
        self.known.push(key);
        let found = self.table.get(key)?;
        match convert(found.get_ref()) {
            Ok(value) => Some(value),
            Err(reason) => {
                problems.add(found.span().start, self.key(key), reason);
                None
            }
        }
    }

    /// Whether `key` is there at all.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.get(key).is_some()
    }

    /// Notes what is wrong with the table as a whole.
    pub(super) fn complain(
        &self,
        problems: &mut Problems<'_>,
        key: &str,
        reason: impl Into<String>,
    ) {
        let at = self.table.get(key).map_or(self.at, |found| found.span().start);
        problems.add(at, self.key(key), reason);
    }

    /// The tables of `[[key]]`.
    pub(super) fn tables(
        &mut self,
        problems: &mut Problems<'_>,
        key: &'static str,
    ) -> Vec<(&'a DeTable<'i>, usize)> {
        self.known.push(key);
        let Some(found) = self.table.get(key) else { return Vec::new() };
        let DeValue::Array(items) = found.get_ref() else {
            let reason = format!("is {}; write [[{key}]], once for each", article(found.get_ref()));
            problems.add(found.span().start, self.key(key), reason);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::Table(table) => tables.push((table, item.span().start)),
                other => {
                    let reason = format!("holds {}, not tables", article(other));
                    problems.add(item.span().start, self.key(key), reason);
                }
            }
        }
        tables
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(self, problems: &mut Problems<'_>) {
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            if !self.known.contains(&name) {
                let reason = format!("is not a key; known here: {}", self.known.join(", "));
                problems.add(key.span().start, self.key(name), reason);
            }
        }
    }
}

/// A string with something in it that can be shown.
pub(super) fn text(value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) if text.trim().is_empty() => Err("is empty".to_owned()),
        DeValue::String(text) => Ok(text.clone().into_owned()),
        other => Err(format!("is {}, not a string", article(other))),
    }
}

/// A string on one line.
pub(super) fn name(value: &DeValue<'_>) -> Result<String, String> {
    let text = text(value)?;
    if text.chars().any(char::is_control) {
        return Err("contains a control character".to_owned());
    }
    if text.len() > super::MAX_NAME {
        return Err(format!("is longer than {} bytes", super::MAX_NAME));
    }
    Ok(text)
}

/// A string, or a list of strings that is not empty.
pub(super) fn texts(value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let DeValue::Array(items) = value else { return Ok(vec![text(value)?]) };
    if items.is_empty() {
        return Err("is an empty list".to_owned());
    }
    let items = items.iter().zip(1..);
    items
        .map(|(item, index)| {
            text(item.get_ref()).map_err(|reason| format!("item {index}: {reason}"))
        })
        .collect()
}

/// A duration with its unit; 0 is one.
pub(super) fn duration(value: &DeValue<'_>) -> Result<Duration, String> {
    match value {
        DeValue::String(text) => parse_duration(text),
        DeValue::Integer(_) | DeValue::Float(_) => {
            Err("has no unit; write a string such as \"5s\" or \"250ms\"".to_owned())
        }
        other => Err(format!("is {}, not a duration such as \"5s\"", article(other))),
    }
}

/// One of `choices` by its word.
pub(super) fn choice<T: Copy>(value: &DeValue<'_>, choices: &[(&str, T)]) -> Result<T, String> {
    let found = text(value)?;
    pick(&found, choices)
}

/// One of `choices` by its word.
pub(super) fn pick<T: Copy>(found: &str, choices: &[(&str, T)]) -> Result<T, String> {
    choices.iter().find(|(word, _)| *word == found).map(|&(_, choice)| choice).ok_or_else(|| {
        let words: Vec<String> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        format!("`{found}` is not one of {}", words.join(", "))
    })
}

const fn article(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
