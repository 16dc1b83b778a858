//! The parameters: a table, their values, and the texts in which `param.show` writes them.

mod mask;

use std::fmt::Write as _;
use std::time::Duration;

use shellac_admin::quoted;
use shellac_config::{Config, LogDialect};
use shellac_format::{Dialect, TagSet};

/// Longest answer of the protocol: its head has eight digits for a length.
const ANSWER_BYTES_MOST: u64 = 99_999_999;
/// The column in which values begin.
const NAME_WIDTH: usize = 30;
/// Descriptions are wrapped before this column.
const WRAP_WIDTH: usize = 72;

/// One parameter.
#[derive(Debug)]
struct Row {
    name: &'static str,
    unit: Option<&'static str>,
    least: Option<Value>,
    most: Option<Value>,
    description: &'static str,
    /// Only the configuration says it, at start.
    fixed: bool,
}

/// What a parameter can be.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Value {
    Bytes(u64),
    Seconds(f64),
    Number(u64),
    /// The tags that are not logged.
    Masked(TagSet),
}

const ROWS: &[Row] = &[
    Row {
        name: "cli_limit",
        unit: Some("bytes"),
        least: Some(Value::Bytes(128)),
        most: Some(Value::Bytes(ANSWER_BYTES_MOST)),
        description: "Longest answer to a command. One that is longer is cut off there, and its status is 201 instead of 200.",
        fixed: false,
    },
    Row {
        name: "cli_timeout",
        unit: Some("seconds"),
        least: Some(Value::Seconds(0.1)),
        most: Some(Value::Seconds(86_400.0)),
        description: "How long the worker may take to answer a command.",
        fixed: false,
    },
    Row {
        name: "thread_pools",
        unit: Some("pools"),
        least: None,
        most: None,
        description: "Serving threads. The configuration says how many; it is read at start.",
        fixed: true,
    },
    Row {
        name: "vsl_mask",
        unit: None,
        least: None,
        most: None,
        description: "Tags that are not logged.\n\tdefault\tSet default value\n\nUse +/- in front of the name of a tag to log it or not. Begin, End and Link are always logged: without them nothing can be grouped.",
        fixed: false,
    },
    Row {
        name: "vsl_reclen",
        unit: Some("bytes"),
        least: None,
        most: None,
        description: "Longest record of the log. The configuration says it; it is read at start.",
        fixed: true,
    },
    Row {
        name: "vsl_space",
        unit: Some("bytes"),
        least: None,
        most: None,
        description: "Size of the log in shared memory. The configuration says it; it is read at start.",
        fixed: true,
    },
];

/// The parameters of one manager.
#[derive(Debug)]
pub(crate) struct Params {
    values: Vec<Value>,
    defaults: Vec<Value>,
    dialect: Dialect,
}

impl Params {
    pub(crate) fn new(config: &Config, threads: usize) -> Params {
        let dialect = match config.log.dialect {
            LogDialect::V6_0 => Dialect::V6_0,
            LogDialect::V7_3 => Dialect::V7_3,
            LogDialect::Vs9_0 => Dialect::Vs9_0,
        };
        let count = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
        let values: Vec<Value> = ROWS
            .iter()
            .map(|row| match row.name {
                "cli_limit" => Value::Bytes(64 << 10),
                "cli_timeout" => Value::Seconds(60.0),
                "thread_pools" => Value::Number(count(threads)),
                "vsl_reclen" => Value::Bytes(count(config.log.reclen)),
                "vsl_space" => Value::Bytes(config.log.size_bytes),
                _ => Value::Masked(mask::default(dialect)),
            })
            .collect();
        Params { defaults: values.clone(), values, dialect }
    }

    /// Longest answer in bytes.
    pub(crate) fn answer_bytes(&self) -> usize {
        match self.find("cli_limit").map(|at| self.values[at]) {
            Some(Value::Bytes(bytes)) => usize::try_from(bytes).unwrap_or(usize::MAX),
            _ => 64 << 10,
        }
    }

