//! What is compared: files, or the log of an instance.

use std::io::Read;
use std::path::PathBuf;

use anyhow::Context;
use shellac_log::{FileSource, LiveOptions, LiveSource};

use super::Args;
use crate::attach::{Patience, attach};
use crate::reading::signals::Signals;
use crate::reading::{Opened, files_of, name_of, open_file};

/// Where records come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A file, a pipe, or `-`.
    File(PathBuf),
    /// The directory of an instance.
    Live(PathBuf),
    /// What the log of an instance on another machine holds.
    Host(String),
}

/// What was asked for. `None`: a signal came while waiting for an instance.
pub(super) fn places(args: &Args, signals: &Signals) -> anyhow::Result<Option<Vec<Place>>> {
    if args.hosts.are_meant() {
        return Ok(Some(args.hosts.hosts.iter().cloned().map(Place::Host).collect()));
    }
    if args.read.is_empty() {
        let patience = Patience::For(Default::default());
        let attached = attach(args.instance.as_deref(), patience, &|| signals.stop())?;
        let live = |attached: crate::attach::Attached| attached.attachment.workdir().to_owned();
        return Ok(attached.map(|attached| vec![Place::Live(live(attached))]));
    }
    let files = files_of(&args.read)?;
    Ok(Some(files.into_iter().map(Place::File).collect()))
}

impl Place {
    /// What to call it.
    pub(super) fn name(&self) -> String {
        match self {
            Place::File(path) => name_of(path),
            Place::Live(path) => path.display().to_string(),
            Place::Host(host) => host.clone(),
        }
    }

    /// Whether nothing comes behind it.
    pub(super) fn is_last(&self, places: &[Place]) -> bool {
        places.last() == Some(self)
    }

    /// Opens it at its oldest record.
    pub(super) fn open(&self, args: &Args) -> anyhow::Result<Opened> {
        let (dialect, stop_at_tail) = (args.dialect, args.dump);
        match self {
            Place::Host(host) => {
                let log = args.hosts.log(host, args.instance.as_deref());
                let log: Box<dyn Read> = Box::new(log.map_err(anyhow::Error::msg)?);
                Ok(Opened::File(Box::new(FileSource::open(host, log, dialect)?)))
            }
            Place::Live(workdir) => {
                let options = LiveOptions { dialect, from_head: true, stop_at_tail };
                let patience = Patience::For(Default::default());
                let attached = attach(workdir.to_str(), patience, &|| false)?;
                let attachment = attached.context("no instance")?.attachment;
                Ok(Opened::Live(Box::new(LiveSource::new(attachment, options))))
            }
            Place::File(path) => Ok(Opened::File(Box::new(open_file(path, dialect)?))),
        }
    }
}
