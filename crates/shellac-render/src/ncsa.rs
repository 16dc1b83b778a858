//! A line per transaction, in a format of varnishncsa: what an access log is made of.
//!
//! A [`Format`] is parsed once; a [`LineMaker`] fills it in for each transaction. It walks the records of a transaction
//! once, looks at those that the format asks for, and remembers where they lie, so that a line costs no allocation.

mod attempts;
mod collect;
mod field;
mod moment;
mod parse;
mod preset;
mod quote;
mod strftime;
mod user;
mod wide;
mod write;

use shellac_format::{Dialect, Tag};
use shellac_log::{Compat, Filter, Group, Kind, Sides, Transaction};
use thiserror::Error;

use crate::lines::Text;
use crate::trace::Zone;
use collect::{Collected, Collector, Line};
use parse::Part;
pub use preset::Preset;
use quote::Quoting;
use write::Writer;

/// Whether formats may have what the stock tool does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extensions {
    /// Only what it knows.
    #[default]
    Stock,
    /// Also `%{request_time}x`, `%{upstream_addr}x` and the like.
    Own,
}

/// How a format is read and lines are written.
#[derive(Clone, Copy, Debug, Default)]
pub struct FormatOptions {
    /// The generation whose rules hold.
    pub compat: Compat,
    /// Which names there are.
    pub extensions: Extensions,
    /// `-j`: as JSON is quoted, a missing text is empty and a missing number 0.
    pub json: bool,
    /// Whose clock moments are shown in.
    pub zone: Zone,
}

/// What is wrong with a format, in the words of the stock tool.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FormatError {
    /// No such letter, or none behind `%{...}`.
    #[error("Unknown format specifier at: {0}")]
    Specifier(String),
    /// A bracket that does not end.
    #[error("Unmatched bracket at: {0}")]
    Bracket(String),
    /// `%{...}x` with a name that is none.
    #[error("Unknown formatting extension: {0}")]
    Extension(String),
    /// `%{...}T` with a unit that is none.
    #[error("Unknown specifier: %{{{0}}}T")]
    Unit(String),
    /// `%{NAME:RULE}i` with a rule that is none.
    #[error("Unknown match rule {0}")]
    Rule(String),
    /// `%{VSL:}x`
    #[error("Missing tag in VSL:")]
    NoTag,
    /// A tag that is none.
    #[error("Unknown log tag: {0}")]
    Tag(String),
    /// The start of several tags.
    #[error("Tag not unique: {0}")]
    Ambiguous(String),
    /// Brackets with something else than a number.
    #[error("Syntax error: VSL:{0}")]
    Syntax(String),
    /// A number that is too small or too large.
    #[error("Syntax error. Field specifier must be between 1 and 255: {0}")]
    Word(String),
    /// A tag whose records may hold anything.
    #[error("Tag {0} can contain control characters")]
    Control(&'static str),
}

/// A format that was understood.
#[derive(Clone, Debug)]
pub struct Format {
    parts: Vec<Part>,
    quoting: Quoting,
    options: FormatOptions,
}

impl Format {
    /// Reads a format as it is given to `-F`.
    ///
    /// # Errors
    ///
    /// The first mistake, in the words of the stock tool.
    ///
    /// ```
    /// use shellac_render::ncsa::{Format, FormatOptions};
    ///
    /// assert!(Format::parse(b"%h %s %{Host}i", FormatOptions::default()).is_ok());
    /// let error = Format::parse(b"%h %Z", FormatOptions::default()).unwrap_err();
    /// assert_eq!(error.to_string(), "Unknown format specifier at: %Z");
    /// ```
    pub fn parse(format: &[u8], options: FormatOptions) -> Result<Format, FormatError> {
        let FormatOptions { compat, extensions, json, .. } = options;
        let parts = parse::parse(format, parse::Reading { json, compat, extensions })?;
        let quoting = if json { Quoting::Json } else { Quoting::Plain };
        Ok(Format { parts, quoting, options })
    }

    /// The format that is meant when none is given.
    ///
    /// # Errors
    ///
    /// None: the default format has no mistake.
    pub fn default_with(options: FormatOptions) -> Result<Format, FormatError> {
        Format::parse(parse::DEFAULT.as_bytes(), options)
    }

    /// One of our own.
    ///
    /// # Errors
    ///
    /// None: presets have no mistakes.
    pub fn preset(preset: Preset, options: FormatOptions) -> Result<Format, FormatError> {
        let options = FormatOptions { extensions: Extensions::Own, json: false, ..options };
        let FormatOptions { compat, extensions, .. } = options;
        let json = preset.quoting() == Quoting::StrictJson;
        let parts =
            parse::parse(preset.format().as_bytes(), parse::Reading { json, compat, extensions })?;
        Ok(Format { parts, quoting: preset.quoting(), options })
    }

    /// Whether it shows attempts, which are in the groups of whole requests only.
    pub fn has_attempts(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Own(parse::Own::Upstream(_))))
    }

    /// Adds the records that it looks at to what `kept` shows.
    pub fn keep(&self, kept: &mut Filter) {
        Collector::keep(self, kept);
    }
}

/// Writes lines in one format for records of one dialect.
#[derive(Clone, Debug)]
pub struct LineMaker {
    collector: Collector,
    collected: Collected,
    writer: Writer,
    attempts: attempts::Attempts,
    has_attempts: bool,
    lines_for: Option<Sides>,
}

impl LineMaker {
    /// Prepares for records of `dialect`.
    pub fn new(format: &Format, dialect: Dialect) -> LineMaker {
        let (collector, items, moments) = Collector::new(format, dialect);
        LineMaker {
            collected: Collected::new(collector.slots()),
            collector,
            writer: Writer::new(items, moments, format),
            attempts: attempts::Attempts::new(dialect),
            has_attempts: format.has_attempts(),
            lines_for: None,
        }
    }

    /// Only transactions of these sides get lines. Without this all requests and attempts of a group do, as with the stock
    /// tool, whose grouping leaves out the others where each transaction is a group.
    #[must_use]
    pub const fn with_lines_for(mut self, sides: Sides) -> LineMaker {
        self.lines_for = Some(sides);
        self
    }

    /// Appends the lines of a group, and says how many.
    pub fn group(&mut self, group: &Group, out: &mut Text) -> usize {
        if self.has_attempts {
            self.attempts.learn(group);
        }
        let mut lines = 0;
        for (at, transaction) in group.transactions.iter().enumerate() {
            let is_meant = matches!(transaction.kind, Kind::Request | Kind::Backend)
                && self.lines_for.is_none_or(|it| it.wants(transaction.kind, transaction.reason));
            if is_meant && self.line(group, at, transaction, out) {
                lines += 1;
            }
        }
        lines
    }

    /// Appends the line of a transaction, if there is one.
    fn line(
        &mut self,
        group: &Group,
        at: usize,
        transaction: &Transaction,
        out: &mut Text,
    ) -> bool {
        let LineMaker { collector, collected, writer, attempts, .. } = self;
        if collector.collect(transaction, collected) == Line::None {
            return false;
        }
        let start = out.len();
        let mut upstream = |column, out: &mut Text| attempts.write(group, at, column, out);
        let is_whole = writer.write(transaction, collected, &mut upstream, out);
        if is_whole {
            out.push(b"\n");
        } else {
            out.truncate(start);
        }
        is_whole
    }
}

/// Tags that are always looked at: they decide whether there is a line.
const ALWAYS: [Tag; 2] = [Tag::VclReturn, Tag::HttpGarbage];

#[cfg(test)]
mod tests;