    /// How long a worker may take to answer.
    pub(crate) fn worker_timeout(&self) -> Duration {
        match self.find("cli_timeout").map(|at| self.values[at]) {
            Some(Value::Seconds(seconds)) => {
                Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(60))
            }
            _ => Duration::from_secs(60),
        }
    }

    /// Everything that somebody has set, as it is set.
    pub(crate) fn changed(&self) -> Vec<(String, String)> {
        let rows = ROWS.iter().zip(&self.values).zip(&self.defaults);
        let changed = rows.filter(|((row, value), default)| !row.fixed && value != default);
        changed.map(|((row, value), _)| (row.name.to_owned(), value.shown())).collect()
    }

    /// What a worker has to know: the values that are not the default, as it takes them.
    pub(crate) fn for_worker(&self) -> Vec<(String, String)> {
        let masked = self.find("vsl_mask").filter(|&at| self.values[at] != self.defaults[at]);
        masked.map(|at| ("vsl_mask".to_owned(), self.values[at].shown())).into_iter().collect()
    }

    /// The same set with another value, and whether a worker has to be told; the error is for people. `None` is the default.
    pub(crate) fn with(
        &self,
        name: &str,
        text: Option<&str>,
    ) -> Result<(Params, Option<String>), String> {
        let at = self.find(name).ok_or_else(|| unknown(name))?;
        let row = &ROWS[at];
        if row.fixed {
            return Err(format!(
                "Parameter \"{name}\" is protected: only the configuration says it, at start."
            ));
        }
        let value = match text {
            None => self.defaults[at],
            Some(text) => self.parse(at, text).map_err(|reason| {
                format!("{reason}\n\n(attempting to set param '{name}' to '{text}')")
            })?,
        };
        let mut values = self.values.clone();
        values[at] = value;
        let told = (name == "vsl_mask").then(|| value.shown());
        Ok((Params { values, defaults: self.defaults.clone(), dialect: self.dialect }, told))
    }

    fn parse(&self, at: usize, text: &str) -> Result<Value, String> {
        let row = &ROWS[at];
        let value = match self.values[at] {
            Value::Bytes(_) => Value::Bytes(bytes(text)?),
            Value::Seconds(_) => Value::Seconds(seconds(text)?),
            Value::Number(_) => Value::Number(text.parse().map_err(|_| "Not a number".to_owned())?),
            Value::Masked(now) => {
                Value::Masked(mask::changed(now, mask::default(self.dialect), text, self.dialect)?)
            }
        };
        match (row.least, row.most) {
            (Some(least), _) if value.is_below(least) => {
                Err(format!("Must be at least {}", least.shown()))
            }
            (_, Some(most)) if most.is_below(value) => {
                Err(format!("Must be no more than {}", most.shown()))
            }
            _ => Ok(value),
        }
    }

    /// The lines of `param.show`: all parameters, or those that were changed.
    pub(crate) fn list(&self, changed_only: bool) -> String {
        let mut out = String::new();
        for (at, row) in ROWS.iter().enumerate() {
            let (value, default) = (self.values[at], self.defaults[at]);
            if changed_only && value == default {
                continue;
            }
            let _ = write!(out, "{:<NAME_WIDTH$}{}", row.name, value.shown());
            if let Some(unit) = row.unit {
                let _ = write!(out, " [{unit}]");
            }
            out.push_str(if value == default { " (default)\n" } else { "\n" });
        }
        out
    }

    /// Everything about these parameters: one by its name, all, or those that were changed.
    pub(crate) fn describe(&self, which: Which<'_>) -> Result<String, String> {
        let mut out = String::new();
        for at in self.chosen(which)? {
            let row = &ROWS[at];
            let (value, default) = (self.values[at], self.defaults[at]);
            let indent = "        ";
            let _ = write!(out, "{}\n{indent}Value is: {}", row.name, value.shown());
            if let Some(unit) = row.unit {
                let _ = write!(out, " [{unit}]");
            }
            if value == default {
                out.push_str(" (default)\n");
            } else {
                let _ = write!(out, "\n{indent}Default is: {}\n", default.shown());
            }
            for (what, limit) in [("Minimum", row.least), ("Maximum", row.most)] {
                if let Some(limit) = limit {
                    let _ = writeln!(out, "{indent}{what} is: {}", limit.shown());
                }
            }
            out.push('\n');
            wrap(row.description, indent, &mut out);
            out.push('\n');
        }
        Ok(out)
    }

    /// The same as JSON objects.
    pub(crate) fn json(&self, which: Which<'_>) -> Result<String, String> {
        let objects: Vec<String> =
            self.chosen(which)?.into_iter().map(|at| self.object(at)).collect();
        Ok(objects.join(",\n"))
    }

    fn object(&self, at: usize) -> String {
        let row = &ROWS[at];
        let mut out = format!(
            "  {{\n    \"name\": {},\n    \"implemented\": true,\n    \"value\": {}",
            quoted(row.name),
            self.values[at].json()
        );
        let mut field = |name: &str, text: &str| {
            let _ = write!(out, ",\n    \"{name}\": {}", quoted(text));
        };
        if let Some(unit) = row.unit {
            field("units", unit);
        }
        field("default", &self.defaults[at].shown());
        for (name, limit) in [("minimum", row.least), ("maximum", row.most)] {
            if let Some(limit) = limit {
                field(name, &limit.shown());
            }
        }
        field("description", row.description);
        let flags = if row.fixed { "\n      \"protected\"\n    " } else { "" };
        let _ = write!(out, ",\n    \"flags\": [{flags}]\n  }}");
        out
    }

    fn chosen(&self, which: Which<'_>) -> Result<Vec<usize>, String> {
        let all = 0..ROWS.len();
        match which {
            Which::All => Ok(all.collect()),
            Which::Changed => Ok(all.filter(|&at| self.values[at] != self.defaults[at]).collect()),
            Which::Named(name) => self.find(name).map(|at| vec![at]).ok_or_else(|| unknown(name)),
        }
    }

    fn find(&self, name: &str) -> Option<usize> {
        ROWS.iter().position(|row| row.name == name)
    }
}

