//! Where groups go: text or records, in large writes.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;

use anyhow::{Context, bail};
use shellac_format::{Dialect, Heads, Layout};
use shellac_log::{Compat, CompiledFilter, Group, LogRecord};
use shellac_render::colored::ColoredWriter;
use shellac_render::lines::{LineOptions, LineWriter, Text, Walked};

use super::settings::{Settings, To};
use crate::reading::pass::Sink;
use crate::reading::target::{self, Target, Written, is_fresh, write_all};

/// Bytes that are collected before they are written.
const WRITE_BYTES: usize = 64 << 10;

/// The output of the tool.
#[derive(Debug)]
pub(super) struct Output {
    target: Target,
    form: Form,
    buffer: Text,
    options: LineOptions,
    to: To,
    dialect: Dialect,
}

#[derive(Debug)]
enum Form {
    Text(LineWriter),
    Colored(Box<ColoredWriter>),
    Records { dialect: Dialect, filter: CompiledFilter },
}

impl Output {
    /// Opens what `-w` names. With records, the magic goes out first unless it is there already.
    pub(super) fn open(settings: &Settings, dialect: Dialect) -> anyhow::Result<Output> {
        let mut filter = settings.reading.filter.clone();
        filter.compat = Some(settings.reading.compat(dialect));
        let options = LineOptions { verbose: settings.reading.verbose, filter };
        let buffer = Text::with_capacity(2 * WRITE_BYTES);
        let form = Form::new(&settings.to, dialect, &options);
        let (path, append) = match &settings.to {
            To::File { path, append, .. } if path.as_os_str() != "-" => (path, *append),
            To::File { .. } | To::Text { .. } => {
                let (target, to) = (Target::stdout(), settings.to.clone());
                let mut output = Output { target, form, buffer, options, to, dialect };
                output.begin(dialect, true);
                return Ok(output);
            }
        };
        target::check_other(&settings.reading.from, path)?;
        let magic = dialect.layout().file_magic();
        let (file, fresh) = match &settings.opened {
            Some(file) => {
                let file = file.try_clone().context("cannot duplicate the output file")?;
                let fresh = is_fresh(&file)?;
                (file, fresh)
            }
            None => open_file(path, append, matches!(form, Form::Records { .. }).then_some(magic))?,
        };
        let target = Target::File { file, name: path.display().to_string() };
        let to = settings.to.clone();
        let mut output = Output { target, form, buffer, options, to, dialect };
        output.begin(dialect, fresh);
        Ok(output)
    }

    /// Writes the magic where a file of records begins.
    fn begin(&mut self, dialect: Dialect, fresh: bool) {
        if fresh && matches!(self.form, Form::Records { .. }) {
            self.buffer.push(&dialect.layout().file_magic());
        }
    }

    fn write_if_full(&mut self) -> anyhow::Result<Written> {
        if self.buffer.len() < WRITE_BYTES { Ok(Written::Fine) } else { self.flush() }
    }
}

impl Sink for Output {
    fn set_dialect(&mut self, dialect: Dialect) -> anyhow::Result<()> {
        if let Form::Records { dialect: before, .. } = self.form
            && before.layout() != dialect.layout()
        {
            bail!(
                "the log now has records of another length, which cannot follow in the same file"
            );
        }
        self.form = Form::new(&self.to, dialect, &self.options);
        self.dialect = dialect;
        Ok(())
    }

    fn group(&mut self, group: &Group) -> anyhow::Result<Written> {
        match &self.form {
            Form::Text(writer) => writer.group(group, &mut self.buffer),
            Form::Colored(writer) => writer.group(group, &mut self.buffer),
            Form::Records { filter, .. } => {
                for transaction in &group.transactions {
                    for (record, bytes) in transaction.records().with_bytes() {
                        if filter.shows(&record) {
                            self.buffer.push(bytes);
                        }
                    }
                }
            }
        }
        self.write_if_full()
    }

    fn record(&mut self, record: &LogRecord<'_>, bytes: &[u8]) -> anyhow::Result<Written> {
        match &self.form {
            Form::Text(writer) => writer.raw(record, &mut self.buffer),
            Form::Colored(writer) => writer.raw(record, &mut self.buffer),
            Form::Records { filter, .. } => {
                if filter.shows(record) {
                    self.buffer.push(bytes);
                }
            }
        }
        self.write_if_full()
    }

    fn row(&mut self, _: Dialect, row: &[u8]) -> anyhow::Result<(Walked, Written)> {
        let walked = match &self.form {
            Form::Text(writer) => writer.raw_row(row, &mut self.buffer),
            Form::Colored(writer) => writer.raw_row(row, &mut self.buffer),
            Form::Records { filter, dialect } => copy_row(*dialect, filter, row, &mut self.buffer),
        };
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
        if let To::File { path, .. } = &self.to {
            let fresh = self.target.reopen(path)?;
            self.begin(self.dialect, fresh);
        }
        Ok(written)
    }
}

/// Leaves the magic in what was opened before a mistake was found, as the stock tool does.
pub(super) fn leave_magic(to: &To, opened: Option<&File>, compat: Option<Compat>) {
    let To::File { text: false, .. } = to else { return };
    let magic = match compat {
        Some(Compat::V9) => Layout::Words3.file_magic(),
        Some(Compat::V7) | None => Layout::Words2.file_magic(),
    };
    // There is a mistake to tell of already.
    let _ = match opened {
        Some(mut file) if is_fresh(file).is_ok_and(|fresh| fresh) => file.write_all(&magic),
        Some(_) => Ok(()),
        None => write_all(io::stdout().as_fd(), &magic),
    };
}

impl Form {
    fn new(to: &To, dialect: Dialect, options: &LineOptions) -> Form {
        match to {
            To::Text { color: true } => {
                Form::Colored(Box::new(ColoredWriter::new(dialect, options)))
            }
            To::Text { color: false } | To::File { text: true, .. } => {
                Form::Text(LineWriter::new(dialect, options))
            }
            To::File { text: false, .. } => {
                Form::Records { dialect, filter: options.filter.compile(dialect) }
            }
        }
    }
}

/// Appends the records of a row that are shown, as they are.
fn copy_row(dialect: Dialect, filter: &CompiledFilter, row: &[u8], out: &mut Text) -> Walked {
    let mut heads = Heads::new(dialect.layout(), row);
    let mut records = 0;
    // Those that lie one after the other are copied together.
    let mut run = 0..0;
    for place in heads.by_ref() {
        records += 1;
        let shown = filter
            .shows_number(place.number)
            .unwrap_or_else(|| filter.shows(&LogRecord::new(dialect, place.record(row))));
        if shown && place.start == run.end {
            run.end = place.end;
        } else if shown {
            out.push(&row[run]);
            run = place.start..place.end;
        }
    }
    out.push(&row[run]);
    Walked { records, bytes: heads.position() }
}

/// Opens a file, for records that start with this magic, and says whether it needs one.
fn open_file(path: &Path, append: bool, magic: Option<[u8; 4]>) -> anyhow::Result<(File, bool)> {
    let name = path.display();
    let file =
        target::open(path, append).with_context(|| format!("Cannot open output file {name}"))?;
    let fresh = is_fresh(&file)?;
    if let Some(magic) = magic
        && !fresh
    {
        let mut there = [0; 4];
        let read = File::open(path).and_then(|mut file| file.read_exact(&mut there));
        if read.is_ok() && there != magic {
            bail!("cannot append to {name}: it does not start as a file of such records does");
        }
    }
    Ok((file, fresh))
}
