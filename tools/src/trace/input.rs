//! Opens what is searched.

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use shellac_capture::files::CaptureFile;
use shellac_format::Dialect;
use shellac_log::{FileSource, Input, LiveOptions, LiveSource, Source};

use crate::attach::{Patience, attach};
use crate::reading::{Opened, name_of, open_file};

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
