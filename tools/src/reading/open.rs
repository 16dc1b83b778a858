//! Opens what is read.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use shellac_format::Dialect;
use shellac_log::{FileSource, LiveSource, Source};

/// What a compressed file starts with.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Bytes of the magic of a file of records.
const LOG_MAGIC_BYTES: u64 = 4;

/// What to call a file; `-` is standard input.
pub(crate) fn name_of(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() }
}

/// Files, and those of directories.
///
/// # Errors
///
/// A directory that cannot be read, or has no records.
pub(crate) fn files_of(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let trouble = || format!("cannot read {}", path.display());
            let logs = shellac_capture::files::logs(path).with_context(trouble)?;
            if logs.is_empty() {
                anyhow::bail!("{} has no captures and no other *.vsl or *.vsl.zst", path.display());
            }
            files.extend(logs);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
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
