//! Places in a log with the time at which reading came by, and reading on from there.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use shellac_format::Dialect;
use shellac_log::source::with_sources;
use shellac_log::{FileSource, Input, Mark, Past, PastNext, Source};

/// Bytes of a log between two marks, and the shortest time between two that are nearer to each other than that.
const MARK_BYTES: u64 = 256 << 10;
const MARK_PAUSE: Duration = Duration::from_millis(100);
/// Marks that are kept at most; when there are more, every second one goes.
const MAX_MARKS: usize = 1 << 14;
/// Bytes that are copied out of a ring in one go, and when they are about to be overwritten.
const BLOCK_BYTES: usize = 256 << 10;
const HASTY_BYTES: usize = 32 << 20;
/// Bytes at the start of a file of records that say what it is.
const MAGIC_BYTES: u64 = 4;

/// A place in what is read.
#[derive(Clone, Debug)]
pub enum Place {
    /// In the ring of a running instance.
    Ring(Mark),
    /// In a file of records.
    File(FilePlace),
}

/// A place in a file that can be opened a second time.
#[derive(Clone, Debug)]
pub struct FilePlace {
    /// The file, its first bytes, and what its records mean.
    pub file: Arc<LogFile>,
    /// Bytes from its start.
    pub offset: u64,
}

/// A file of records.
#[derive(Debug)]
pub struct LogFile {
    /// Where it is.
    pub path: PathBuf,
    /// What its records mean.
    pub dialect: Dialect,
}

impl Place {
    /// Whether what comes next here can still be had.
    pub fn is_safe(&self) -> bool {
        match self {
            Place::Ring(mark) => mark.is_safe(),
            Place::File(_) => true,
        }
    }

    /// Whether both are places in the same log.
    pub fn is_same_log(&self, other: &Place) -> bool {
        match (self, other) {
            (Place::Ring(one), Place::Ring(other)) => one.is_same_log(other),
            (Place::File(one), Place::File(other)) => Arc::ptr_eq(&one.file, &other.file),
            _ => false,
        }
    }

    /// Reads on from here. The number is how many bytes of what was to come are gone.
    ///
    /// # Errors
    ///
    /// Why not, for people.
    pub fn open(&self) -> Result<(History, u64), String> {
        match self {
            Place::Ring(mark) => {
                let (past, loss) = mark.open().map_err(|error| with_sources(&error))?;
                Ok((History::new(From::Ring(past)), loss.map_or(0, |loss| loss.bytes)))
            }
            Place::File(place) => {
                let source = place.open().map_err(|error| with_sources(&*error))?;
                let skipped = place.offset.saturating_sub(MAGIC_BYTES);
                let file = Arc::clone(&place.file);
                Ok((History::new(From::File { source, file, skipped }), 0))
            }
        }
    }
}

impl FilePlace {
    fn open(&self) -> Result<Box<FileSource<Tail>>, Box<dyn std::error::Error>> {
        let mut file = File::open(&self.file.path)?;
        let mut magic = Vec::new();
        (&mut file).take(MAGIC_BYTES).read_to_end(&mut magic)?;
        file.seek(SeekFrom::Start(self.offset.max(MAGIC_BYTES)))?;
        let tail = io::Cursor::new(magic).chain(file);
        let name = self.file.path.display().to_string();
        Ok(Box::new(FileSource::open(name, tail, Some(self.file.dialect))?))
    }
}

type Tail = io::Chain<io::Cursor<Vec<u8>>, File>;

enum From {
    Ring(Past),
    File {
        source: Box<FileSource<Tail>>,
        file: Arc<LogFile>,
        /// Bytes between the magic and where reading started.
        skipped: u64,
    },
}

/// A second reader of a log.
///
/// It copies ahead of what is asked for: a block at a time, and as much as fits 32 MB when the writer comes near.
pub struct History {
    from: From,
    bytes: Vec<u8>,
    /// Where `bytes` begin in the file that they come from.
    base: u64,
    /// Ends of the units in `bytes`, and how many of them were handed out.
    ends: Vec<usize>,
    next: usize,
    unit: Vec<u8>,
    /// What was overwritten before it was copied.
    lost_bytes: u64,
    is_over: bool,
}

impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("History").field("copied", &self.bytes.len()).finish_non_exhaustive()
    }
}

impl History {
    const fn new(from: From) -> History {
        History {
            from,
            bytes: Vec::new(),
            base: 0,
            ends: Vec::new(),
            next: 0,
            unit: Vec::new(),
            lost_bytes: 0,
            is_over: false,
        }
    }

    /// The next records that lie before `until`, or whatever is there without one; `None` when there are no more
    /// at the moment. They are whole records.
    pub fn next(&mut self, until: Option<&Place>) -> Option<&[u8]> {
        if self.next == self.ends.len() {
            self.fill(until);
        }
        let mut end = *self.ends.get(self.next)?;
        let start = if self.next == 0 { 0 } else { self.ends[self.next - 1] };
        if let Some(limit) = self.limit_in_file(until) {
            if limit <= start {
                return None;
            }
            if limit < end {
                // Rows of a file are longer than what is read at once elsewhere.
                self.ends.insert(self.next, limit);
                end = limit;
            }
        }
        self.next += 1;
        Some(&self.bytes[start..end])
    }

