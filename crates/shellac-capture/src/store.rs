//! The directory of captures: files of records, their index, their manifest.
//!
//! The owner of the rules decides what is wanted: it [`begin`](Store::begin)s a capture, [`append`](Store::append)s records,
//! and hands in every failing group with what became of it ([`keep`](Store::keep), [`note_kept`](Store::note_kept),
//! [`note`](Store::note)). The store decides what is possible: it says no ([`Refusal`]) when a budget or the disk does.
//!
//! A file is called `NAME.vsl.part` while it is written. What is in it are whole records at any time, because each
//! write is of whole records; should the writer be killed within a write, the next one that opens the
//! directory cuts the file behind its last whole record and gives it its final name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use shellac_format::Dialect;

use crate::index::{Entry, MAX_CLASS_BYTES, MAX_TEXT_BYTES, Outcome, cut};
use crate::stamp::Stamp;

pub mod accounts;
mod compress;
pub mod disk;
mod journal;
mod lines;
pub mod manifest;
pub mod name;
pub mod notice;
pub mod options;
mod recover;
mod room;
mod shelf;
mod upkeep;
mod write;

use accounts::Accounts;
use compress::Compression;
use disk::{Disk, SystemDisk};
use journal::{Bound, Done, Journal, Line};
use manifest::{CaptureLine, EventLine, Facts, MANIFEST_NAME};
use notice::Notice;
use options::StoreOptions;
use shelf::{Key, Shelf};
use write::Writing;

/// Bytes of index and manifest at least: a few of the longest lines.
const MIN_INDEX_BYTES: u64 = 1 << 20;

/// Classes that one capture counts by themselves.
const MAX_CAPTURE_CLASSES: usize = 256;

/// Why a directory cannot be used for captures.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It cannot be made, listed or locked.
    #[error("cannot use {path} for captures")]
    Dir {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process writes there.
    #[error("{path} is written by another process; use another directory for this one")]
    Busy {
        /// The directory.
        path: PathBuf,
    },
    /// An option makes no sense.
    #[error("{name} is {value}: {wanted}")]
    Option {
        /// Which one.
        name: &'static str,
        /// What it is.
        value: String,
        /// What it should be.
        wanted: &'static str,
    },
}

/// Why records are not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// All that can be removed would not make enough room within the budget.
    Budget,
    /// The file system would have less room than is to be kept free.
    KeepFree,
    /// Too many captures are being written.
    TooManyOpen,
    /// The capture has as many bytes as one may have.
    CaptureFull,
    /// The disk does not take them; a [`Notice`] says why.
    Disk,
    /// The capture is over.
    Ended,
}

impl Refusal {
    /// The word for it in index and manifest.
    pub const fn word(self) -> &'static str {
        match self {
            Refusal::Budget => "budget",
            Refusal::KeepFree => "keep_free",
            Refusal::TooManyOpen => "too_many_open",
            Refusal::CaptureFull => "capture_full",
            Refusal::Disk => "disk",
            Refusal::Ended => "ended",
        }
    }

    /// What became of a failing group whose records were refused: a limit suppresses, a disk loses.
    pub const fn outcome(self) -> Outcome {
        match self {
            Refusal::Disk => Outcome::Lost,
            _ => Outcome::Suppressed,
        }
    }
}

/// What a capture is begun for. It decides on the file's name.
#[derive(Clone, Copy, Debug)]
pub struct CaptureHead<'a> {
    /// When the trigger was.
    pub time: Stamp,
    /// The rule that fired.
    pub rule: &'a str,
    /// The class of the error, or another word for the kind of trigger.
    pub class: &'a str,
    /// The transaction; 0 for none.
    pub xid: u64,
    /// The dialect of the records.
    pub dialect: Dialect,
    /// Bytes that are about to come, as far as they are known: room is made for them at once.
    pub expect_bytes: u64,
}

/// A capture that is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaptureId(u64);

/// Whether a capture can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Records can be appended.
    Open(CaptureId),
    /// None can.
    Refused(Refusal),
}

/// A capture that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The name of its file with the ending `.vsl`; `None` when nothing had been appended, and no file is left.
    pub file: Option<String>,
    /// Bytes of records.
    pub bytes: u64,
    /// Why records are missing at its end.
    pub cut: Option<Refusal>,
}

