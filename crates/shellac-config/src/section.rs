//! One table of the file: taking known keys out of it, complaining about the rest.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::effective::{Effective, Written, written_size};
use crate::errors::ConfigError;
use crate::stray::Strays;
use crate::unit::{parse_duration, parse_size_bytes};

/// The mistakes found so far, what was read, and how to turn an offset in the text into a line.
pub(crate) struct Problems {
    /// Offset of the first byte of every line.
    line_starts: Vec<usize>,
    pub(crate) list: Vec<ConfigError>,
    /// What was read, and where it came from.
    pub(crate) effective: Effective,
    pub(crate) strays: Strays,
}

impl Problems {
    pub(crate) fn new(text: &str, file_name: &str) -> Self {
        let line_starts = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|&(_, b)| b == b'\n').map(|(at, _)| at + 1))
            .collect();
        let (effective, strays) = (Effective::new(file_name), Strays::default());
        Self { line_starts, list: Vec::new(), effective, strays }
    }

    /// The line of an offset in the text, from 1.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.line_starts.partition_point(|&start| start <= at)
    }

    pub(crate) fn add(&mut self, at: usize, key: impl Into<String>, reason: impl Into<String>) {
        let line = self.line(at);
        self.list.push(ConfigError { line, key: key.into(), reason: reason.into() });
    }
}

/// A value with the place where it stands.
#[derive(Debug, Clone)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    /// Byte offset in the text.
    pub(crate) at: usize,
}

/// A table of the file while it is being read.
///
/// The keys that were asked for are the known ones; [`Section::finish`] notes all others.
pub(crate) struct Section<'a, 'i> {
    table: Option<&'a DeTable<'i>>,
    /// Name in messages, such as `route.retry`; empty at the top.
    path: String,
    /// Where the table begins, for keys that are missing.
    pub(crate) at: usize,
    known: Vec<&'static str>,
    /// One of several: `[[backend]]`.
    is_list: bool,
    /// Its number in [`Problems::effective`].
    id: usize,
}

impl<'a, 'i> Section<'a, 'i> {
    pub(crate) fn top(table: &'a DeTable<'i>, problems: &mut Problems) -> Self {
        let id = problems.effective.table("", None, false, None);
        Self {
            table: Some(table),
            path: String::new(),
            at: 0,
            known: Vec::new(),
            is_list: false,
            id,
        }
    }

    /// The table's name, such as `route.retry`; empty at the top.
    pub(crate) fn name(&self) -> &str {
        &self.path
    }

