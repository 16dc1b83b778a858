//! The values that are in force, each with its origin, as a file that says the same.
//!
//! Nobody lists the keys for this: whoever reads a key through a [`Section`](crate::section::Section) has it noted here.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use toml::de::DeValue;

/// Where the comments with the origins begin, in letters.
const COMMENT_AT: usize = 44;

/// Every value of a configuration with its origin.
///
/// `Display` writes TOML: whoever parses it gets the same configuration. Where a value comes from is a comment behind it, and what
/// has no value is a comment altogether.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    file_name: String,
    tables: Vec<Table>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Table {
    /// Full name, such as `route.retry`; empty at the top.
    path: String,
    parent: Option<usize>,
    /// One of several, `[[path]]`.
    many: bool,
    /// Where it begins; `None` when the file does not have it.
    line: Option<usize>,
    /// It must not be written: that it is there would mean something.
    left_out: bool,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    key: String,
    /// As TOML; `None` when it has no value.
    value: Option<String>,
    origin: Origin,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    Line(usize),
    Default,
    /// Another key, or the caller's words.
    Words(String),
}

impl Effective {
    pub(crate) fn new(file_name: &str) -> Effective {
        Effective { file_name: file_name.to_owned(), tables: Vec::new() }
    }

    /// Adds a table; its number.
    pub(crate) fn table(
        &mut self,
        path: &str,
        parent: Option<usize>,
        many: bool,
        line: Option<usize>,
    ) -> usize {
        let path = path.to_owned();
        self.tables.push(Table { path, parent, many, line, left_out: false, entries: Vec::new() });
        self.tables.len() - 1
    }

    /// The table is not to be written.
    pub(crate) fn leave_out(&mut self, table: usize) {
        self.tables[table].left_out = true;
    }

    /// The file says this.
    pub(crate) fn given(&mut self, table: usize, key: &str, value: &DeValue<'_>, line: usize) {
        self.put(table, key, Some(written(value)), Origin::Line(line));
    }

    /// The file says nothing; `None` where that means that there is nothing.
    pub(crate) fn default(&mut self, table: usize, key: &str, value: Option<String>) {
        self.put(table, key, value, Origin::Default);
    }

    /// The file says it elsewhere.
    pub(crate) fn inherited(&mut self, table: usize, key: &str, value: Option<String>, from: &str) {
        self.put(table, key, value, Origin::Words(from.to_owned()));
    }

    /// Says what a key at the top is, where only the caller knows it: `value` is a text, and `origin` says why it is that.
    pub fn set_text(&mut self, key: &str, value: &str, origin: &str) {
        self.put(0, key, value.to_owned().written(), Origin::Words(origin.to_owned()));
    }

    /// [`set_text`](Effective::set_text) for a number.
    pub fn set_number(&mut self, key: &str, value: usize, origin: &str) {
        self.put(0, key, value.written(), Origin::Words(origin.to_owned()));
    }

    fn put(&mut self, table: usize, key: &str, value: Option<String>, origin: Origin) {
        let Some(table) = self.tables.get_mut(table) else { return };
        match table.entries.iter_mut().find(|entry| entry.key == key) {
            Some(entry) => {
                entry.value = value;
                entry.origin = origin;
            }
            None => table.entries.push(Entry { key: key.to_owned(), value, origin }),
        }
    }

    fn write_table(&self, f: &mut fmt::Formatter<'_>, at: usize) -> fmt::Result {
        let table = &self.tables[at];
        if table.left_out {
            return Ok(());
        }
        if !table.path.is_empty() {
            let path = &table.path;
            let head = if table.many { format!("[[{path}]]") } else { format!("[{path}]") };
            let origin = table.line.map_or(Origin::Default, Origin::Line);
            f.write_str("\n")?;
            self.write_line(f, &head, &origin)?;
        }
        for entry in &table.entries {
            match &entry.value {
                Some(value) => {
                    self.write_line(f, &format!("{} = {value}", entry.key), &entry.origin)?;
                }
                None => {
                    let words = Origin::Words("not set".to_owned());
                    self.write_line(f, &format!("# {}", entry.key), &words)?;
                }
            }
        }
        let children = self.tables.iter().enumerate().filter(|(_, one)| one.parent == Some(at));
        for (child, _) in children {
            self.write_table(f, child)?;
        }
        Ok(())
    }

