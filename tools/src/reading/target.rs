//! Where tools write: standard output, or the file that `-w` names, which may be opened anew.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};

use super::settings::{From, WithStatus};
use crate::stock::system_text::system_text;

/// A group or record went out, or the reader of our output has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// Go on.
    Fine,
    /// Nobody reads our output any more: the end, and no error.
    NobodyReads,
}

/// Where bytes go.
#[derive(Debug)]
pub(crate) enum Target {
    Stdout(io::Stdout),
    File { file: File, name: String },
}

/// Writes all that a tool has to say to standard output. One who does not read it is no error.
///
/// # Errors
///
/// Standard output takes no more.
pub(crate) fn say(text: &str) -> anyhow::Result<ExitCode> {
    let (Written::Fine | Written::NobodyReads) = Target::stdout().write(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

impl Target {
    /// Standard output, past the buffer that breaks at lines.
    pub(crate) fn stdout() -> Target {
        Target::Stdout(io::stdout())
    }

    /// Writes all of it.
    ///
    /// # Errors
    ///
    /// All but a pipe that nobody reads any more.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> anyhow::Result<Written> {
        let result = match self {
            Target::Stdout(stdout) => write_all(stdout.as_fd(), bytes),
            Target::File { file, .. } => file.write_all(bytes),
        };
        match (result, self) {
            (Ok(()), _) => Ok(Written::Fine),
            (Err(error), _) if error.kind() == io::ErrorKind::BrokenPipe => {
                Ok(Written::NobodyReads)
            }
            (Err(error), Target::Stdout(_)) => Err(cannot_write("standard output", &error)),
            (Err(error), Target::File { name, .. }) => Err(cannot_write(name, &error)),
        }
    }

    /// Closes the file and opens it again, so that one that was moved away is followed by a new one. Says whether nothing is
    /// in it; standard output stays as it is.
    pub(crate) fn reopen(&mut self, path: &Path) -> anyhow::Result<bool> {
        let Target::File { file, name } = self else { return Ok(false) };
        *file = open(path, true).with_context(|| format!("Cannot open output file {name}"))?;
        is_fresh(file)
    }
}

fn cannot_write(name: &str, error: &io::Error) -> anyhow::Error {
    anyhow::anyhow!("cannot write to {name}: {}", system_text(error))
}

/// Opens what `-w` names as the stock tools do: before anything else, with their words.
///
/// # Errors
///
/// [`WithStatus`] 2.
pub(crate) fn open_stock(path: &Path, append: bool) -> anyhow::Result<Option<File>> {
    if path.as_os_str() == "-" {
        return Ok(None);
    }
    match open(path, append) {
        Ok(file) => Ok(Some(file)),
        Err(error) => {
            let text = format!("Cannot open output file ({})", system_text(&error));
            Err(WithStatus { text, status: 2 }.into())
        }
    }
}

/// Opens a file to write to, which begins anew unless `append`.
pub(crate) fn open(path: &Path, append: bool) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).append(append).truncate(!append).open(path)
}

/// Refuses to write to the file that is read.
pub(crate) fn check_other(from: &From, path: &Path) -> anyhow::Result<()> {
    if let From::File(input) = from
        && is_same_file(input, path)
    {
        bail!("{} is being read; writing to it would destroy it", path.display());
    }
    Ok(())
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
pub(crate) fn is_fresh(file: &File) -> anyhow::Result<bool> {
    let metadata = file.metadata().context("cannot examine the output file")?;
    Ok(!metadata.is_file() || metadata.len() == 0)
}

/// Writes past all buffers of the standard library.
pub(crate) fn write_all(fd: std::os::fd::BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
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