    /// The full name of a key of this table.
    pub(crate) fn key(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn value(&mut self, key: &'static str) -> Option<(&'a DeValue<'i>, Range<usize>)> {
        self.known.push(key);
        let value = self.table?.get(key)?;
        Some((value.get_ref(), value.span()))
    }

    /// The value of `key` as `convert` understands it; a refusal is noted and the answer `None`.
    pub(crate) fn take<T>(
        &mut self,
        problems: &mut Problems,
        key: &'static str,
        convert: impl FnOnce(&DeValue<'i>) -> Result<T, String>,
    ) -> Option<At<T>> {
        let Some((value, span)) = self.value(key) else {
            problems.effective.default(self.id, key, None);
            return None;
        };
        let line = problems.line(span.start);
        problems.effective.given(self.id, key, value, line);
        match convert(value) {
            Ok(value) => Some(At { value, at: span.start }),
            Err(reason) => {
                problems.add(span.start, self.key(key), reason);
                None
            }
        }
    }

    /// The value of `key`, or `default` where it is missing or wrong (which has then been noted).
    pub(crate) fn or<T: Written>(
        &mut self,
        problems: &mut Problems,
        key: &'static str,
        default: T,
        convert: impl FnOnce(&DeValue<'i>) -> Result<T, String>,
    ) -> T {
        match self.take(problems, key, convert) {
            Some(found) => found.value,
            None => {
                self.absent(problems, key, &default);
                default
            }
        }
    }

    /// [`or`](Section::or) for a size in bytes from `range`.
    pub(crate) fn size_or<N: Copy + TryFrom<u64> + TryInto<u64>>(
        &mut self,
        problems: &mut Problems,
        key: &'static str,
        default: N,
        range: std::ops::RangeInclusive<u64>,
    ) -> N {
        let found = self.take(problems, key, |value| {
            let bytes = size(value, range)?;
            N::try_from(bytes).map_err(|_| format!("{bytes} bytes are more than this machine has"))
        });
        self.absent_size(problems, key, default);
        found.map_or(default, |found| found.value)
    }

    /// [`absent`](Section::absent) for a size in bytes.
    pub(crate) fn absent_size(
        &self,
        problems: &mut Problems,
        key: &str,
        default: impl TryInto<u64>,
    ) {
        if !self.has(key) {
            let value = default.try_into().ok().and_then(written_size);
            problems.effective.default(self.id, key, value);
        }
    }

    /// [`or`](Section::or) for one of `choices`, by its name.
    pub(crate) fn choice<T: Copy + PartialEq>(
        &mut self,
        problems: &mut Problems,
        key: &'static str,
        default: T,
        choices: &[(&str, T)],
    ) -> T {
        let found = self.take(problems, key, |value| choice(value, choices));
        let name = choices.iter().find(|(_, choice)| *choice == default);
        self.absent(problems, key, &name.map(|(name, _)| (*name).to_owned()));
        found.map_or(default, |found| found.value)
    }

    /// Notes what holds where the file does not have `key`: for a default that [`take`](Section::take) left to the caller.
    pub(crate) fn absent(&self, problems: &mut Problems, key: &str, default: &impl Written) {
        if !self.has(key) {
            problems.effective.default(self.id, key, default.written());
        }
    }

    /// Notes that `key` has its value from another place where the file does not have it here.
    pub(crate) fn inherits(
        &self,
        problems: &mut Problems,
        key: &str,
        value: &impl Written,
        from: &str,
    ) {
        if !self.has(key) {
            problems.effective.inherited(self.id, key, value.written(), from);
        }
    }

    /// Keeps this table out of what is shown as in force: that it is not there means something.
    pub(crate) fn leave_out(&self, problems: &mut Problems) {
        problems.effective.leave_out(self.id);
    }

    /// One of the tables of `[[key]]` that the file leaves to us.
    pub(crate) fn implied(&self, problems: &mut Problems, key: &str) -> Section<'a, 'i> {
        let path = self.key(key);
        let id = problems.effective.table(&path, Some(self.id), true, None);
        Section { table: None, path, at: 0, known: Vec::new(), is_list: true, id }
    }

    /// The value of `key`; that it is missing is noted.
    pub(crate) fn required<T>(
        &mut self,
        problems: &mut Problems,
        key: &'static str,
        convert: impl FnOnce(&DeValue<'i>) -> Result<T, String>,
    ) -> Option<At<T>> {
        if self.table.is_none_or(|table| table.get(key).is_none()) {
            self.known.push(key);
            problems.add(self.at, self.key(key), "is missing");
            return None;
        }
        self.take(problems, key, convert)
    }

    /// Whether `key` is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// Where the value of `key` stands, or the table where it is missing.
    pub(crate) fn place(&self, key: &str) -> usize {
        self.table.and_then(|table| table.get(key)).map_or(self.at, |value| value.span().start)
    }

    /// The table under `key`; an absent one reads as an empty one.
    pub(crate) fn table(&mut self, problems: &mut Problems, key: &'static str) -> Section<'a, 'i> {
        let path = self.key(key);
        let at = self.at;
        match self.value(key) {
            Some((DeValue::Table(table), span)) => {
                let line = problems.line(span.start);
                let id = problems.effective.table(&path, Some(self.id), false, Some(line));
                let (table, at, known) = (Some(table), span.start, Vec::new());
                Section { table, path, at, known, is_list: false, id }
            }
            Some((other, span)) => {
                problems.add(
                    span.start,
                    path.clone(),
                    format!("is {}, not a table; write [{path}]", with_article(other)),
                );
                let id = problems.effective.table(&path, Some(self.id), false, None);
                let (at, known) = (span.start, Vec::new());
                Section { table: None, path, at, known, is_list: false, id }
            }
            None => {
                let id = problems.effective.table(&path, Some(self.id), false, None);
                Section { table: None, path, at, known: Vec::new(), is_list: false, id }
            }
        }
    }

    /// The tables of `[[key]]`.
    pub(crate) fn tables(
        &mut self,
        problems: &mut Problems,
        key: &'static str,
    ) -> Vec<Section<'a, 'i>> {
        let path = self.key(key);
        let Some((value, span)) = self.value(key) else { return Vec::new() };
        let mut sections = Vec::new();
        if let DeValue::Array(items) = value {
            for item in items {
                match item.get_ref() {
                    DeValue::Table(table) => {
                        let at = item.span().start;
                        let line = problems.line(at);
                        let id = problems.effective.table(&path, Some(self.id), true, Some(line));
                        let (table, path) = (Some(table), path.clone());
                        let known = Vec::new();
                        sections.push(Section { table, path, at, known, is_list: true, id });
                    }
                    other => problems.add(
                        item.span().start,
                        path.clone(),
                        format!("holds {}, not tables", with_article(other)),
                    ),
                }
            }
        } else {
            problems.add(
                span.start,
                path.clone(),
                format!("is {}; write [[{path}]], once for each", with_article(value)),
            );
        }
        sections
    }

    /// Notes the keys that nobody asked for. They are reported once it is known where they would belong.
    pub(crate) fn finish(self, problems: &mut Problems) {
        problems.strays.table(&self.path, self.is_list, &self.known);
        for key in self.table.into_iter().flat_map(DeTable::keys) {
            let name: &str = key.get_ref();
            if !self.known.contains(&name) {
                problems.strays.found(key.span().start, &self.path, name, &self.known);
            }
        }
    }
}

/// A string that is not empty.
pub(crate) fn text(value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) if text.trim().is_empty() => Err("is empty".to_owned()),
        DeValue::String(text) if text.chars().any(char::is_control) => {
            Err("contains a control character".to_owned())
        }
        DeValue::String(text) => Ok(text.clone().into_owned()),
        other => Err(format!("is {}, not a string", with_article(other))),
    }
}

/// `true` or `false`.
pub(crate) fn boolean(value: &DeValue<'_>) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| format!("is {}, not true or false", with_article(value)))
}

/// A whole number from `range`.
pub(crate) fn integer(
    value: &DeValue<'_>,
    range: std::ops::RangeInclusive<u64>,
) -> Result<u64, String> {
    let DeValue::Integer(number) = value else {
        return Err(format!("is {}, not a whole number", with_article(value)));
    };
    let (low, high) = (range.start(), range.end());
    match u64::from_str_radix(number.as_str(), number.radix()) {
        Ok(found) if range.contains(&found) => Ok(found),
        _ => Err(format!("{} is not between {low} and {high}", number.as_str())),
    }
}

/// A duration above zero.
pub(crate) fn duration(value: &DeValue<'_>) -> Result<std::time::Duration, String> {
    match pause(value)? {
        std::time::Duration::ZERO => Err("must be longer than 0".to_owned()),
        found => Ok(found),
    }
}

/// A duration above zero, or `"none"`.
pub(crate) fn deadline(value: &DeValue<'_>) -> Result<Option<std::time::Duration>, String> {
    match value {
        DeValue::String(text) if text == "none" => Ok(None),
        _ => duration(value).map(Some),
    }
}

/// A duration that may be zero.
pub(crate) fn pause(value: &DeValue<'_>) -> Result<std::time::Duration, String> {
    match value {
        DeValue::String(text) => parse_duration(text),
        DeValue::Integer(_) | DeValue::Float(_) => {
            Err("has no unit; write a string such as \"3.5s\" or \"250ms\"".to_owned())
        }
        other => Err(format!("is {}, not a duration such as \"3.5s\"", with_article(other))),
    }
}

/// A size in bytes from `range`.
pub(crate) fn size(
    value: &DeValue<'_>,
    range: std::ops::RangeInclusive<u64>,
) -> Result<u64, String> {
    let found = match value {
        DeValue::String(text) => parse_size_bytes(text)?,
        DeValue::Integer(_) => integer(value, 0..=1 << 53)?,
        other => return Err(format!("is {}, not a size such as \"80M\"", with_article(other))),
    };
    let (low, high) = (*range.start(), *range.end());
    if found < low {
        Err(format!("{} is too small; at least {}", show_size(found), show_size(low)))
    } else if found > high {
        Err(format!("{} is too large; at most {}", show_size(found), show_size(high)))
    } else {
        Ok(found)
    }
}

/// A list whose items `convert` understands; a bad item is told with its position.
pub(crate) fn list<T>(
    value: &DeValue<'_>,
    mut convert: impl FnMut(&DeValue<'_>) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    let DeValue::Array(items) = value else {
        return Err(format!("is {}, not a list", with_article(value)));
    };
    items
        .iter()
        .enumerate()
        .map(|(index, item)| {
            convert(item.get_ref()).map_err(|reason| format!("item {}: {reason}", index + 1))
        })
        .collect()
}

/// One of `choices` by its name.
pub(crate) fn choice<T: Copy>(value: &DeValue<'_>, choices: &[(&str, T)]) -> Result<T, String> {
    let found = text(value)?;
    choices.iter().find(|(name, _)| *name == found).map(|&(_, choice)| choice).ok_or_else(|| {
        let names: Vec<String> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        format!("`{found}` is not one of {}", names.join(", "))
    })
}

fn show_size(bytes: u64) -> String {
    match bytes {
        0 => "0".to_owned(),
        _ if bytes.is_multiple_of(1 << 30) => format!("{}G", bytes >> 30),
        _ if bytes.is_multiple_of(1 << 20) => format!("{}M", bytes >> 20),
        _ if bytes.is_multiple_of(1 << 10) => format!("{}K", bytes >> 10),
        _ => format!("{bytes} bytes"),
    }
}

fn with_article(value: &DeValue<'_>) -> &'static str {
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