    fn write_line(&self, f: &mut fmt::Formatter<'_>, text: &str, origin: &Origin) -> fmt::Result {
        write!(f, "{text:<COMMENT_AT$} # ")?;
        match origin {
            Origin::Line(line) => writeln!(f, "{}:{line}", one_line(&self.file_name)),
            Origin::Default => writeln!(f, "default"),
            Origin::Words(words) => writeln!(f, "{}", one_line(words)),
        }
    }
}

impl fmt::Display for Effective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.tables.is_empty() { Ok(()) } else { self.write_table(f, 0) }
    }
}

/// A comment ends with its line.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// What a default looks like in a file.
///
/// An enumeration is none of it: its names are in the table that it is read by, see
/// [`Section::choice`](crate::section::Section::choice).
pub(crate) trait Written {
    /// As TOML; `None` where the absence of the key is the only way to say it.
    fn written(&self) -> Option<String>;
}

impl Written for bool {
    fn written(&self) -> Option<String> {
        Some(self.to_string())
    }
}

macro_rules! written_numbers {
    ($($number:ty)*) => {$(
        impl Written for $number {
            fn written(&self) -> Option<String> {
                Some(self.to_string())
            }
        }
    )*};
}

written_numbers!(u8 u16 u32 u64 usize);

impl Written for String {
    fn written(&self) -> Option<String> {
        Some(toml::Value::String(self.clone()).to_string())
    }
}

impl Written for PathBuf {
    fn written(&self) -> Option<String> {
        self.to_str()?.to_owned().written()
    }
}

impl Written for Duration {
    /// In the largest unit that it is a whole number of.
    fn written(&self) -> Option<String> {
        let text = match (self.as_secs(), self.subsec_nanos()) {
            (seconds, 0) if seconds > 0 && seconds.is_multiple_of(86400) => {
                format!("{}d", seconds / 86400)
            }
            (seconds, 0) if seconds > 0 && seconds.is_multiple_of(3600) => {
                format!("{}h", seconds / 3600)
            }
            (seconds, 0) => format!("{seconds}s"),
            (0, nanos) if nanos.is_multiple_of(1_000_000) => format!("{}ms", nanos / 1_000_000),
            _ => format!("{}s", self.as_secs_f64()),
        };
        text.written()
    }
}

impl<T: Written> Written for Vec<T> {
    fn written(&self) -> Option<String> {
        let items: Option<Vec<String>> = self.iter().map(Written::written).collect();
        Some(format!("[{}]", items?.join(", ")))
    }
}

impl<T: Written> Written for Option<T> {
    fn written(&self) -> Option<String> {
        self.as_ref().and_then(Written::written)
    }
}

/// A size in bytes, in the largest unit that it is a whole number of.
pub(crate) fn written_size(bytes: u64) -> Option<String> {
    match bytes {
        0 => bytes.written(),
        _ if bytes.is_multiple_of(1 << 30) => format!("{}G", bytes >> 30).written(),
        _ if bytes.is_multiple_of(1 << 20) => format!("{}M", bytes >> 20).written(),
        _ if bytes.is_multiple_of(1 << 10) => format!("{}K", bytes >> 10).written(),
        _ => bytes.written(),
    }
}

/// A value of the file, on one line.
fn written(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => toml::Value::String(text.clone().into_owned()).to_string(),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| number.as_str().to_owned(), |number| number.to_string()),
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(truth) => truth.to_string(),
        DeValue::Datetime(date) => date.to_string(),
        DeValue::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| written(item.get_ref())).collect();
            format!("[{}]", items.join(", "))
        }
        DeValue::Table(table) => {
            let fields: Vec<String> = table
                .iter()
                .map(|(key, value)| {
                    let key = toml::Value::String(key.get_ref().clone().into_owned()).to_string();
                    format!("{key} = {}", written(value.get_ref()))
                })
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
    }
}

#[cfg(test)]
mod tests;
