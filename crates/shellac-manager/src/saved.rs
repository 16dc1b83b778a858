//! What workers ask to be kept: a text beside the lock, which a later manager finds again.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Name of the file in the working directory.
const FILE: &str = "_.admin";
/// Longest text in bytes.
const BYTES_MOST: usize = 4 << 20;

/// The text, and the file that it lies in.
#[derive(Debug)]
pub(crate) struct Saved {
    path: PathBuf,
    text: String,
}

impl Saved {
    /// What an earlier manager kept in this directory.
    pub(crate) fn open(workdir: &Path) -> io::Result<Saved> {
        let path = workdir.join(FILE);
        let mut text = String::new();
        match File::open(&path) {
            Ok(file) => {
                let most = u64::try_from(BYTES_MOST).unwrap_or(u64::MAX);
                file.take(most).read_to_string(&mut text)?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(Saved { path, text })
    }

    /// Where it is kept.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether an earlier manager has left a file.
    pub(crate) fn exists(&self) -> bool {
        !self.text.is_empty()
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Keeps another text in its place; nothing to be kept is no file.
    ///
    /// The file is whole at any time: the new one is written beside it. It is for the next manager on this machine, so no
    /// disk is waited for: a busy one would hold up everybody who gives commands. After an error the text is kept in
    /// memory only.
    pub(crate) fn keep(&mut self, text: String) -> io::Result<()> {
        if text.len() > BYTES_MOST {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("it has more than {} MiB", BYTES_MOST >> 20),
            ));
        }
        if self.text == text {
            return Ok(());
        }
        self.text = text;
        if self.text.is_empty() {
            return match std::fs::remove_file(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        let beside = self.path.with_extension("new");
        // Left over from one who was killed while writing.
        let _ = std::fs::remove_file(&beside);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        let written = file.write_all(self.text.as_bytes());
        written.and_then(|()| std::fs::rename(&beside, &self.path)).inspect_err(|_| {
            let _ = std::fs::remove_file(&beside);
        })
    }
}

#[cfg(test)]
mod tests;
