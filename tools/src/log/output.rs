//! Where groups go: text or records, in large writes.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, bail};
use shellac_format::{Dialect, Heads, Layout};
use shellac_log::{Compat, CompiledFilter, Group, LogRecord};
use shellac_render::colored::ColoredWriter;
use shellac_render::lines::{LineOptions, LineWriter, Text, Walked};

use super::settings::{From, Settings, To, WithStatus};
use crate::stock::system_text::system_text;

/// Bytes that are collected before they are written.
const WRITE_BYTES: usize = 64 << 10;

/// A group or record went out, or the reader of our output has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// Go on.
    Fine,
    /// Nobody reads our output any more: the end, and no error.
    NobodyReads,
}

/// The output of the tool.
#[derive(Debug)]
pub(super) struct Output {
    target: Target,
    form: Form,
    buffer: Text,
    options: LineOptions,
}

#[derive(Debug)]
enum Target {
    Stdout(io::Stdout),
    File { file: File, name: String },
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
        let mut filter = settings.filter.clone();
        filter.compat = Some(settings.compat(dialect));
        let options = LineOptions { verbose: settings.verbose, filter };
        let buffer = Text::with_capacity(2 * WRITE_BYTES);
        let form = Form::new(&settings.to, dialect, &options);
        let (path, append) = match &settings.to {
            To::File { path, append, .. } if path.as_os_str() != "-" => (path, *append),
            To::File { .. } | To::Text { .. } => {
                let target = Target::Stdout(io::stdout());
                let mut output = Output { target, form, buffer, options };
                output.begin(dialect, true);
                return Ok(output);
            }
        };
        if let From::File(input) = &settings.from
            && is_same_file(input, path)
        {
            bail!("{} is being read; writing to it would destroy it", path.display());
        }
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
        let mut output = Output { target, form, buffer, options };
        output.begin(dialect, fresh);
        Ok(output)
    }

    /// Writes the magic where a file of records begins.
    fn begin(&mut self, dialect: Dialect, fresh: bool) {
        if fresh && matches!(self.form, Form::Records { .. }) {
            self.buffer.push(&dialect.layout().file_magic());
        }
    }

    /// Closes the file and opens it again, so that one that was moved away is followed by a new one.
    pub(super) fn reopen(&mut self, path: &Path, dialect: Dialect) -> anyhow::Result<Written> {
        let written = self.flush()?;
        if let Target::File { file, name } = &mut self.target {
            *file = open_plainly(path, true)
                .with_context(|| format!("Cannot open output file {name}"))?;
            let fresh = is_fresh(file)?;
            self.begin(dialect, fresh);
        }
        Ok(written)
    }

    /// Goes on with records of another dialect.
    pub(super) fn set_dialect(&mut self, to: &To, dialect: Dialect) -> anyhow::Result<()> {
        if let Form::Records { dialect: before, .. } = self.form
            && before.layout() != dialect.layout()
        {
            bail!(
                "the log now has records of another length, which cannot follow in the same file"
            );
        }
        self.form = Form::new(to, dialect, &self.options);
        Ok(())
    }

    /// Writes a group.
    pub(super) fn group(&mut self, group: &Group) -> anyhow::Result<Written> {
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

    /// Writes a record that is a group by itself; `bytes` is all of it.
    pub(super) fn record(
        &mut self,
        record: &LogRecord<'_>,
        bytes: &[u8],
    ) -> anyhow::Result<Written> {
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

    /// Writes whole records that lie one after the other, each a group by itself, and says how many.
    pub(super) fn row(&mut self, row: &[u8]) -> anyhow::Result<(Walked, Written)> {
        let walked = match &self.form {
            Form::Text(writer) => writer.raw_row(row, &mut self.buffer),
            Form::Colored(writer) => writer.raw_row(row, &mut self.buffer),
            Form::Records { filter, dialect } => copy_row(*dialect, filter, row, &mut self.buffer),
        };
        Ok((walked, self.write_if_full()?))
    }

    /// Writes what is collected.
    pub(super) fn flush(&mut self) -> anyhow::Result<Written> {
        if self.buffer.is_empty() {
            return Ok(Written::Fine);
        }
        let result = match &mut self.target {
            // Standard output has a buffer that breaks at lines; past it goes everything at once.
            Target::Stdout(stdout) => write_all(stdout.as_fd(), self.buffer.as_bytes()),
            Target::File { file, .. } => file.write_all(self.buffer.as_bytes()),
        };
        self.buffer.clear();
        match (result, &self.target) {
            (Ok(()), _) => Ok(Written::Fine),
            (Err(error), _) if error.kind() == io::ErrorKind::BrokenPipe => {
                Ok(Written::NobodyReads)
            }
            (Err(error), Target::Stdout(_)) => Err(cannot_write("standard output", &error)),
            (Err(error), Target::File { name, .. }) => Err(cannot_write(name, &error)),
        }
    }

    fn write_if_full(&mut self) -> anyhow::Result<Written> {
        if self.buffer.len() < WRITE_BYTES { Ok(Written::Fine) } else { self.flush() }
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

fn cannot_write(name: &str, error: &io::Error) -> anyhow::Error {
    anyhow::anyhow!("cannot write to {name}: {}", system_text(error))
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

/// Opens what `-w` names as the stock tools do: before anything else, with their words.
///
/// # Errors
///
/// [`WithStatus`] 2.
pub(super) fn open_stock(path: &Path, append: bool) -> anyhow::Result<Option<File>> {
    if path.as_os_str() == "-" {
        return Ok(None);
    }
    match open_plainly(path, append) {
        Ok(file) => Ok(Some(file)),
        Err(error) => {
            let text = format!("Cannot open output file ({})", system_text(&error));
            Err(WithStatus { text, status: 2 }.into())
        }
    }
}

fn open_plainly(path: &Path, append: bool) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).append(append).truncate(!append).open(path)
}

/// Whether both names lead to one regular file. A pipe or a terminal may well be both ends.
fn is_same_file(one: &Path, other: &Path) -> bool {
    let identity = |path: &Path| {
        let metadata = path.metadata().ok().filter(Metadata::is_file)?;
        Some((metadata.dev(), metadata.ino()))
    };
    identity(one).is_some_and(|one| identity(other) == Some(one))
}

/// Whether nothing is in the file yet. What is no regular file has no beginning that could be there.
fn is_fresh(file: &File) -> anyhow::Result<bool> {
    let metadata = file.metadata().context("cannot examine the output file")?;
    Ok(!metadata.is_file() || metadata.len() == 0)
}

/// Opens a file, for records that start with this magic, and says whether it needs one.
fn open_file(path: &Path, append: bool, magic: Option<[u8; 4]>) -> anyhow::Result<(File, bool)> {
    let name = path.display();
    let file =
        open_plainly(path, append).with_context(|| format!("Cannot open output file {name}"))?;
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

fn write_all(fd: std::os::fd::BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(fd, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(len) => bytes = &bytes[len..],
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
