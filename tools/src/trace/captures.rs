//! Directories of captures: what their index says about a number or a selection, and where the records are.

use std::path::{Path, PathBuf};

use anyhow::Context;
use shellac_capture::files::{self, CaptureFile};
use shellac_capture::index::{Item, Lookup, Reader};
use shellac_capture::{Entry, Outcome};
use shellac_format::Vxid;
use shellac_render::trace::Micros;
use shellac_render::visible;

use super::input::From;
use super::select::{Match, Matches, REMEMBERED, Selection};

/// Entries of one number that are looked at; numbers rarely come again.
const ENTRIES: usize = 100;
/// Bad lines that are named one by one.
const BAD_NAMED: usize = 3;

/// A failing group in the index.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Indexed {
    pub(super) entry: Entry,
    /// Its records, as far as they are there.
    pub(super) records: Records,
}

/// Where the records of an entry are.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Records {
    /// In this file, from this byte on.
    Here(CaptureFile, u64),
    /// They were in a file that was removed to make room.
    Removed(String),
    /// They were never written.
    Never,
}

/// The nearest entry whose records are there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Neighbour {
    pub(super) xid: u64,
    /// From the neighbour to the entry; negative when the neighbour is later.
    pub(super) earlier: Micros,
    pub(super) same_class: bool,
    pub(super) same_backend: bool,
}

/// An entry without records, for somebody who looks for them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Summary {
    pub(super) indexed: Indexed,
    pub(super) neighbour: Option<Neighbour>,
}

/// A directory of captures.
#[derive(Clone, Debug)]
pub(super) struct Captures {
    pub(super) dir: PathBuf,
}

impl Captures {
    /// The entries with this number, newest first, and what could not be read.
    pub(super) fn entries(&self, xid: u64) -> anyhow::Result<(Vec<Indexed>, Vec<String>)> {
        let mut found = Vec::new();
        let mut bad = Bad::default();
        for item in self.index()?.find(Lookup::Xid(xid)).take(ENTRIES) {
            match item.with_context(|| self.trouble())? {
                Item::Entry(entry) => found.push(self.locate(*entry)?),
                Item::Bad(line) => bad.take(&line.path, line.offset, &line.what),
                Item::Evicted(_) => {}
            }
        }
        Ok((found, bad.into_notes()))
    }

    /// The entries that fit, newest first. All of them are of failing groups.
    pub(super) fn matches(&self, selection: &Selection) -> anyhow::Result<(Matches, Vec<String>)> {
        let mut matches = Matches::default();
        let mut bad = Bad::default();
        for item in self.index()? {
            let entry = match item.with_context(|| self.trouble())? {
                Item::Entry(entry) => entry,
                Item::Bad(line) => {
                    bad.take(&line.path, line.offset, &line.what);
                    continue;
                }
                Item::Evicted(_) => continue,
            };
            matches.groups += 1;
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            // The index has texts that were made visible already; a name may have its configuration before it.
            let backend = text(&entry.backend);
            let short = backend.rsplit('.').next().unwrap_or_default();
            let fits = selection.url.as_ref().is_none_or(|it| it.fits(text(&entry.url).as_bytes()))
                && selection
                    .backend
                    .as_ref()
                    .is_none_or(|it| it.is(backend.as_bytes()) || it.is(short.as_bytes()));
            if !fits {
                continue;
            }
            matches.total += 1;
            if matches.newest_first.len() < REMEMBERED {
                matches.newest_first.push(Match {
                    xid: Vxid(entry.xid),
                    time: Some(Micros(entry.time.0)),
                    method: safe(&entry.method),
                    url: safe(&entry.url),
                    status: entry.status,
                    backend: entry.backend.as_deref().map(|it| visible(it.as_bytes())),
                    error: entry.error.as_deref().map(|it| visible(it.as_bytes())),
                });
            }
        }
        Ok((matches, bad.into_notes()))
    }

    /// The capture files, newest first, as something to read; then other files of records that lie there.
    pub(super) fn files(&self) -> anyhow::Result<Vec<From>> {
        let captures = files::list(&self.dir).with_context(|| self.trouble())?;
        let others = files::others(&self.dir, &captures).with_context(|| self.trouble())?;
        let captures = captures.into_iter().map(|file| From::Capture(file, None));
        Ok(captures.chain(others.into_iter().map(From::File)).collect())
    }

    /// The entry with what can be said without its records.
    pub(super) fn summary(&self, indexed: Indexed) -> anyhow::Result<Summary> {
        let neighbour = self.neighbour(&indexed.entry)?;
        Ok(Summary { indexed, neighbour })
    }

    /// The entry most like `entry` whose records are there: of the same class and backend before others, the
    /// nearest in time of those.
    fn neighbour(&self, entry: &Entry) -> anyhow::Result<Option<Neighbour>> {
        let mut best: Option<((u8, i64), Neighbour)> = None;
        for item in self.index()? {
            let Item::Entry(other) = item.with_context(|| self.trouble())? else { continue };
            if other.outcome != Outcome::Full || other.xid == entry.xid {
                continue;
            }
            let same_class = other.class == entry.class;
            let same_backend = other.backend == entry.backend;
            let unlike = 2 * u8::from(!same_class) + u8::from(!same_backend);
            let earlier = Micros(entry.time.0.saturating_sub(other.time.0));
            let rank = (unlike, earlier.0.saturating_abs());
            if best.as_ref().is_some_and(|(before, _)| *before <= rank) {
                continue;
            }
            let xid = other.xid;
            if matches!(self.locate(*other)?.records, Records::Here(..)) {
                best = Some((rank, Neighbour { xid, earlier, same_class, same_backend }));
            }
        }
        Ok(best.map(|(_, neighbour)| neighbour))
    }

    fn locate(&self, entry: Entry) -> anyhow::Result<Indexed> {
        let records = match (&entry.file, entry.offset) {
            (Some(name), offset) => match files::locate(&self.dir, name) {
                Ok(Some(file)) => Records::Here(file, offset.unwrap_or(0)),
                Ok(None) => Records::Removed(visible(name.as_bytes())),
                Err(error) => return Err(error).with_context(|| self.trouble()),
            },
            (None, _) => Records::Never,
        };
        Ok(Indexed { entry, records })
    }

    fn index(&self) -> anyhow::Result<Reader> {
        Reader::open(&self.dir).with_context(|| self.trouble())
    }

    fn trouble(&self) -> String {
        format!("cannot read the captures in {}", self.dir.display())
    }
}

/// Whether `path` is a directory of captures and not a file of records.
pub(super) fn is_directory(path: &Path) -> bool {
    path.is_dir()
}

fn safe(text: &Option<String>) -> String {
    text.as_deref().map(|it| visible(it.as_bytes())).unwrap_or_default()
}

/// Lines of an index that say nothing.
#[derive(Default)]
struct Bad {
    notes: Vec<String>,
    count: usize,
}

impl Bad {
    fn take(&mut self, path: &Path, offset: u64, what: &str) {
        self.count += 1;
        if self.count <= BAD_NAMED {
            let what = visible(what.as_bytes());
            self.notes.push(format!("{}: byte {offset}: not understood: {what}", path.display()));
        }
    }

    fn into_notes(mut self) -> Vec<String> {
        if let Some(more) = self.count.checked_sub(BAD_NAMED).filter(|&more| more > 0) {
            self.notes.push(format!("{more} more lines of the index were not understood"));
        }
        self.notes
    }
}
