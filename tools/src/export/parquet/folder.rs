//! The directory of an export that goes on: whose it is, names of tables, and how many of them are kept.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use rustix::fs::{FlockOperation, flock};
use shellac_capture::Stamp;

use super::file::{finished_name, is_whole};
use crate::reading::rotate::Keep;

/// How names of tables begin and end; between that is the moment of their beginning.
const PREFIX: &str = "requests-";
const SUFFIX: &str = ".parquet";

/// A directory that nobody else exports to.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    keep: Keep,
    /// Locked as long as it is open.
    _lock: File,
}

/// What an export that was killed has left, and what became of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// All of it was there, and it has its name now.
    Whole(PathBuf),
    /// It had no end, without which nobody can read a table.
    Removed(PathBuf),
}

impl Folder {
    /// Takes a directory.
    pub(super) fn open(path: &Path, keep: Keep) -> anyhow::Result<Folder> {
        if !path.is_dir() {
            bail!(
                "-o {}: is no directory, and a log that goes on needs one for its tables; -d writes what it holds to one file",
                path.display()
            );
        }
        let lock = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(error) if error == rustix::io::Errno::WOULDBLOCK => {
                bail!(
                    "another export writes to {}: give each a directory of its own",
                    path.display()
                )
            }
            Err(error) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        Ok(Folder { path: path.to_owned(), keep, _lock: lock })
    }

    /// Gives tables that are whole their names and removes others: nobody writes to them any more.
    pub(super) fn settle(&self) -> anyhow::Result<Vec<Left>> {
        let mut left = Vec::new();
        for name in self.names()? {
            let Some(finished) = finished_name(&name).filter(|name| is_table(name)) else {
                continue;
            };
            let (part, table) = (self.path.join(&name), self.path.join(finished));
            let trouble = || format!("cannot settle {}", part.display());
            let is_whole = is_whole(File::open(&part).with_context(trouble)?);
            // It has the moment of its beginning, so nobody else has its name.
            left.push(if is_whole && !table.exists() {
                fs::rename(&part, &table).with_context(trouble)?;
                Left::Whole(table)
            } else {
                fs::remove_file(&part).with_context(trouble)?;
                Left::Removed(part)
            });
        }
        Ok(left)
    }

    /// A name for a table that begins now.
    pub(super) fn name(&self, now: Stamp) -> PathBuf {
        let mut moment = now;
        loop {
            let path = self.path.join(format!("{PREFIX}{}{SUFFIX}", moment.compact()));
            if !path.exists() {
                return path;
            }
            // There is a moment that no table has.
            moment = moment.after(std::time::Duration::from_millis(1));
        }
    }

    /// Removes the oldest tables beyond those that are kept.
    pub(super) fn thin_out(&self) -> anyhow::Result<()> {
        let mut tables: Vec<String> =
            self.names()?.into_iter().filter(|name| is_table(name)).collect();
        tables.sort_unstable();
        let over = tables.len().saturating_sub(self.keep.count());
        for name in tables.iter().take(over) {
            let path = self.path.join(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("cannot remove {}", path.display()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What lies there, as far as it is text.
    fn names(&self) -> anyhow::Result<Vec<String>> {
        let trouble = || format!("cannot read {}", self.path.display());
        let entries = fs::read_dir(&self.path).with_context(trouble)?;
        let mut names = Vec::new();
        for entry in entries {
            names.extend(entry.with_context(trouble)?.file_name().into_string());
        }
        Ok(names)
    }
}

/// Whether a file of this name is one of ours.
fn is_table(name: &str) -> bool {
    let moment = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    moment.is_some_and(|moment| Stamp::parse_compact(moment).is_some())
}

#[cfg(test)]
mod tests;
