//! The error index: one line for every failing group.
//!
//! `index.jsonl` is the newest file, `index.1.jsonl` the one before it, and so on. Lines are JSON objects: an
//! [`Entry`], or an [`Evicted`] that says that a capture file was removed. Lines are only ever added, in the
//! order in which the failures were seen, and the oldest file goes as a whole when the index has used up its budget.

use serde::{Deserialize, Serialize};

use crate::stamp::Stamp;

mod backward;
mod reader;

#[cfg(test)]
pub(crate) use reader::understand_line;
pub use reader::{BadLine, Item, Lookup, Reader};

/// The newest file of the index.
pub const INDEX_NAME: &str = "index.jsonl";

/// The file that is `age` rotations old.
pub fn index_name(age: u32) -> String {
    if age == 0 { INDEX_NAME.to_owned() } else { format!("index.{age}.jsonl") }
}

/// Files that an index has at most, the newest included.
pub const MAX_INDEX_FILES: u32 = 8;
/// Bytes of the longest line that is written or read.
pub const MAX_LINE_BYTES: usize = 128 << 10;
/// Bytes of the longest text in an entry; what is longer is cut.
pub const MAX_TEXT_BYTES: usize = 2048;
/// Rules in an entry at most.
const MAX_RULES: usize = 16;
/// Bytes of the name of a class or rule.
pub(crate) const MAX_CLASS_BYTES: usize = 128;
/// Transaction numbers in an entry at most. A group has no more transactions in the readers' own limits.
pub const MAX_XIDS: usize = 1024;

/// What became of a failing group. Each has exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// All its records are in a capture file.
    Full,
    /// No rule wants its records: the line is all there is, as intended.
    Index,
    /// Its records were wanted, and a limit said no: a rate, a budget, the space to keep free.
    Suppressed,
    /// Its records were wanted and could not be written.
    Lost,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Outcome; 4] =
        [Outcome::Full, Outcome::Index, Outcome::Suppressed, Outcome::Lost];

    /// The word in the index.
    pub const fn word(self) -> &'static str {
        match self {
            Outcome::Full => "full",
            Outcome::Index => "index",
            Outcome::Suppressed => "suppressed",
            Outcome::Lost => "lost",
        }
    }
}

/// One failing group. What the log does not contain is `None`, in the file `null`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When the failure was seen by the one who wrote the log.
    pub time: Stamp,
    /// The number that users know: that of the request, or of an attempt without one.
    pub xid: u64,
    /// All transactions of the group.
    #[serde(default)]
    pub xids: Vec<u64>,
    /// The instance that wrote the log.
    pub instance: Option<String>,
    /// Of the request.
    pub method: Option<String>,
    /// Of the request.
    pub url: Option<String>,
    /// What the client got.
    pub status: Option<u16>,
    /// The class of the error, `[a-z0-9_]+`.
    pub class: String,
    /// Of the last failed attempt.
    pub backend: Option<String>,
    /// Attempts at backends.
    #[serde(default)]
    pub attempts: u32,
    /// The first error text.
    pub error: Option<String>,
    /// The rules that wanted it.
    #[serde(default)]
    pub rules: Vec<String>,
    /// The name of the capture file, always with the ending `.vsl`; [`crate::files::locate`] finds it when it
    /// is still written or compressed.
    pub file: Option<String>,
    /// Where the group's first record is in the uncompressed file, in bytes.
    pub offset: Option<u64>,
    /// What became of it.
    pub outcome: Outcome,
    /// The client connection.
    pub session: Option<u64>,
    /// Why it was suppressed or lost: a short word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Entry {
    /// An entry about which nothing else is known, with outcome [`Outcome::Index`].
    pub fn new(time: Stamp, xid: u64, class: impl Into<String>) -> Entry {
        Entry {
            time,
            xid,
            xids: vec![xid],
            instance: None,
            method: None,
            url: None,
            status: None,
            class: class.into(),
            backend: None,
            attempts: 0,
            error: None,
            rules: Vec::new(),
            file: None,
            offset: None,
            outcome: Outcome::Index,
            session: None,
            reason: None,
        }
    }

    /// The line of this entry with its line end, never longer than [`MAX_LINE_BYTES`]: texts and
    /// lists that are too long are cut.
    pub(crate) fn to_line(&self) -> Vec<u8> {
        let mut entry = self.clone();
        entry.xids.truncate(MAX_XIDS);
        entry.rules.truncate(MAX_RULES);
        let texts = [
            &mut entry.instance,
            &mut entry.method,
            &mut entry.url,
            &mut entry.backend,
            &mut entry.error,
            &mut entry.file,
            &mut entry.reason,
        ];
        for text in texts.into_iter().flatten() {
            cut(text, MAX_TEXT_BYTES);
        }
        entry.rules.iter_mut().for_each(|rule| cut(rule, MAX_CLASS_BYTES));
        cut(&mut entry.class, MAX_CLASS_BYTES);
        to_line(&entry)
    }
}

/// A capture file was removed to make room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evicted {
    /// Its name as in [`Entry::file`].
    pub evicted: String,
    /// When.
    pub time: Stamp,
}

/// `value` as a line of JSON.
pub(crate) fn to_line(value: &impl Serialize) -> Vec<u8> {
    // Texts, numbers and lists of them: there is nothing in our lines that JSON has no form for.
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line
}

/// Cuts `text` to at most `max_bytes`, at a character.
pub(crate) fn cut(text: &mut String, max_bytes: usize) {
    if text.len() > max_bytes {
        text.truncate(text.floor_char_boundary(max_bytes));
    }
}

#[cfg(test)]
mod tests;