/// A capture that is being written.
#[derive(Debug)]
struct Capture {
    file: Key,
    begun: Stamp,
    rule: String,
    class: String,
    xid: u64,
    dialect: Dialect,
    /// Where its first record is.
    offset: u64,
    bytes: u64,
    classes: BTreeMap<String, u64>,
    cut: Option<Refusal>,
}

/// A directory of captures that is being written.
#[derive(Debug)]
pub struct Store<D: Disk = SystemDisk> {
    options: StoreOptions,
    disk: D,
    _lock: D::Lock,
    shelf: Shelf,
    /// Files without their final name.
    writing: BTreeMap<Key, Writing<D::File>>,
    captures: BTreeMap<u64, Capture>,
    /// The file that gets the next capture, where several share one.
    rolling: Option<Key>,
    /// What must not be removed now, though it is finished.
    spared: BTreeSet<Key>,
    /// Files of a writer that died which could not be completed yet.
    unrecovered: BTreeSet<Key>,
    compression: Option<Compression<D::File>>,
    index: Journal<D::File>,
    manifest: Journal<D::File>,
    accounts: Accounts,
    opened: Stamp,
    accounts_written: Stamp,
    accounts_seen: Accounts,
    /// The number of the next file or capture.
    next: u64,
    /// When writing captures failed last, while it does not work.
    failed_at: Option<Stamp>,
    /// Captures refused since there is too little room on the file system.
    low_space: Option<u64>,
    space_tried_at: Option<Stamp>,
    is_budget_small: bool,
    notices: Vec<Notice>,
}

impl Store {
    /// Opens the directory, and makes it when it is not there. Files whose writer died are completed, files
    /// above the budget go.
    ///
    /// # Errors
    ///
    /// [`OpenError`]. A disk that is full or read-only is none: the store waits for it to become better.
    pub fn open(options: StoreOptions, now: Stamp) -> Result<Store, OpenError> {
        Store::open_on(SystemDisk, options, now)
    }
}

