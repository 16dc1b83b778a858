//! What can go wrong with a shared-memory directory, always with the remedy.

use std::io;
use std::path::{Path, PathBuf};

use shellac_sys::MapError;

use crate::group;

/// Why a directory cannot be published, found, attached to or read.
///
/// `Display` names path and reason of this level; [`std::error::Error::source`] carries what the system said.
/// [`VsmError::remedy`] says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VsmError {
    /// The system refused a step.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was being done, as a verb.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
        /// What to do about it, where that is known.
        remedy: Option<String>,
    },
    /// There is no manager's set, or nothing at all.
    #[error("{} is not a running instance: {reason}", workdir.display())]
    NotRunning {
        /// The working directory.
        workdir: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// Another living process publishes here.
    #[error("{} belongs to process {pid}, which is alive", path.display())]
    Busy {
        /// The directory of the set.
        path: PathBuf,
        /// Who writes its index.
        pid: u32,
    },
    /// A segment cannot be what the index says.
    #[error("bad segment {}: {reason}", path.display())]
    BadSegment {
        /// The file.
        path: PathBuf,
        /// What contradicts what.
        reason: String,
    },
    /// A segment could not be created or mapped.
    #[error(transparent)]
    Map(#[from] MapError),
}

impl VsmError {
    /// Wraps what the system said, with the remedy when it is about rights.
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        let remedy = group::remedy(path, &source);
        VsmError::Io { action, path: path.to_owned(), source, remedy }
    }

    /// What to do about it, as a sentence without a full stop; `None` where the message says all.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        match self {
            VsmError::Io { remedy, .. } => remedy.clone(),
            VsmError::NotRunning { .. } => {
                Some("start the proxy, or name the directory of a running one with -n".to_owned())
            }
            VsmError::Busy { pid, path } => Some(format!(
                "stop process {pid}, choose another -n, or remove {} if that process is something else",
                path.display()
            )),
            VsmError::BadSegment { .. } => None,
            VsmError::Map(MapError::NoSpace { .. }) => {
                Some("make room there, choose another -n, or lower log.size".to_owned())
            }
            VsmError::Map(MapError::Io { path, source, .. }) => group::remedy(path, source),
            VsmError::Map(_) => None,
        }
    }

    /// Whether the segment was removed between the last refresh and now: refresh, and look again.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        match self {
            VsmError::Io { source, .. } => source.kind() == io::ErrorKind::NotFound,
            VsmError::Map(error) => {
                error.io().is_some_and(|source| source.kind() == io::ErrorKind::NotFound)
            }
            _ => false,
        }
    }

    /// The message with its causes and its remedy on one line, for a person.
    #[must_use]
    pub fn full_text(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        if let Some(remedy) = self.remedy() {
            text.push_str("; ");
            text.push_str(&remedy);
        }
        text
    }
}
