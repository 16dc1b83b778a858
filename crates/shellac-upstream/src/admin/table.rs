//! What was ordered about backends, outside of any configuration: it outlives reloads, and saved it outlives the program.

use serde::{Deserialize, Serialize};

use super::{Mode, Pattern, Scope, Subject};

/// Orders that a table holds at most.
const ENTRIES: usize = 1000;

/// One order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Which backends, in every configuration where the pattern does not name one.
    pub pattern: Pattern,
    /// What is wanted of them.
    pub mode: Mode,
    /// Who ordered it.
    #[serde(default)]
    pub author: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// Since when, in seconds since 1970.
    pub since: u64,
    /// After how many seconds it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u64>,
}

impl Entry {
    /// When it ends by itself, in seconds since 1970.
    #[must_use]
    pub fn until(&self) -> Option<u64> {
        self.ttl.map(|ttl| self.since.saturating_add(ttl))
    }

    fn is_over(&self, now_unix: u64) -> bool {
        self.until().is_some_and(|until| until <= now_unix)
    }
}

/// The table has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{ENTRIES} orders about backends are in force; take some back first")]
pub struct TableFull;

/// The orders in force. The latest one that means a backend counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    entries: Vec<Entry>,
}

impl Table {
    /// Adds an order; one with the same pattern is replaced.
    ///
    /// [`Mode::Auto`] takes orders back: that of the same pattern, or what earlier ones say about these backends.
    ///
    /// # Errors
    ///
    /// [`TableFull`]; the table is as before.
    pub fn set(&mut self, entry: Entry) -> Result<(), TableFull> {
        let same = self.entries.iter().position(|other| other.pattern == entry.pattern);
        if same.is_none() && self.entries.len() >= ENTRIES {
            return Err(TableFull);
        }
        if let Some(at) = same {
            self.entries.remove(at);
        }
        self.entries.push(entry);
        self.tidy();
        Ok(())
    }

    /// Takes out the orders that are over at `now_unix`.
    pub fn expire(&mut self, now_unix: u64) -> Vec<Entry> {
        let (over, left) = std::mem::take(&mut self.entries)
            .into_iter()
            .partition(|entry: &Entry| entry.is_over(now_unix));
        self.entries = left;
        self.tidy();
        over
    }

    /// When the next order ends by itself, in seconds since 1970.
    #[must_use]
    pub fn next_end(&self) -> Option<u64> {
        self.entries.iter().filter_map(Entry::until).min()
    }

    /// The order that counts for a backend, if one does.
    #[must_use]
    pub fn order(&self, subject: &Subject<'_>, now_unix: u64) -> Option<&Entry> {
        self.entries
            .iter()
            .rev()
            .filter(|entry| !entry.is_over(now_unix))
            .find(|entry| entry.pattern.matches(subject, Scope::Every))
            .filter(|entry| entry.mode != Mode::Auto)
    }

    /// All orders, the oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether nothing is ordered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Removes orders to leave alone what nobody has ordered anything about.
    fn tidy(&mut self) {
        let first = self.entries.iter().position(|entry| entry.mode != Mode::Auto);
        self.entries.drain(..first.unwrap_or(self.entries.len()));
        let everything = |entry: &Entry| {
            entry.mode == Mode::Auto && ["*", "*.*"].contains(&entry.pattern.as_str())
        };
        if let Some(at) = self.entries.iter().rposition(everything) {
            self.entries.drain(..=at);
            self.tidy();
        }
    }
}
