//! Opens what is searched.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use shellac_capture::files::CaptureFile;
use shellac_format::Dialect;
use shellac_log::{FileSource, Input, LiveOptions, LiveSource, Source};

use crate::attach::{Patience, attach};

/// What a compressed file starts with.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Bytes of the magic of a file of records.
const LOG_MAGIC_BYTES: u64 = 4;

/// Where records come from.
#[derive(Clone, Debug)]
pub(super) enum From {
    /// A file, a pipe, or `-`.
    File(PathBuf),
    /// A file of a directory of captures, or what it has from this byte on, counted in what is uncompressed.
    Capture(CaptureFile, Option<u64>),
    /// The shared memory of an instance.
    Live(PathBuf),
}

impl From {
    /// The instance that `-n` names, or the only one; waited for as long as for the number.
    pub(super) fn live(name: Option<&str>, wait: Option<Duration>) -> anyhow::Result<From> {
        let patience = Patience::For(wait.unwrap_or_default());
        // Nothing stops it but a signal that ends the program.
        match attach(name, patience, &|| false)? {
            Some(attached) => Ok(From::Live(attached.attachment.workdir().to_owned())),
            None => anyhow::bail!("no instance"),
        }
    }

    /// What to call it.
    pub(super) fn name(&self) -> String {
        match self {
            From::File(path) => name_of(path),
            From::Capture(file, _) => file.path.display().to_string(),
            From::Live(workdir) => format!("the ring of {}", workdir.display()),
        }
    }

    /// Whether it can be read from the start once more and is the same then.
    pub(super) fn is_file(&self) -> bool {
        match self {
            From::File(path) => path.metadata().is_ok_and(|metadata| metadata.is_file()),
            From::Capture(..) => true,
            From::Live(_) => false,
        }
    }

    /// Whether it can be read from the start once more.
    pub(super) fn can_reopen(&self) -> bool {
        matches!(self, From::Live(_)) || self.is_file()
    }

    /// Opens it at its oldest record.
    pub(super) fn open(&self, dialect: Option<Dialect>) -> anyhow::Result<Opened> {
        let file = |reader: Box<dyn Read>| {
            let source = FileSource::open(self.name(), reader, dialect)?;
            Ok(Opened::File(Box::new(source)))
        };
        match self {
            From::File(path) => Ok(Opened::File(Box::new(open_file(path, dialect)?))),
            From::Capture(capture, offset) => {
                let trouble = || format!("cannot open {}", self.name());
                let open = || capture.open().with_context(trouble);
                let Some(offset) = offset else { return file(open()?) };
                // The first records tell the dialect best, wherever reading starts.
                let dialect = match dialect {
                    Some(dialect) => dialect,
                    None => {
                        let mut source = FileSource::open(self.name(), open()?, None)?;
                        while !matches!(source.next()?, Input::Opened | Input::End) {}
                        source.dialect()
                    }
                };
                let rest: Box<dyn Read> = capture.open_at(*offset).with_context(trouble)?;
                let source = FileSource::open(self.name(), rest, Some(dialect))?;
                Ok(Opened::File(Box::new(source)))
            }
            From::Live(workdir) => {
                let options = LiveOptions { dialect, from_head: true, stop_at_tail: false };
                let attached = attach(workdir.to_str(), Patience::For(Duration::ZERO), &|| false)?;
                let attachment = attached.context("no instance")?.attachment;
                Ok(Opened::Live(Box::new(LiveSource::new(attachment, options))))
            }
        }
    }
}

/// What to call a file; `-` is standard input.
pub(crate) fn name_of(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() }
}

/// Opens a file of records, or standard input for `-`. Either may be compressed with zstd.
pub(crate) fn open_file(
    path: &Path,
    dialect: Option<Dialect>,
) -> anyhow::Result<FileSource<Box<dyn Read>>> {
    let name = name_of(path);
    let reader = if path.as_os_str() == "-" {
        uncompressed(io::stdin())
    } else {
        File::open(path).and_then(uncompressed)
    };
    let reader = reader.with_context(|| format!("cannot open {name}"))?;
    Ok(FileSource::open(name, reader, dialect)?)
}

/// What was compressed with zstd is unpacked while it is read.
fn uncompressed(mut reader: impl Read + 'static) -> io::Result<Box<dyn Read>> {
    let mut magic = Vec::new();
    reader.by_ref().take(LOG_MAGIC_BYTES).read_to_end(&mut magic)?;
    let is_compressed = magic == ZSTD_MAGIC;
    let whole = Cursor::new(magic).chain(reader);
    Ok(if is_compressed { Box::new(zstd::Decoder::new(whole)?) } else { Box::new(whole) })
}

/// What is read.
pub(crate) enum Opened {
    /// A file or a pipe.
    File(Box<FileSource<Box<dyn Read>>>),
    /// The shared memory of an instance.
    Live(Box<LiveSource>),
}

impl Opened {
    /// The dialect, when the records could be of another as well. It is known once the log was opened.
    pub(crate) fn doubtful(&self) -> Option<Dialect> {
        let choice = match self {
            Opened::File(source) => source.choice(),
            Opened::Live(source) => source.choice(),
        };
        choice.is_tie().then_some(choice.dialect)
    }

    /// What is wrong with the directory of an instance, as far as it was noticed and not told yet.
    pub(crate) fn problems(&mut self) -> Vec<String> {
        match self {
            Opened::File(_) => Vec::new(),
            Opened::Live(source) => source.problems(),
        }
    }

    /// What to read from.
    pub(crate) fn source(&mut self) -> &mut dyn Source {
        match self {
            Opened::File(source) => source.as_mut(),
            Opened::Live(source) => source.as_mut(),
        }
    }
}
