//! A file of lines that is added to: what the disk does not take now is held, within limits, and written later.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::disk::{Disk, DiskFile};
use super::lines::Lines;
use super::notice::Notice;
use crate::index::{INDEX_NAME, MAX_INDEX_FILES, MAX_LINE_BYTES, Outcome, index_name};
use crate::stamp::Stamp;

/// Lines that are held at most.
pub(crate) const MAX_HELD_LINES: usize = 20_000;
/// Bytes of them at most.
pub(crate) const MAX_HELD_BYTES: usize = 8 << 20;
/// After a failure the disk is left alone for so long.
pub(crate) const RETRY_AFTER: Duration = Duration::from_millis(200);
/// Room is reserved in steps of this, so that lines still have some when somebody else has filled the disk.
const RESERVE_BYTES: u64 = 256 << 10;

/// What becomes of a file of lines that has its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// It becomes `index.1.jsonl`, and the oldest goes. The length is that of each file.
    Rotate(u64),
    /// It is written anew with what is still of use.
    Rewrite(u64),
}

/// A line, and the failure it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) text: Vec<u8>,
    pub(crate) about: Option<(String, Outcome)>,
}

/// What writing did.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// Lines that were given up.
    pub(crate) lost: Vec<Line>,
    pub(crate) notices: Vec<Notice>,
    /// Old files that were removed.
    pub(crate) removed: u64,
}

/// The lines of a file.
#[derive(Debug)]
pub(crate) struct Journal<F> {
    path: PathBuf,
    bound: Bound,
    file: Option<F>,
    /// Bytes of whole lines.
    len: u64,
    /// Bytes that the file can have without asking for room.
    reserved: u64,
    /// What was cut off in the middle lies behind `len`.
    is_torn: bool,
    sync_always: bool,
    held: VecDeque<Line>,
    held_bytes: usize,
    failed_at: Option<Stamp>,
    lost: u64,
}

impl<F: DiskFile> Journal<F> {
    /// Lines in `dir/name`.
    pub(crate) fn new(dir: &Path, name: &str, bound: Bound, sync_always: bool) -> Journal<F> {
        Journal {
            path: dir.join(name),
            bound,
            file: None,
            len: 0,
            reserved: 0,
            is_torn: false,
            sync_always,
            held: VecDeque::new(),
            held_bytes: 0,
            failed_at: None,
            lost: 0,
        }
    }

    /// Lines about failures that wait.
    pub(crate) fn held(&self) -> u64 {
        self.held.iter().filter(|line| line.about.is_some()).count() as u64
    }

    /// Adds a line and writes what can be written. `keep` says which lines of the file are still of use.
    pub(crate) fn push<D: Disk<File = F>>(
        &mut self,
        disk: &D,
        line: Line,
        keep: &dyn Fn(&[u8]) -> bool,
        now: Stamp,
    ) -> Done {
        let mut done = Done::default();
        let is_full =
            self.held.len() >= MAX_HELD_LINES || self.held_bytes + line.text.len() > MAX_HELD_BYTES;
        if is_full {
            self.write_held(disk, keep, now, &mut done);
        }
        if self.held.len() >= MAX_HELD_LINES || self.held_bytes + line.text.len() > MAX_HELD_BYTES {
            // The first lines of an incident are worth more than the latest, so the new one goes.
            self.lost += 1;
            done.lost.push(line);
        } else {
            self.held_bytes += line.text.len();
            self.held.push_back(line);
            self.write_held(disk, keep, now, &mut done);
        }
        done
    }

    /// Writes what is held, if it is time to try again.
    pub(crate) fn write_held<D: Disk<File = F>>(
        &mut self,
        disk: &D,
        keep: &dyn Fn(&[u8]) -> bool,
        now: Stamp,
        done: &mut Done,
    ) {
        // A clock that was set back must not keep us waiting.
        let waits = self
            .failed_at
            .is_some_and(|failed_at| now >= failed_at && now.since(failed_at) < RETRY_AFTER);
        if waits {
            return;
        }
        // Opened before there is anything to write, so that room for lines is there before captures take it.
        let mut result = self.open(disk, done);
        let mut written = 0;
        while result.is_ok()
            && let Some(line) = self.held.pop_front()
        {
            result = self.write(disk, &line.text, keep, done);
            if result.is_ok() {
                self.held_bytes -= line.text.len();
                written += 1;
            } else {
                self.held.push_front(line);
            }
        }
        let path = self.path.clone();
        match result {
            Ok(()) if self.failed_at.take().is_some() => {
                done.notices.push(Notice::WritesAgain { path, held: written, lost: self.lost });
            }
            Ok(()) => {}
            Err(error) => {
                if self.failed_at.is_none() {
                    done.notices.push(Notice::CannotWrite { path, error: error.to_string() });
                }
                self.failed_at = Some(now);
            }
        }
    }

