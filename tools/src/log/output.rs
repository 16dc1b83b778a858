//! Where groups go: text or records, in large writes.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;

use anyhow::{Context, bail};
use shellac_format::{Dialect, Layout};
use shellac_log::{CompiledFilter, Filter, Group, LogRecord};
use shellac_render::lines::{LineOptions, LineWriter};

use super::args::{Settings, To};

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
    buffer: Vec<u8>,
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
    Records { layout: Layout, filter: CompiledFilter },
}

impl Output {
    /// Opens what `-w` names. With records, the magic goes out first unless it is there already.
    pub(super) fn open(settings: &Settings, dialect: Dialect) -> anyhow::Result<Output> {
        let options = LineOptions { verbose: settings.verbose, filter: settings.filter.clone() };
        let buffer = Vec::with_capacity(2 * WRITE_BYTES);
        let form = Form::new(&settings.to, dialect, &options);
        let (path, append) = match &settings.to {
            To::Text => {
                return Ok(Output { target: Target::Stdout(io::stdout()), form, buffer, options });
            }
            To::Records { path, append } => (path, *append),
        };
        let magic = dialect.layout().file_magic();
        if path.as_os_str() == "-" {
            let target = Target::Stdout(io::stdout());
            return Ok(Output { target, form, buffer: magic.to_vec(), options });
        }
        let (file, fresh) = open_file(path, append, magic)?;
        let target = Target::File { file, name: path.display().to_string() };
        let mut output = Output { target, form, buffer, options };
        if fresh {
            output.buffer.extend_from_slice(&magic);
        }
        Ok(output)
    }

    /// Goes on with records of another dialect.
    pub(super) fn set_dialect(&mut self, to: &To, dialect: Dialect) -> anyhow::Result<()> {
        if let Form::Records { layout, .. } = self.form
            && layout != dialect.layout()
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
            Form::Records { filter, .. } => {
                for transaction in &group.transactions {
                    for (record, bytes) in transaction.records().with_bytes() {
                        if filter.shows(&record) {
                            self.buffer.extend_from_slice(bytes);
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
            Form::Records { filter, .. } => {
                if filter.shows(record) {
                    self.buffer.extend_from_slice(bytes);
                }
            }
        }
        self.write_if_full()
    }

    /// Writes what is collected.
    pub(super) fn flush(&mut self) -> anyhow::Result<Written> {
        if self.buffer.is_empty() {
            return Ok(Written::Fine);
        }
        let result = match &mut self.target {
            // Standard output has a buffer that breaks at lines; past it goes everything at once.
            Target::Stdout(stdout) => write_all(stdout.as_fd(), &self.buffer),
            Target::File { file, .. } => file.write_all(&self.buffer),
        };
        self.buffer.clear();
        match (result, &self.target) {
            (Ok(()), _) => Ok(Written::Fine),
            (Err(error), _) if error.kind() == io::ErrorKind::BrokenPipe => {
                Ok(Written::NobodyReads)
            }
            (Err(error), Target::Stdout(_)) => {
                Err(error).context("cannot write to standard output")
            }
            (Err(error), Target::File { name, .. }) => {
                Err(error).with_context(|| format!("cannot write to {name}"))
            }
        }
    }

    fn write_if_full(&mut self) -> anyhow::Result<Written> {
        if self.buffer.len() < WRITE_BYTES { Ok(Written::Fine) } else { self.flush() }
    }
}

impl Form {
    fn new(to: &To, dialect: Dialect, options: &LineOptions) -> Form {
        match to {
            To::Text => Form::Text(LineWriter::new(dialect, options)),
            To::Records { .. } => Form::Records {
                layout: dialect.layout(),
                filter: Filter::compile(&options.filter, dialect),
            },
        }
    }
}

/// Opens a file for records and says whether it needs the magic.
fn open_file(path: &Path, append: bool, magic: [u8; 4]) -> anyhow::Result<(File, bool)> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).append(append).truncate(!append);
    let name = path.display();
    let file = options.open(path).with_context(|| format!("Cannot open output file {name}"))?;
    let metadata = file.metadata().with_context(|| format!("cannot examine {name}"))?;
    // What is no regular file has no beginning that could be there already.
    let fresh = !metadata.is_file() || metadata.len() == 0;
    if !fresh {
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
