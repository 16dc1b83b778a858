//! Writing the files of captures.

use std::io::{self, ErrorKind};
use std::path::PathBuf;

use shellac_format::Dialect;

use super::disk::{Disk, DiskFile};
use super::journal::RETRY_AFTER;
use super::notice::Notice;
use super::options::Fsync;
use super::shelf::{Form, Key, counted};
use super::{CaptureHead, Refusal, Store, name};
use crate::stamp::Stamp;

/// Bytes of a file's magic.
pub(super) const MAGIC_BYTES: u64 = 4;
/// A file that is not on the shelf and has the wanted name is passed over so many times.
const MAX_STRAYS: u32 = 100_000;

/// A file without its final name.
#[derive(Debug)]
pub(super) struct Writing<F> {
    file: F,
    dialect: Dialect,
    begun: Stamp,
    /// Captures that are being written to it.
    pub(super) captures: usize,
    /// A part of a record lies behind what is whole.
    is_torn: bool,
}

impl<D: Disk> Store<D> {
    /// Where a file is, by its form.
    pub(super) fn path(&self, stem: &str, form: Form) -> PathBuf {
        let ending = match form {
            Form::Open | Form::Unnamed => name::PARTIAL,
            Form::Plain => name::VSL,
            Form::Compressed => name::ZST,
        };
        self.options.dir.join(format!("{stem}{ending}"))
    }

    /// The file that takes further captures of this dialect.
    pub(super) fn rolling_for(&mut self, dialect: Dialect, now: Stamp) -> Option<Key> {
        let key = self.rolling?;
        if self.writing.get(&key)?.dialect == dialect && !self.is_over(key, now) {
            return Some(key);
        }
        self.rolling = None;
        self.complete_unless_written(key, now);
        None
    }

    /// Whether a file has reached a limit at which the next one is begun.
    fn is_over(&self, key: Key, now: Stamp) -> bool {
        let (Some(roll), Some(writing)) = (self.options.roll, self.writing.get(&key)) else {
            return true;
        };
        let len = self.shelf.get(key).map_or(0, |file| file.len);
        len >= roll.bytes.min(self.options.max_bytes / 4)
            || now.since(writing.begun) >= roll.age
            || writing.is_torn
    }

    /// Makes the file for a capture.
    pub(super) fn create_file(
        &mut self,
        head: CaptureHead<'_>,
        now: Stamp,
    ) -> Result<Key, Refusal> {
        self.make_room(counted(MAGIC_BYTES + head.expect_bytes), 1, now)?;
        let (stem, made) = self.create_unlike_others(head);
        let file = self.or_trouble(made, now)?;
        let key = Key { time: head.time, number: self.next_number() };
        self.shelf.put(key, stem, MAGIC_BYTES, Form::Open, now);
        let writing =
            Writing { file, dialect: head.dialect, begun: now, captures: 0, is_torn: false };
        self.writing.insert(key, writing);
        if self.options.roll.is_some() {
            self.rolling = Some(key);
        }
        Ok(key)
    }

    /// Makes a file with a name that no other has.
    fn create_unlike_others(&self, head: CaptureHead<'_>) -> (String, io::Result<D::File>) {
        let mut copy = 0;
        loop {
            let stem = name::stem(head.time, head.rule, head.class, head.xid, copy);
            copy += 1;
            if self.shelf.has(&stem) {
                continue;
            }
            let made = self.create_with_magic(&stem, head.dialect);
            let is_taken = |error: &io::Error| error.kind() == ErrorKind::AlreadyExists;
            if made.as_ref().is_err_and(is_taken) && copy < MAX_STRAYS {
                continue;
            }
            return (stem, made);
        }
    }