    fn write<D: Disk<File = F>>(
        &mut self,
        disk: &D,
        text: &[u8],
        keep: &dyn Fn(&[u8]) -> bool,
        done: &mut Done,
    ) -> io::Result<()> {
        self.open(disk, done)?;
        let len = text.len() as u64;
        let limit = self.limit();
        if self.len > 0 && self.len + len > limit {
            match self.bound {
                Bound::Rotate(_) => self.rotate(disk, done)?,
                Bound::Rewrite(limit) => self.rewrite(disk, limit, len, keep)?,
            }
            self.open(disk, done)?;
        }
        self.add(text, limit)?;
        if !self.file().has_name()? {
            // Somebody removed the file, and what was written went with it. Once more, to a new one.
            self.forget_file();
            self.open(disk, done)?;
            self.add(text, limit)?;
        }
        Ok(())
    }

    const fn limit(&self) -> u64 {
        match self.bound {
            Bound::Rotate(limit) | Bound::Rewrite(limit) => limit,
        }
    }

    fn add(&mut self, text: &[u8], limit: u64) -> io::Result<()> {
        let end = self.len + text.len() as u64;
        self.reserve(end, limit);
        self.is_torn = true;
        self.file().write_all(text)?;
        if self.sync_always {
            self.file().sync()?;
        }
        self.is_torn = false;
        self.len = end;
        Ok(())
    }

    /// Reserves some room behind `end` when there is little of it. Where none can be had, writing shows
    /// whether there is room.
    fn reserve(&mut self, end: u64, limit: u64) {
        let wanted = (end + RESERVE_BYTES).min(limit);
        if self.reserved < (end + RESERVE_BYTES / 2).min(limit)
            && self.file().reserve(wanted).is_ok()
        {
            self.reserved = wanted;
        }
    }

    /// The file, which [`open`](Journal::open) has just opened.
    fn file(&mut self) -> &mut F {
        self.file.as_mut().expect("it was opened before")
    }

    /// Opens the file when it is not open, and cuts off what is no whole line.
    fn open<D: Disk<File = F>>(&mut self, disk: &D, done: &mut Done) -> io::Result<()> {
        if self.file.is_none() {
            if let Some(dir) = self.path.parent() {
                disk.make_dir(dir)?;
            }
            let (mut file, len) = disk.append(&self.path)?;
            let whole = if len == 0 { 0 } else { whole_lines(disk.read(&self.path)?)? };
            if whole < len {
                file.set_len(whole)?;
                done.notices.push(Notice::CutLine { path: self.path.clone(), bytes: len - whole });
            }
            self.file = Some(file);
            self.len = whole;
            self.reserved = 0;
            self.is_torn = false;
            self.reserve(whole, self.limit());
            self.trim(disk, done)?;
        }
        if self.is_torn {
            let len = self.len;
            self.file().set_len(len)?;
            self.reserved = 0;
            self.is_torn = false;
        }
        Ok(())
    }

    /// The next try is due at once.
    pub(crate) fn hurry(&mut self) {
        self.failed_at = self.failed_at.map(|_| Stamp(i64::MIN));
    }

    /// Hands out the lines that are held; they will not be written.
    pub(crate) fn give_up(&mut self) -> Vec<Line> {
        self.held_bytes = 0;
        self.lost += self.held.len() as u64;
        self.held.drain(..).collect()
    }

    /// Gives back what is reserved and closes the file; the next line opens it. Lines that are held stay so.
    pub(crate) fn close(&mut self) {
        let len = self.len;
        if let Some(file) = &mut self.file {
            // What cannot be given back now is found when the file is opened next.
            let _ = file.set_len(len);
        }
        self.forget_file();
    }

