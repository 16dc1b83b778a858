//! What is read: the log of an instance, or one file after the other.

use std::path::PathBuf;
use std::time::Duration;

use shellac_log::{LiveOptions, LiveSource};
use shellac_vsm::{AttachOptions, Attachment};

use super::{From, Options};
use crate::reading::{Opened, name_of, open_file};

/// What to call it.
pub(super) fn name(from: &From) -> String {
    let name = match from {
        From::Live(workdir) => workdir.display().to_string(),
        From::Files(files) => match &files[..] {
            [only] => name_of(only),
            several => format!("{} files", several.len()),
        },
    };
    shellac_render::visible(name.as_bytes())
}

/// What can be read one after the other.
#[derive(Debug)]
pub(super) struct Row {
    live: Option<PathBuf>,
    files: std::vec::IntoIter<PathBuf>,
}

/// The next thing to read.
pub(super) enum Next {
    Opened(Opened),
    /// Not there yet, and why.
    NotYet(String),
    /// There is no more.
    End,
}

impl Row {
    pub(super) fn new(from: &From) -> Row {
        match from {
            From::Live(workdir) => {
                Row { live: Some(workdir.clone()), files: Vec::new().into_iter() }
            }
            From::Files(files) => Row { live: None, files: files.clone().into_iter() },
        }
    }

    /// Opens what comes next. An instance that was not there when this was asked first is read from its first record.
    pub(super) fn next(&mut self, options: &Options, has_waited: bool) -> anyhow::Result<Next> {
        let Some(workdir) = &self.live else {
            let Some(file) = self.files.next() else { return Ok(Next::End) };
            return Ok(Next::Opened(Opened::File(Box::new(open_file(&file, options.dialect)?))));
        };
        let check_pid = std::env::var_os("VSM_NOPID").is_none();
        match Attachment::open(workdir, AttachOptions { check_pid }) {
            Ok(attachment) => {
                let from_head = options.from_head || has_waited;
                let live = LiveOptions { dialect: options.dialect, from_head, stop_at_tail: false };
                self.live = None;
                Ok(Next::Opened(Opened::Live(Box::new(LiveSource::new(attachment, live)))))
            }
            Err(error) => Ok(Next::NotYet(error.full_text())),
        }
    }
}

/// Now, since 1970.
#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
pub(super) fn now() -> Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}

/// A number that nobody can foresee, for samples.
pub(super) fn seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::hash::RandomState::new().build_hasher().finish()
}

/// An error as it may be shown.
pub(super) fn describe(error: &anyhow::Error) -> String {
    shellac_render::visible(format!("{error:#}").as_bytes())
}
