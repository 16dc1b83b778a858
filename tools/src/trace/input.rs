//! Opens what is searched.

use std::fs::File;
use std::io::{self, Read};
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
            Some(attached) => Ok(From::Live(attached.attachment.workdir().to_owned())),
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
    pub(super) fn open(&self, dialect: Option<Dialect>) -> anyhow::Result<Opened> {
        let file = |reader: Box<dyn Read>| {
            let source = FileSource::open(self.name(), reader, dialect)?;
            Ok(Opened::File(Box::new(source)))
        };
        match self {
            From::File(path) if path.as_os_str() == "-" => file(Box::new(io::stdin())),
            From::File(path) => {
                let opened = File::open(path);
                file(Box::new(opened.with_context(|| format!("cannot open {}", self.name()))?))
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

/// What is read.
pub(super) enum Opened {
    /// A file or a pipe.
    File(Box<FileSource<Box<dyn Read>>>),
    /// The shared memory of an instance.
    Live(Box<LiveSource>),
}

impl Opened {
    /// The dialect, when the records could be of another as well. It is known once the log was opened.
    pub(super) fn doubtful(&self) -> Option<Dialect> {
        let choice = match self {
            Opened::File(source) => source.choice(),
            Opened::Live(source) => source.choice(),
        };
        choice.is_tie().then_some(choice.dialect)
    }

    /// What is wrong with the directory of an instance, as far as it was noticed and not told yet.
    pub(super) fn problems(&mut self) -> Vec<String> {
        match self {
            Opened::File(_) => Vec::new(),
            Opened::Live(source) => source.problems(),
        }
    }

    /// What to read from.
    pub(super) fn source(&mut self) -> &mut dyn Source {
        match self {
            Opened::File(source) => source.as_mut(),
            Opened::Live(source) => source.as_mut(),
        }
    }
}