    fn forget_file(&mut self) {
        self.file = None;
        self.len = 0;
        self.is_torn = false;
    }

    /// Forces what was written to the disk.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), DiskFile::sync)
    }

    fn rotate<D: Disk<File = F>>(&mut self, disk: &D, done: &mut Done) -> io::Result<()> {
        let dir = self.path.parent().unwrap_or(Path::new("")).to_owned();
        let at = |age: u32| dir.join(index_name(age));
        let len = self.len;
        self.file().set_len(len)?;
        // An earlier try that stopped half way has left a gap, and only what is newer moves up.
        let mut gap = 1;
        while gap < MAX_INDEX_FILES && disk.exists(&at(gap))? {
            gap += 1;
        }
        if gap == MAX_INDEX_FILES {
            gap -= 1;
            disk.remove(&at(gap))?;
            done.removed += 1;
            done.notices.push(Notice::IndexForgot { path: at(gap) });
        }
        for age in (0..gap).rev() {
            disk.rename(&at(age), &at(age + 1))?;
        }
        self.forget_file();
        self.trim(disk, done)
    }

    /// Removes the oldest files of an index that had a larger budget before.
    fn trim<D: Disk<File = F>>(&self, disk: &D, done: &mut Done) -> io::Result<()> {
        let (Bound::Rotate(limit), Some(dir)) = (self.bound, self.path.parent()) else {
            return Ok(());
        };
        let listed = disk.list(dir)?;
        let older = (1..MAX_INDEX_FILES).rev().filter_map(|age| {
            let name = index_name(age);
            listed.iter().find(|file| file.name == name)
        });
        let older: Vec<_> = older.collect();
        let mut bytes: u64 = older.iter().map(|file| file.len).sum();
        for file in older {
            // The newest file needs its share, too.
            if bytes <= limit * u64::from(MAX_INDEX_FILES - 1) {
                break;
            }
            let path = dir.join(&file.name);
            disk.remove(&path)?;
            bytes -= file.len;
            done.removed += 1;
            done.notices.push(Notice::IndexForgot { path });
        }
        Ok(())
    }

    /// Writes a new file with the lines that are of use, the oldest left out where they are too many.
    fn rewrite<D: Disk<File = F>>(
        &mut self,
        disk: &D,
        limit: u64,
        more: u64,
        keep: &dyn Fn(&[u8]) -> bool,
    ) -> io::Result<()> {
        // Below this there is room for a while, so that not every line makes the file anew.
        let low = (limit / 2).saturating_sub(more);
        let mut kept = 0_u64;
        for line in Lines::new(disk.read(&self.path)?) {
            let line = line?;
            kept += if keep(&line) { line.len() as u64 + 1 } else { 0 };
        }
        let mut skip = kept.saturating_sub(low);
        let fresh = self.path.with_extension("jsonl.new");
        match disk.remove(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = disk.create(&fresh)?;
        let mut block = Vec::new();
        for line in Lines::new(disk.read(&self.path)?) {
            let mut line = line?;
            if !keep(&line) {
                continue;
            }
            line.push(b'\n');
            if skip > 0 {
                skip = skip.saturating_sub(line.len() as u64);
                continue;
            }
            block.extend_from_slice(&line);
            if block.len() > MAX_LINE_BYTES {
                file.write_all(&block)?;
                block.clear();
            }
        }
        file.write_all(&block)?;
        file.sync()?;
        disk.rename(&fresh, &self.path)?;
        self.forget_file();
        Ok(())
    }
}

/// Bytes up to the end of the last whole line.
fn whole_lines(mut reader: impl Read) -> io::Result<u64> {
    let mut block = vec![0; 64 << 10];
    let (mut at, mut whole) = (0, 0);
    loop {
        match reader.read(&mut block) {
            Ok(0) => return Ok(whole),
            Ok(len) => {
                if let Some(end) = memchr::memrchr(b'\n', &block[..len]) {
                    whole = at + end as u64 + 1;
                }
                at += len as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The journal of the index, whose files have `bytes` together.
pub(crate) fn index<F: DiskFile>(dir: &Path, bytes: u64, sync_always: bool) -> Journal<F> {
    let bound = Bound::Rotate(bytes / u64::from(MAX_INDEX_FILES));
    Journal::new(dir, INDEX_NAME, bound, sync_always)
}
