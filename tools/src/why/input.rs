//! What is compared: files, or the log of an instance.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use shellac_format::Dialect;
use shellac_log::{LiveOptions, LiveSource};

use super::Args;
use crate::attach::{Patience, attach};
use crate::log::signals::Signals;
use crate::trace::{Opened, name_of, open_file};

/// Where records come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A file, a pipe, or `-`.
    File(PathBuf),
    /// The directory of an instance.
    Live(PathBuf),
}

/// What was asked for. `None`: a signal came while waiting for an instance.
pub(super) fn places(args: &Args, signals: &Signals) -> anyhow::Result<Option<Vec<Place>>> {
    if args.read.is_empty() {
        let patience = Patience::For(Default::default());
        let attached = attach(args.instance.as_deref(), patience, &|| signals.stop())?;
        let live = |attached: crate::attach::Attached| attached.attachment.workdir().to_owned();
        return Ok(attached.map(|attached| vec![Place::Live(live(attached))]));
    }
    let mut places = Vec::new();
    for path in &args.read {
        if path.is_dir() {
            let before = places.len();
            places.extend(files_in(path)?.into_iter().map(Place::File));
            if places.len() == before {
                anyhow::bail!("{} has no file called *.vsl or *.vsl.zst", path.display());
            }
        } else {
            places.push(Place::File(path.clone()));
        }
    }
    Ok(Some(places))
}

fn files_in(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let trouble = || format!("cannot read {}", directory.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).with_context(trouble)? {
        let path = entry.with_context(trouble)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".vsl") || name.ends_with(".vsl.zst") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

impl Place {
    /// What to call it.
    pub(super) fn name(&self) -> String {
        match self {
            Place::File(path) => name_of(path),
            Place::Live(path) => path.display().to_string(),
        }
    }

    /// Whether nothing comes behind it.
    pub(super) fn is_last(&self, places: &[Place]) -> bool {
        places.last() == Some(self)
    }

    /// Opens it at its oldest record.
    pub(super) fn open(
        &self,
        dialect: Option<Dialect>,
        stop_at_tail: bool,
    ) -> anyhow::Result<Opened> {
        match self {
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