/// Which parameters are meant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which<'a> {
    All,
    Changed,
    Named(&'a str),
}

impl<'a> Which<'a> {
    /// From the word that stands for it.
    pub(crate) fn from_word(word: Option<&'a str>) -> Which<'a> {
        match word {
            None => Which::All,
            Some("changed") => Which::Changed,
            Some(name) => Which::Named(name),
        }
    }
}

impl Value {
    fn shown(self) -> String {
        match self {
            Value::Bytes(bytes) => bytes_text(bytes),
            Value::Seconds(seconds) => format!("{seconds:.3}"),
            Value::Number(number) => number.to_string(),
            Value::Masked(tags) => mask::text(tags),
        }
    }

    fn json(self) -> String {
        match self {
            Value::Bytes(number) | Value::Number(number) => number.to_string(),
            Value::Seconds(seconds) => format!("{seconds:.3}"),
            Value::Masked(tags) => quoted(&mask::text(tags)),
        }
    }

    fn is_below(self, limit: Value) -> bool {
        match (self, limit) {
            (Value::Bytes(a), Value::Bytes(b)) | (Value::Number(a), Value::Number(b)) => a < b,
            (Value::Seconds(a), Value::Seconds(b)) => a < b,
            _ => false,
        }
    }
}

fn unknown(name: &str) -> String {
    format!("Unknown parameter \"{name}\".")
}

/// A number of bytes in the largest unit of which it is a whole number.
fn bytes_text(bytes: u64) -> String {
    let units = ["b", "k", "M", "G", "T"];
    let mut value = bytes;
    let mut unit = 0;
    while value != 0 && value.is_multiple_of(1024) && unit + 1 < units.len() {
        value /= 1024;
        unit += 1;
    }
    format!("{value}{}", units[unit])
}

fn bytes(text: &str) -> Result<u64, String> {
    let bad = || {
        "Could not convert to bytes.\nInvalid number\n  Try something like '80k' or '120M'"
            .to_owned()
    };
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" => 10,
        "m" | "mb" => 20,
        "g" | "gb" => 30,
        "t" | "tb" => 40,
        _ => return Err(bad()),
    };
    let number: u64 = number.parse().map_err(|_| bad())?;
    number.checked_mul(1 << shift).ok_or_else(bad)
}

fn seconds(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('s').unwrap_or(text);
    let good = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let value: Option<f64> = number.parse().ok().filter(|_| good);
    value.ok_or_else(|| "Not a number of seconds".to_owned())
}

/// Lines of a description, indented; a line with tabs is a table of two columns.
fn wrap(text: &str, indent: &str, out: &mut String) {
    for line in text.split('\n') {
        if let Some((word, meaning)) = line.strip_prefix('\t').and_then(|row| row.split_once('\t'))
        {
            let _ = writeln!(out, "{indent}   {word:<20}{meaning}");
            continue;
        }
        let mut width = 0;
        for word in line.split(' ').filter(|word| !word.is_empty()) {
            let wide = word.chars().count();
            if width == 0 {
                out.push_str(indent);
                width = indent.len();
            } else if width + 1 + wide > WRAP_WIDTH {
                out.push('\n');
                out.push_str(indent);
                width = indent.len();
            } else {
                out.push(' ');
                width += 1;
            }
            out.push_str(word);
            width += wide;
        }
        out.push('\n');
    }
}

#[cfg(test)]
mod tests;