    /// Makes a file under a name that nobody reads, and gives it the one that is read when it has its magic: a
    /// writer that is killed in between leaves no file that readers do not know.
    fn create_with_magic(&self, stem: &str, dialect: Dialect) -> io::Result<D::File> {
        let dir = &self.options.dir;
        self.disk.make_dir(dir)?;
        let (path, fresh) =
            (self.path(stem, Form::Open), dir.join(format!("{stem}{}", name::FRESH)));
        if self.disk.exists(&path)? {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let mut file = self.disk.create(&fresh)?;
        let written = file
            .write_all(&dialect.layout().file_magic())
            .and_then(|()| self.disk.rename(&fresh, &path));
        if let Err(error) = written {
            // Should it stay, the next one that opens the directory removes it.
            let _ = self.disk.remove(&fresh);
            return Err(error);
        }
        Ok(file)
    }

    /// Writes records at the end of a file and says where that was.
    pub(super) fn write(&mut self, key: Key, records: &[u8], now: Stamp) -> Result<u64, Refusal> {
        let len = records.len() as u64;
        let at = self.shelf.get(key).ok_or(Refusal::Ended)?.len;
        self.check_space(len, now)?;
        self.make_room(counted(at + len) - counted(at), 0, now)?;
        let sync = self.options.fsync == Fsync::Always;
        let writing = self.writing.get_mut(&key).ok_or(Refusal::Ended)?;
        let mut result = writing.mend(at);
        if result.is_ok() {
            writing.is_torn = true;
            result = writing.file.write_all(records);
            if result.is_ok() && sync {
                result = writing.file.sync();
            }
            if result.is_ok() && !writing.file.has_name().unwrap_or(true) {
                result = Err(io::Error::new(ErrorKind::NotFound, "the file was removed"));
            }
            match result {
                Ok(()) => writing.is_torn = false,
                // If even this does not work, it is done before anything else is written.
                Err(_) => drop(writing.mend(at)),
            }
        }
        self.or_trouble(result, now)?;
        self.writes_again(now);
        self.shelf.set_len(key, at + len);
        Ok(at)
    }

    /// A capture of this file is over.
    pub(super) fn release(&mut self, key: Key, now: Stamp) {
        if let Some(writing) = self.writing.get_mut(&key) {
            writing.captures = writing.captures.saturating_sub(1);
        }
        if self.rolling != Some(key) || self.is_over(key, now) {
            self.complete_unless_written(key, now);
        }
    }

    /// Completes a file to which no capture is written any more; an empty one is removed.
    pub(super) fn complete_unless_written(&mut self, key: Key, now: Stamp) {
        if self.writing.get(&key).is_none_or(|writing| writing.captures > 0) {
            return;
        }
        if self.rolling == Some(key) {
            self.rolling = None;
        }
        let result = self.complete(key, now);
        // Told by a notice; it is tried again with every tick.
        let _ = self.or_trouble(result, now);
    }

    fn complete(&mut self, key: Key, now: Stamp) -> io::Result<()> {
        let (Some(file), Some(writing)) = (self.shelf.get(key), self.writing.get_mut(&key)) else {
            return Ok(());
        };
        let (stem, len) = (file.stem.clone(), file.len);
        let part = self.options.dir.join(format!("{stem}{}", name::PARTIAL));
        let was_removed = !writing.file.has_name()?;
        if was_removed {
            let what = "somebody removed it while it was written".to_owned();
            self.notices.push(Notice::Odd { path: part.clone(), what });
        }
        if was_removed || len <= MAGIC_BYTES {
            match self.disk.remove(&part) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            self.writing.remove(&key);
            self.shelf.take(key);
            return Ok(());
        }
        writing.mend(len)?;
        let forced = self.options.fsync != Fsync::None;
        if forced {
            writing.file.sync()?;
        }
        self.shelf.set_form(key, Form::Unnamed, now);
        self.disk.rename(&part, &self.path(&stem, Form::Plain))?;
        self.shelf.set_form(key, Form::Plain, now);
        self.writing.remove(&key);
        if forced {
            self.disk.sync_dir(&self.options.dir)?;
            self.index.sync()?;
        }
        Ok(())
    }

    /// Whether the disk failed so recently that it is left alone.
    pub(super) fn waits_for_disk(&self, now: Stamp) -> bool {
        // A clock that was set back must not keep us waiting.
        self.failed_at.is_some_and(|at| now >= at && now.since(at) < RETRY_AFTER)
    }

    /// Notes that the disk failed.
    pub(super) fn or_trouble<T>(
        &mut self,
        result: io::Result<T>,
        now: Stamp,
    ) -> Result<T, Refusal> {
        result.map_err(|error| {
            if self.failed_at.is_none() {
                let path = self.options.dir.clone();
                self.notices.push(Notice::CannotWrite { path, error: error.to_string() });
            }
            self.failed_at = Some(now);
            Refusal::Disk
        })
    }

    /// Records were written. While some writes work and others fail the disk counts as failing.
    fn writes_again(&mut self, now: Stamp) {
        if self.failed_at.is_some() && !self.waits_for_disk(now) {
            self.failed_at = None;
            let (path, lost) = (self.options.dir.clone(), self.accounts.lines_lost);
            self.notices.push(Notice::WritesAgain { path, held: 0, lost });
        }
    }
}

impl<F: DiskFile> Writing<F> {
    /// The dialect of its records.
    pub(super) const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Cuts off what is not whole.
    fn mend(&mut self, len: u64) -> io::Result<()> {
        if self.is_torn {
            self.file.set_len(len)?;
            self.is_torn = false;
        }
        Ok(())
    }
}
