//! `--rotate` and `--keep` of tools that write files: beginning a new one, by size or by the clock, and keeping some of the old ones.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use shellac_config::parse_size_bytes;

use crate::stock::number;

/// Old files that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Keep(u32);

impl Default for Keep {
    fn default() -> Keep {
        Keep(7)
    }
}

/// Old files have numbers of at most so many digits.
const MAX_KEEP: u32 = 9999;

impl Keep {
    /// So many, where [`parse`](Keep::parse) is not asked.
    pub(crate) const fn of(count: u32) -> Keep {
        Keep(count)
    }

    /// How many these are.
    pub(crate) const fn count(self) -> usize {
        self.0 as usize
    }

    pub(crate) fn parse(text: &str) -> anyhow::Result<Keep> {
        match text.parse() {
            Ok(keep) if keep <= MAX_KEEP => Ok(Keep(keep)),
            _ => bail!("{text:?} is no number from 0 to {MAX_KEEP}"),
        }
    }
}

/// When a file is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// It would have more bytes than this.
    Bytes(u64),
    /// So much time of the clock on the wall is over: at full hours, days and the like.
    Every(Duration),
}

/// When a file is over, and what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rotation {
    when: When,
    keep: Keep,
}

impl Rotation {
    /// Parses a size (`100M`) or a time (`1d`, `15m`): sizes have upper-case letters, or none.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Rotation> {
        let when = match number::duration(text).filter(|it| it.as_secs() > 0) {
            Some(every) => When::Every(every),
            None => match parse_size_bytes(text) {
                Ok(bytes) if bytes > 0 => When::Bytes(bytes),
                _ => bail!(
                    "{text:?} is neither a size nor a time; write bytes, or a number with K, M or G, or one with s, m, h or d"
                ),
            },
        };
        Ok(Rotation { when, keep: Keep::default() })
    }

    pub(crate) const fn keeping(self, keep: Keep) -> Rotation {
        Rotation { keep, ..self }
    }

    /// Which of the periods a moment is in; moments are seconds on the wall since 1970.
    pub(crate) fn period(self, wall_seconds: i64) -> i64 {
        match self.when {
            When::Bytes(_) => 0,
            When::Every(every) => {
                wall_seconds.div_euclid(i64::try_from(every.as_secs()).unwrap_or(i64::MAX))
            }
        }
    }

    /// The size at which a file is over, if that is what was asked for.
    pub(crate) const fn bytes(self) -> Option<u64> {
        match self.when {
            When::Bytes(bytes) => Some(bytes),
            When::Every(_) => None,
        }
    }

    /// Whether a file of so many bytes is over before others are written to it.
    pub(crate) const fn is_full(self, len_bytes: u64, more_bytes: usize) -> bool {
        match self.when {
            When::Bytes(bytes) => len_bytes + more_bytes as u64 > bytes,
            When::Every(_) => false,
        }
    }

    /// Moves `path` to `path.1`, and what has that name one further, up to what is kept.
    pub(crate) fn shift(self, path: &Path) -> anyhow::Result<()> {
        let Keep(keep) = self.keep;
        if keep == 0 {
            return removed(path);
        }
        removed(&numbered(path, keep))?;
        for number in (1..keep).rev() {
            moved(&numbered(path, number), &numbered(path, number + 1))?;
        }
        moved(path, &numbered(path, 1))
    }
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

fn moved(from: &Path, to: &Path) -> anyhow::Result<()> {
    missing_is_fine(fs::rename(from, to))
        .with_context(|| format!("cannot move {} to {}", from.display(), to.display()))
}

fn removed(path: &Path) -> anyhow::Result<()> {
    missing_is_fine(fs::remove_file(path))
        .with_context(|| format!("cannot remove {}", path.display()))
}

fn missing_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
