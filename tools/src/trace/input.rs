//! Opens what is searched.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use shellac_format::Dialect;
use shellac_log::{FileSource, LiveOptions, LiveSource, Source};

use crate::attach::{Patience, attach};

/// Where records come from.
#[derive(Debug)]
pub(super) enum From {
    /// A file, a pipe, or `-`.
    File(PathBuf),
    /// The shared memory of an instance.
    Live(PathBuf),
}

impl From {
    /// The instance that `-n` names, or the only one; waited for as long as for the number.
    pub(super) fn live(name: Option<&str>, wait: Option<Duration>) -> anyhow::Result<From> {
        let patience = Patience::For(wait.unwrap_or_default());
        // Nothing stops it but a signal that ends the program.
        match attach(name, patience, &|| false)? {
            Some(attachment) => Ok(From::Live(attachment.workdir().to_owned())),
            None => anyhow::bail!("no instance"),
        }
    }

    /// What to call it.
    pub(super) fn name(&self) -> String {
        match self {
            From::File(path) if path.as_os_str() == "-" => "standard input".to_owned(),
            From::File(path) => path.display().to_string(),
            From::Live(workdir) => format!("the ring of {}", workdir.display()),
        }
    }

    /// Whether it can be read from the start once more.
    pub(super) fn can_reopen(&self) -> bool {
        match self {
            From::File(path) => path.metadata().is_ok_and(|metadata| metadata.is_file()),
            From::Live(_) => true,
        }
    }

    /// Opens it at its oldest record.
    pub(super) fn open(&self, dialect: Option<Dialect>) -> anyhow::Result<Box<dyn Source>> {
        match self {
            From::File(path) if path.as_os_str() == "-" => {
                Ok(Box::new(FileSource::open(self.name(), io::stdin(), dialect)?))
            }
            From::File(path) => {
                let file =
                    File::open(path).with_context(|| format!("cannot open {}", self.name()))?;
                Ok(Box::new(FileSource::open(self.name(), file, dialect)?))
            }
            From::Live(workdir) => {
                let options = LiveOptions { dialect, from_head: true, stop_at_tail: false };
                let attachment =
                    attach(workdir.to_str(), Patience::For(Duration::ZERO), &|| false)?;
                let attachment = attachment.context("no instance")?;
                Ok(Box::new(LiveSource::new(attachment, options)))
            }
        }
    }
}