impl<D: Disk> Store<D> {
    /// [`Store::open`] on another file system than that of the system.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn open_on(disk: D, options: StoreOptions, now: Stamp) -> Result<Store<D>, OpenError> {
        check(&options)?;
        let dir = options.dir.clone();
        let failed = |source| OpenError::Dir { path: dir.clone(), source };
        if !disk.exists(&dir).map_err(failed)? {
            disk.make_dir(&dir).map_err(failed)?;
        }
        let lock = disk.lock(&dir).map_err(|source| match source.kind() {
            std::io::ErrorKind::WouldBlock => OpenError::Busy { path: dir.clone() },
            _ => failed(source),
        })?;
        let sync_always = options.fsync == options::Fsync::Always;
        let rewrite_at = Bound::Rewrite(options.manifest_bytes / 2);
        let mut store = Store {
            index: journal::index(&dir, options.index_bytes, sync_always),
            manifest: Journal::new(&dir, MANIFEST_NAME, rewrite_at, sync_always),
            options,
            disk,
            _lock: lock,
            shelf: Shelf::default(),
            writing: BTreeMap::new(),
            captures: BTreeMap::new(),
            rolling: None,
            spared: BTreeSet::new(),
            unrecovered: BTreeSet::new(),
            compression: None,
            accounts: Accounts::default(),
            opened: now,
            accounts_written: now,
            accounts_seen: Accounts::default(),
            next: 0,
            failed_at: None,
            low_space: None,
            space_tried_at: None,
            is_budget_small: false,
            notices: Vec::new(),
        };
        store.recover(now).map_err(failed)?;
        store.write_held(now);
        // What was there may be more than is allowed now. What cannot be removed now is tried again with every capture.
        let _ = store.make_room(0, 0, now);
        Ok(store)
    }

    /// Begins a capture. Its file is there when this says [`Begun::Open`], with the magic of its dialect.
    pub fn begin(&mut self, head: CaptureHead<'_>, now: Stamp) -> Begun {
        match self.try_begin(head, now) {
            Ok(id) => Begun::Open(id),
            Err(refusal) => Begun::Refused(refusal),
        }
    }

    fn try_begin(&mut self, head: CaptureHead<'_>, now: Stamp) -> Result<CaptureId, Refusal> {
        if self.captures.len() >= self.options.max_open {
            return Err(Refusal::TooManyOpen);
        }
        if self.waits_for_disk(now) {
            return Err(Refusal::Disk);
        }
        self.check_space(write::MAGIC_BYTES + head.expect_bytes, now)?;
        let file = match self.rolling_for(head.dialect, now) {
            Some(file) => file,
            None => self.create_file(head, now)?,
        };
        self.shelf.add_class(file, &name::sanitised(head.class));
        let offset = self.shelf.get(file).map_or(0, |file| file.len);
        if let Some(writing) = self.writing.get_mut(&file) {
            writing.captures += 1;
        }
        let id = self.next_number();
        let capture = Capture {
            file,
            begun: now,
            rule: head.rule.to_owned(),
            class: head.class.to_owned(),
            xid: head.xid,
            dialect: head.dialect,
            offset,
            bytes: 0,
            classes: BTreeMap::new(),
            cut: None,
        };
        self.captures.insert(id, capture);
        Ok(CaptureId(id))
    }

    /// Appends whole records as they stand in the log, headers included, and says where in the file the first one is.
    ///
    /// # Errors
    ///
    /// [`Refusal`], and nothing of `records` is in the file. A capture that was refused once is cut there: all
    /// that comes later is refused for the same reason.
    pub fn append(&mut self, id: CaptureId, records: &[u8], now: Stamp) -> Result<u64, Refusal> {
        let capture = self.captures.get(&id.0).ok_or(Refusal::Ended)?;
        if let Some(cut) = capture.cut {
            return Err(cut);
        }
        let is_full = capture.bytes + records.len() as u64 > self.options.max_capture_bytes;
        let file = capture.file;
        let result =
            if is_full { Err(Refusal::CaptureFull) } else { self.write(file, records, now) };
        if let Some(capture) = self.captures.get_mut(&id.0) {
            match result {
                Ok(offset) => {
                    if capture.bytes == 0 {
                        capture.offset = offset;
                    }
                    capture.bytes += records.len() as u64;
                }
                Err(refusal) => capture.cut = Some(refusal),
            }
        }
        result
    }

    /// Appends the records of a failing group and hands it in, with the outcome that this had.
    pub fn keep(&mut self, id: CaptureId, records: &[u8], mut entry: Entry, now: Stamp) -> Outcome {
        match self.append(id, records, now) {
            Ok(offset) => self.note_kept(id, offset, entry, now),
            Err(refusal) => {
                entry.outcome = refusal.outcome();
                entry.reason = Some(refusal.word().to_owned());
                self.note(entry, now)
            }
        }
    }

    /// Hands in a failing group whose records have been appended to a capture; `offset` is where the first of them
    /// is in the file.
    pub fn note_kept(
        &mut self,
        id: CaptureId,
        offset: u64,
        mut entry: Entry,
        now: Stamp,
    ) -> Outcome {
        cut(&mut entry.class, MAX_CLASS_BYTES);
        entry.file = self.file_name(id);
        if let Some(capture) = self.captures.get_mut(&id.0) {
            entry.offset = Some(offset);
            entry.outcome = Outcome::Full;
            entry.reason = None;
            let file = capture.file;
            if let Some(count) = capture.classes.get_mut(&entry.class) {
                *count += 1;
            } else if capture.classes.len() < MAX_CAPTURE_CLASSES {
                capture.classes.insert(entry.class.clone(), 1);
                self.shelf.add_class(file, &name::sanitised(&entry.class));
            } else {
                *capture.classes.entry(accounts::OTHER_CLASSES.to_owned()).or_default() += 1;
            }
        } else {
            entry.outcome = Refusal::Ended.outcome();
            entry.reason = Some(Refusal::Ended.word().to_owned());
        }
        self.note(entry, now)
    }

    /// Hands in a failing group with what became of it, which is counted and gets its line in the index.
    pub fn note(&mut self, mut entry: Entry, now: Stamp) -> Outcome {
        cut(&mut entry.class, MAX_CLASS_BYTES);
        let outcome = entry.outcome;
        self.accounts.count(&entry.class, outcome);
        let line = Line { text: entry.to_line(), about: Some((entry.class, outcome)) };
        let done = self.index.push(&self.disk, line, &|_| true, now);
        self.settle(done);
        outcome
    }

    /// Ends a capture. Its file gets its final name unless other captures are in it or come to it.
    pub fn finish(&mut self, id: CaptureId, facts: Facts, now: Stamp) -> Finished {
        let Some(capture) = self.captures.remove(&id.0) else {
            return Finished { file: None, bytes: 0, cut: Some(Refusal::Ended) };
        };
        let key = capture.file;
        let name = self.shelf.get(key).map(|file| format!("{}{}", file.stem, name::VSL));
        let Some(file) = name.filter(|_| capture.bytes > 0) else {
            self.release(key, now);
            return Finished { file: None, bytes: 0, cut: capture.cut };
        };
        let line = CaptureLine {
            file: file.clone(),
            offset: capture.offset,
            bytes: capture.bytes,
            begun: capture.begun,
            finished: now,
            rule: capture.rule,
            class: capture.class,
            xid: capture.xid,
            classes: capture.classes,
            dialect: Some(capture.dialect.name().to_owned()),
            cut: capture.cut.map(|cut| cut.word().to_owned()),
            recovered: false,
            facts,
        };
        self.write_manifest(line.to_line(), now);
        self.release(key, now);
        Finished { file: Some(file), bytes: capture.bytes, cut: capture.cut }
    }

    /// Writes down that a rule fires or is over.
    pub fn event(&mut self, mut event: EventLine, now: Stamp) {
        for text in [&mut event.text, &mut event.owner, &mut event.runbook].into_iter().flatten() {
            cut(text, MAX_TEXT_BYTES);
        }
        self.write_manifest(crate::index::to_line(&event), now);
    }

    /// The name that the file of a capture has or will have, with the ending `.vsl`.
    pub fn file_name(&self, id: CaptureId) -> Option<String> {
        let file = self.shelf.get(self.captures.get(&id.0)?.file)?;
        Some(format!("{}{}", file.stem, name::VSL))
    }

    /// The captures that are being written.
    pub fn open_captures(&self) -> impl Iterator<Item = CaptureId> {
        self.captures.keys().copied().map(CaptureId)
    }

    /// The numbers since the store was opened.
    pub fn accounts(&self) -> Accounts {
        Accounts { lines_held: self.index.held(), ..self.accounts.clone() }
    }

    /// What somebody should hear, since this was asked last.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// Capture files, and their bytes as they are counted against the budget.
    pub fn usage(&self) -> (usize, u64) {
        (self.shelf.len(), self.shelf.bytes())
    }

    /// The options it was opened with.
    pub const fn options(&self) -> &StoreOptions {
        &self.options
    }

    fn next_number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Takes over what writing lines did.
    fn settle(&mut self, done: Done) {
        for line in done.lost {
            if let Some((class, outcome)) = line.about {
                self.accounts.lose_line(&class, outcome);
            }
        }
        self.accounts.index_files_removed += done.removed;
        self.notices.extend(done.notices);
    }

    fn write_manifest(&mut self, text: Vec<u8>, now: Stamp) {
        let shelf = &self.shelf;
        let keep = |line: &[u8]| upkeep::is_of_use(line, shelf);
        let done = self.manifest.push(&self.disk, Line { text, about: None }, &keep, now);
        self.settle(done);
    }
}

/// Whether options make sense.
fn check(options: &StoreOptions) -> Result<(), OpenError> {
    let wrong = |name, value: String, wanted| Err(OpenError::Option { name, value, wanted });
    if let options::KeepFree::Percent(percent) = options.keep_free
        && !(0.0..=100.0).contains(&percent)
    {
        return wrong("what is to be kept free", format!("{percent} %"), "0 to 100 % are possible");
    }
    if options.max_files == 0 {
        return wrong("the number of capture files", "0".to_owned(), "at least 1 is needed");
    }
    for (name, value) in [
        ("the budget in bytes", options.max_bytes),
        ("the bytes of one capture", options.max_capture_bytes),
    ] {
        if value == 0 {
            return wrong(name, "0".to_owned(), "more is needed");
        }
    }
    if options.max_open == 0 {
        return wrong("the number of open captures", "0".to_owned(), "at least 1 is needed");
    }
    for (name, value) in [
        ("the index's budget in bytes", options.index_bytes),
        ("the manifest's budget in bytes", options.manifest_bytes),
    ] {
        if value < MIN_INDEX_BYTES {
            return wrong(name, value.to_string(), "at least 1048576 are needed");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
