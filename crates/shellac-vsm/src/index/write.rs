//! The writer's half: what a change does to the file.

use std::fmt::Write as _;

use super::{Entry, Header};

/// What has to happen to the file so that it says what the writer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Append these whole lines in one write.
    Append(String),
    /// Write this as a new file and rename it over the old one.
    Replace(String),
}

/// The live segments of one set and how many were removed since the index was last written anew.
///
/// Pure: it says what to write and does not write.
#[derive(Debug, Clone)]
pub struct IndexWriter {
    header: Header,
    live: Vec<Entry>,
    /// `-` lines in the file.
    removals: usize,
}

impl IndexWriter {
    /// An index without segments.
    #[must_use]
    pub fn new(header: Header) -> Self {
        Self { header, live: Vec::new(), removals: 0 }
    }

    /// Who writes.
    #[must_use]
    pub fn header(&self) -> Header {
        self.header
    }

    /// The live segments in the order in which they were added.
    #[must_use]
    pub fn live(&self) -> &[Entry] {
        &self.live
    }

    /// The whole index as it stands, without removals.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{}\n", self.header);
        for entry in &self.live {
            let _ = writeln!(text, "+ {entry}");
        }
        text
    }

    /// Adds a segment: a line more.
    pub fn add(&mut self, entry: Entry) -> Change {
        let line = format!("+ {entry}\n");
        self.live.push(entry);
        Change::Append(line)
    }

    /// Removes the segment in `file` at `offset`; `None` when there is none.
    ///
    /// That is a line more while there are fewer than ten removals in the file, or fewer than half as many as live segments;
    /// then the file is written anew, with the same header.
    pub fn remove(&mut self, file: &str, offset: u64) -> Option<Change> {
        let at = self.live.iter().position(|entry| entry.file == file && entry.offset == offset)?;
        let entry = self.live.remove(at);
        if self.removals < 10 || 2 * self.removals < self.live.len() {
            self.removals += 1;
            Some(Change::Append(format!("- {entry}\n")))
        } else {
            Some(self.replace())
        }
    }

    /// Removes every segment in `file`, the last one first, so that slices go before what they are slices of; `None` when there
    /// is none.
    ///
    /// The same rule decides between lines and a new file, with all of them counted.
    pub fn remove_file(&mut self, file: &str) -> Option<Change> {
        let (gone, live) =
            std::mem::take(&mut self.live).into_iter().partition(|entry| entry.file == file);
        self.live = live;
        let gone: Vec<Entry> = gone;
        let removals = self.removals + gone.len();
        if gone.is_empty() {
            None
        } else if removals <= 10 || 2 * removals < self.live.len() {
            self.removals = removals;
            Some(Change::Append(gone.iter().rev().map(|entry| format!("- {entry}\n")).collect()))
        } else {
            Some(self.replace())
        }
    }

    /// The whole index anew, as at the first publication.
    pub fn replace(&mut self) -> Change {
        self.removals = 0;
        Change::Replace(self.text())
    }
}
