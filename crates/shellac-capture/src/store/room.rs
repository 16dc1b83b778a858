//! Making room: within the budget, and on the file system.

use super::disk::Disk;
use super::journal::{Line, RETRY_AFTER};
use super::notice::Notice;
use super::options::KeepFree;
use super::shelf::{Form, Key, counted};
use super::{Refusal, Store, name};
use crate::index::{Evicted, to_line};
use crate::stamp::Stamp;

impl<D: Disk> Store<D> {
    /// Removes files until so many counted bytes and files more are within the budget.
    pub(super) fn make_room(
        &mut self,
        bytes: u64,
        files: usize,
        now: Stamp,
    ) -> Result<(), Refusal> {
        if self.has_room(bytes, files) {
            return Ok(());
        }
        let open = self
            .shelf
            .iter()
            .filter(|(key, file)| file.form == Form::Open || self.spared.contains(key));
        let (open_files, open_bytes) =
            open.fold((0, 0), |(files, bytes), (_, file)| (files + 1, bytes + counted(file.len)));
        let too_small = if open_bytes + bytes > self.options.max_bytes {
            Some("bytes")
        } else if open_files + files > self.options.max_files {
            Some("files")
        } else {
            None
        };
        if let Some(what) = too_small {
            // Nothing is removed when that would not help.
            if !self.is_budget_small {
                self.is_budget_small = true;
                let dir = self.options.dir.clone();
                self.notices.push(Notice::BudgetTooSmall { dir, what });
            }
            return Err(Refusal::Budget);
        }
        while !self.has_room(bytes, files) {
            let (first, last) = (self.options.keep_first, self.options.keep_last);
            let victim = self.shelf.victim(first, last, &self.spared).ok_or(Refusal::Budget)?;
            self.evict(victim, now)?;
        }
        self.is_budget_small = false;
        Ok(())
    }

    pub(super) fn has_room(&self, bytes: u64, files: usize) -> bool {
        self.shelf.bytes().saturating_add(bytes) <= self.options.max_bytes
            && self.shelf.len() + files <= self.options.max_files
    }

    /// Removes a file and says so in the index.
    fn evict(&mut self, key: Key, now: Stamp) -> Result<(), Refusal> {
        let Some(file) = self.shelf.get(key) else { return Ok(()) };
        let (stem, form) = (file.stem.clone(), file.form);
        let removed = match self.disk.remove(&self.path(&stem, form)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        };
        self.or_trouble(removed, now)?;
        self.shelf.take(key);
        self.writing.remove(&key);
        self.accounts.evicted += 1;
        let text = to_line(&Evicted { evicted: format!("{stem}{}", name::VSL), time: now });
        let done = self.index.push(&self.disk, Line { text, about: None }, &|_| true, now);
        self.settle(done);
        Ok(())
    }

    /// Whether the file system keeps enough room when so many bytes are written.
    ///
    /// Files from the middle of their classes make room when that is enough; the first and last stay, however little
    /// room somebody else leaves.
    pub(super) fn check_space(&mut self, bytes: u64, now: Stamp) -> Result<(), Refusal> {
        let missing = self.missing_space(bytes, now)?;
        if let Some(missing) = missing {
            self.give_space(missing, now)?;
        }
        let Some(missing) = self.missing_space(bytes, now)? else {
            self.note_room(now);
            return Ok(());
        };
        if self.low_space.is_none() {
            self.low_space = Some(0);
            let space = self.disk.space(&self.options.dir);
            let space = self.or_trouble(space, now)?;
            let keep = self.options.keep_free.bytes_of(space);
            let free = keep.saturating_add(counted(bytes)).saturating_sub(missing);
            let dir = self.options.dir.clone();
            self.notices.push(Notice::BelowKeepFree { dir, free, keep });
        }
        self.low_space = self.low_space.map(|refused| refused + 1);
        Err(Refusal::KeepFree)
    }

    /// Bytes that are missing on the file system.
    pub(super) fn missing_space(&mut self, bytes: u64, now: Stamp) -> Result<Option<u64>, Refusal> {
        if self.options.keep_free == KeepFree::Bytes(0) {
            // Then there is no limit but the disk's own.
            return Ok(None);
        }
        let space = match self.disk.space(&self.options.dir) {
            // It is made again with the next file; how much room there is shows then.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            space => self.or_trouble(space, now)?,
        };
        let wanted = self.options.keep_free.bytes_of(space).saturating_add(counted(bytes));
        Ok(wanted.checked_sub(space.free).filter(|missing| *missing > 0))
    }

    /// Says that there is room again, when there is clearly more than is to be kept free: next to the limit
    /// small captures find room and larger ones do not.
    pub(super) fn note_room(&mut self, now: Stamp) {
        if self.low_space.is_none() {
            return;
        }
        let margin = self.disk.space(&self.options.dir).map_or(0, |space| space.total / 100);
        if matches!(self.missing_space(margin, now), Ok(None)) {
            let (dir, refused) = (self.options.dir.clone(), self.low_space.take().unwrap_or(0));
            self.notices.push(Notice::AboveKeepFree { dir, refused });
        }
    }

    fn give_space(&mut self, missing: u64, now: Stamp) -> Result<(), Refusal> {
        // Adding up what could go takes a while, so when it was not enough it is left for a moment.
        if self.space_tried_at.is_some_and(|at| now >= at && now.since(at) < RETRY_AFTER) {
            return Ok(());
        }
        let (first, last) = (self.options.keep_first, self.options.keep_last);
        if self.shelf.bytes_in_the_middle(first, last, &self.spared) < missing {
            self.space_tried_at = Some(now);
            return Ok(());
        }
        let mut given = 0;
        while given < missing {
            let Some(key) = self.shelf.middle_victim(first, last, &self.spared) else { break };
            given += self.shelf.get(key).map_or(0, |file| counted(file.len));
            self.evict(key, now)?;
        }
        Ok(())
    }
}