    /// Where `until` is in the bytes that were copied from a file, or behind them.
    fn limit_in_file(&self, until: Option<&Place>) -> Option<usize> {
        match (&self.from, until) {
            (From::File { file, .. }, Some(Place::File(place)))
                if Arc::ptr_eq(&place.file, file) =>
            {
                usize::try_from(place.offset.saturating_sub(self.base)).ok()
            }
            _ => None,
        }
    }

    /// Copies what is about to be overwritten, if anything is.
    pub fn save(&mut self, until: Option<&Place>) {
        if self.next == self.ends.len() && self.is_late() {
            self.fill(until);
        }
    }

    /// Bytes that were overwritten before they were copied, since the last call.
    pub const fn take_lost(&mut self) -> u64 {
        std::mem::replace(&mut self.lost_bytes, 0)
    }

    fn is_late(&self) -> bool {
        matches!(&self.from, From::Ring(past) if past.lag().is_warning())
    }

    fn fill(&mut self, until: Option<&Place>) {
        self.bytes.clear();
        if self.bytes.capacity() > 4 * BLOCK_BYTES {
            self.bytes.shrink_to(BLOCK_BYTES);
        }
        self.ends.clear();
        self.next = 0;
        if let From::File { source, skipped, .. } = &self.from {
            self.base = *skipped + source.position();
        }
        while !self.is_over {
            let enough = if self.is_late() { HASTY_BYTES } else { BLOCK_BYTES };
            if self.bytes.len() >= enough || !self.copy(until) {
                break;
            }
        }
    }

    /// Copies one piece. `false`: there is nothing more before `until`.
    fn copy(&mut self, until: Option<&Place>) -> bool {
        match &mut self.from {
            From::Ring(past) => {
                let until = match until {
                    Some(Place::Ring(mark)) => Some(mark),
                    _ => None,
                };
                match past.next(until, &mut self.unit) {
                    Ok(PastNext::Unit) => self.bytes.extend_from_slice(&self.unit),
                    Ok(PastNext::Lost(loss)) => {
                        self.lost_bytes += loss.bytes;
                        return true;
                    }
                    Ok(PastNext::End) => return false,
                    // The main reader meets the same and says so.
                    Err(_) => {
                        self.is_over = true;
                        return false;
                    }
                }
            }
            From::File { source, file, skipped } => {
                let end = match until {
                    Some(Place::File(place)) if Arc::ptr_eq(&place.file, file) => place.offset,
                    _ => u64::MAX,
                };
                if *skipped + source.position() >= end {
                    return false;
                }
                match source.next() {
                    Ok(Input::Row(row)) => self.bytes.extend_from_slice(row),
                    Ok(Input::Opened) => return true,
                    _ => {
                        self.is_over = true;
                        return false;
                    }
                }
            }
        }
        self.ends.push(self.bytes.len());
        true
    }
}

/// A [`Place`] with the time at which reading came by and the bytes that were read before.
#[derive(Clone, Debug)]
pub struct Moment {
    /// On the reader's clock.
    pub time: Duration,
    /// Where.
    pub place: Place,
    /// Bytes of the log before it.
    pub walked_bytes: u64,
}

/// The places that reading came by, as far back as they can be returned to.
#[derive(Debug, Default)]
pub struct Moments {
    list: VecDeque<Moment>,
}

impl Moments {
    /// Whether it is time for another one.
    pub fn is_due(&self, time: Duration, walked_bytes: u64) -> bool {
        self.list.back().is_none_or(|last| {
            let bytes = walked_bytes.saturating_sub(last.walked_bytes);
            bytes >= MARK_BYTES || (bytes > 0 && time.saturating_sub(last.time) >= MARK_PAUSE)
        })
    }

    /// Notes where reading is. Places in another log than the one before are forgotten, and those that
    /// were overwritten.
    pub fn note(&mut self, moment: Moment) {
        if self.list.back().is_some_and(|last| !last.place.is_same_log(&moment.place)) {
            self.list.clear();
        }
        while self.list.front().is_some_and(|first| !first.place.is_safe()) {
            self.list.pop_front();
        }
        if self.list.len() >= MAX_MARKS {
            let mut odd = false;
            self.list.retain(|_| {
                odd = !odd;
                odd
            });
        }
        self.list.push_back(moment);
    }

    /// The log is gone, and with it all places.
    pub fn clear(&mut self) {
        self.list.clear();
    }

    /// The latest place that is at `time` or before, but not more than `max_bytes` before `now_bytes`; else the
    /// oldest one that can still be returned to.
    pub fn at(&self, time: Duration, now_bytes: u64, max_bytes: u64) -> Option<&Moment> {
        let first_allowed = now_bytes.saturating_sub(max_bytes);
        let early = self.list.partition_point(|moment| moment.time <= time).saturating_sub(1);
        let late = self.list.partition_point(|moment| moment.walked_bytes < first_allowed);
        self.list
            .range(early.max(late).min(self.list.len())..)
            .find(|moment| moment.place.is_safe())
    }

    /// The oldest place that can still be returned to.
    pub fn oldest(&self) -> Option<&Moment> {
        self.list.iter().find(|moment| moment.place.is_safe())
    }
}

#[cfg(test)]
mod tests;
