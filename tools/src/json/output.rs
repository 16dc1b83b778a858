//! Lines of JSON, in large writes.

use std::path::PathBuf;

use shellac_format::Dialect;
use shellac_log::{Filter, Group, Grouping, LogRecord};
use shellac_render::json::JsonWriter;
use shellac_render::json::varnishlog_json::VarnishlogJson;
use shellac_render::lines::{Text, Walked};

use super::settings::{Schema, Settings};
use crate::reading::pass::Sink;
use crate::reading::target::{Target, Written};

/// Bytes that are collected before they are written.
const WRITE_BYTES: usize = 64 << 10;

/// The output of the tool.
#[derive(Debug)]
pub(super) struct Output {
    target: Target,
    path: Option<PathBuf>,
    buffer: Text,
    form: Form,
    look: Look,
}

/// What a form is made from.
#[derive(Debug)]
struct Look {
    schema: Schema,
    grouping: Grouping,
    filter: Filter,
    verbose: bool,
}

#[derive(Debug)]
enum Form {
    Shellac(Box<JsonWriter>),
    VarnishlogJson(Box<VarnishlogJson>),
}

impl Look {
    fn form(&self, dialect: Dialect) -> Form {
        match self.schema {
            Schema::Shellac => Form::Shellac(Box::new(JsonWriter::new(
                dialect,
                self.grouping,
                &self.filter,
                self.verbose,
            ))),
            Schema::VarnishlogJson => Form::VarnishlogJson(Box::new(VarnishlogJson::new(
                dialect,
                self.grouping,
                &self.filter,
            ))),
        }
    }
}

impl Output {
    /// Opens what `-w` names.
    pub(super) fn open(settings: &Settings, dialect: Dialect) -> anyhow::Result<Output> {
        let reading = &settings.reading;
        let mut filter = reading.filter.clone();
        filter.compat = Some(reading.compat(dialect));
        let look = Look {
            schema: settings.schema,
            grouping: reading.grouping,
            filter,
            verbose: reading.verbose,
        };
        let target = match (settings.open()?, &settings.to) {
            (Some(file), Some(path)) => Target::File { file, name: path.display().to_string() },
            _ => Target::stdout(),
        };
        Ok(Output {
            target,
            path: settings.to.clone(),
            buffer: Text::with_capacity(2 * WRITE_BYTES),
            form: look.form(dialect),
            look,
        })
    }

    fn write_if_full(&mut self) -> anyhow::Result<Written> {
        if self.buffer.len() < WRITE_BYTES { Ok(Written::Fine) } else { self.flush() }
    }
}

impl Sink for Output {
    fn set_dialect(&mut self, dialect: Dialect) -> anyhow::Result<()> {
        self.form = self.look.form(dialect);
        Ok(())
    }

    fn group(&mut self, group: &Group) -> anyhow::Result<Written> {
        match &mut self.form {
            Form::Shellac(writer) => writer.group(group, &mut self.buffer),
            Form::VarnishlogJson(writer) => writer.group(group, &mut self.buffer),
        }
        self.write_if_full()
    }

    fn record(&mut self, _: &LogRecord<'_>, bytes: &[u8]) -> anyhow::Result<Written> {
        self.lines(bytes);
        self.write_if_full()
    }

    fn row(&mut self, _: Dialect, row: &[u8]) -> anyhow::Result<(Walked, Written)> {
        let walked = self.lines(row);
        Ok((walked, self.write_if_full()?))
    }

    fn flush(&mut self) -> anyhow::Result<Written> {
        if self.buffer.is_empty() {
            return Ok(Written::Fine);
        }
        let written = self.target.write(self.buffer.as_bytes());
        self.buffer.clear();
        written
    }

    fn reopen(&mut self) -> anyhow::Result<Written> {
        let written = self.flush()?;
        if let Some(path) = &self.path {
            self.target.reopen(path)?;
        }
        Ok(written)
    }
}

impl Output {
    fn lines(&mut self, row: &[u8]) -> Walked {
        match &mut self.form {
            Form::Shellac(writer) => writer.raw_row(row, &mut self.buffer),
            Form::VarnishlogJson(writer) => writer.raw_row(row, &mut self.buffer),
        }
    }
}
