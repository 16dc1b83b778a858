//! The capture files that are there, and which one goes when room is needed.
//!
//! Of every class the first and the last few stay as long as anything else can go: the first show how it began, the
//! last how it is now, and what is between looks like them. A file with failures of several classes stays when one of
//! them wants it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::stamp::Stamp;

use super::options::BLOCK_BYTES;

/// A file's place: files sort by time, and by number where the time is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) time: Stamp,
    pub(crate) number: u64,
}

/// The form that a file has now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// It is written.
    Open,
    /// It is complete, but could not get its final name yet.
    Unnamed,
    /// A plain file.
    Plain,
    /// A compressed one.
    Compressed,
}

/// A capture file.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// The name without its ending.
    pub(crate) stem: String,
    /// Its length.
    pub(crate) len: u64,
    pub(crate) form: Form,
    /// When it was finished; what was found in the directory was then finished when it was last written.
    pub(crate) finished: Stamp,
    classes: BTreeSet<Arc<str>>,
}

/// All capture files.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    files: BTreeMap<Key, File>,
    /// Only classes that have files.
    classes: BTreeMap<Arc<str>, BTreeSet<Key>>,
    stems: BTreeSet<String>,
    bytes: u64,
    /// Bytes promised to a file that is not on the shelf yet.
    reserved: u64,
}

/// Bytes of a file as they are counted.
pub(crate) const fn counted(len: u64) -> u64 {
    len.div_ceil(BLOCK_BYTES).saturating_mul(BLOCK_BYTES)
}

impl Shelf {
    /// Counted bytes of all files, with what is reserved.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes + self.reserved
    }

    /// Number of files.
    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether a file of this name is there.
    pub(crate) fn has(&self, stem: &str) -> bool {
        self.stems.contains(stem)
    }

    pub(crate) fn get(&self, key: Key) -> Option<&File> {
        self.files.get(&key)
    }

    /// The files, oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (Key, &File)> {
        self.files.iter().map(|(key, file)| (*key, file))
    }

    /// Puts a file there.
    pub(crate) fn put(&mut self, key: Key, stem: String, len: u64, form: Form, finished: Stamp) {
        self.stems.insert(stem.clone());
        self.bytes += counted(len);
        let file = File { stem, len, form, finished, classes: BTreeSet::new() };
        self.files.insert(key, file);
    }

    /// A file has failures of this class.
    pub(crate) fn add_class(&mut self, key: Key, class: &str) {
        let Some(file) = self.files.get_mut(&key) else { return };
        if file.classes.contains(class) {
            return;
        }
        let class = match self.classes.get_key_value(class) {
            Some((class, _)) => Arc::clone(class),
            None => Arc::from(class),
        };
        file.classes.insert(Arc::clone(&class));
        self.classes.entry(class).or_default().insert(key);
    }

    /// A file has another length now.
    pub(crate) fn set_len(&mut self, key: Key, len: u64) {
        if let Some(file) = self.files.get_mut(&key) {
            self.bytes = self.bytes - counted(file.len) + counted(len);
            file.len = len;
        }
    }

    /// A file has another form now.
    pub(crate) fn set_form(&mut self, key: Key, form: Form, finished: Stamp) {
        if let Some(file) = self.files.get_mut(&key) {
            file.form = form;
            file.finished = finished;
        }
    }

    /// Promises so many counted bytes to a file that will be on the shelf later, instead of those promised before.
    pub(crate) fn reserve(&mut self, bytes: u64) {
        self.reserved = bytes;
    }

    /// Takes a file away.
    pub(crate) fn take(&mut self, key: Key) -> Option<File> {
        let file = self.files.remove(&key)?;
        self.bytes -= counted(file.len);
        self.stems.remove(&file.stem);
        for class in &file.classes {
            if let Some(keys) = self.classes.get_mut(class) {
                keys.remove(&key);
                if keys.is_empty() {
                    self.classes.remove(class);
                }
            }
        }
        Some(file)
    }

    /// The file that goes first. Of the class with most files it is the oldest in the middle; when no class has a
    /// middle, the oldest of the class with most. Files that are written, or that `spared` names, do not go.
    pub(crate) fn victim(&self, first: usize, last: usize, spared: &BTreeSet<Key>) -> Option<Key> {
        self.middle_victim(first, last, spared).or_else(|| self.oldest_of_most(spared))
    }

    /// The same without those at the ends.
    pub(crate) fn middle_victim(
        &self,
        first: usize,
        last: usize,
        spared: &BTreeSet<Key>,
    ) -> Option<Key> {
        let foreign = self.files.iter().find(|(key, file)| {
            // Nothing is known about such a file, so nothing speaks for it.
            file.classes.is_empty() && may_go(file, **key, spared)
        });
        if let Some((key, _)) = foreign {
            return Some(*key);
        }
        let mut most: Vec<&BTreeSet<Key>> =
            self.classes.values().filter(|keys| keys.len() > first + last).collect();
        most.sort_by_key(|keys| (std::cmp::Reverse(keys.len()), keys.first().copied()));
        most.into_iter().find_map(|keys| {
            let middle = keys.iter().skip(first).take(keys.len() - first - last);
            middle.copied().find(|key| {
                let Some(file) = self.files.get(key) else { return false };
                may_go(file, *key, spared) && !self.is_at_an_end(file, *key, first, last)
            })
        })
    }

    /// Counted bytes of all files that could go without those at the ends.
    pub(crate) fn bytes_in_the_middle(
        &self,
        first: usize,
        last: usize,
        spared: &BTreeSet<Key>,
    ) -> u64 {
        let goes = |(key, file): &(&Key, &File)| {
            may_go(file, **key, spared) && !self.is_at_an_end(file, **key, first, last)
        };
        self.files.iter().filter(goes).map(|(_, file)| counted(file.len)).sum()
    }

    fn oldest_of_most(&self, spared: &BTreeSet<Key>) -> Option<Key> {
        let mut most: Vec<&BTreeSet<Key>> = self.classes.values().collect();
        most.sort_by_key(|keys| (std::cmp::Reverse(keys.len()), keys.first().copied()));
        most.into_iter().find_map(|keys| {
            let may_go =
                |key: &&Key| self.files.get(key).is_some_and(|file| may_go(file, **key, spared));
            keys.iter().find(may_go).copied()
        })
    }

    /// Whether a file is among the first or the last of any of its classes.
    fn is_at_an_end(&self, file: &File, key: Key, first: usize, last: usize) -> bool {
        file.classes.iter().any(|class| {
            let Some(keys) = self.classes.get(class) else { return false };
            keys.iter().take(first).any(|other| *other == key)
                || keys.iter().rev().take(last).any(|other| *other == key)
        })
    }
}

fn may_go(file: &File, key: Key, spared: &BTreeSet<Key>) -> bool {
    file.form != Form::Open && !spared.contains(&key)
}
