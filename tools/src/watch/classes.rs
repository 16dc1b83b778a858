//! Failed attempts by class, also of those that are too many to be looked at closely.

use std::collections::HashMap;
use std::sync::Arc;

/// Classes that are told apart.
const CLASSES: usize = 100;
/// Error texts whose class is remembered.
const TEXTS: usize = 512;
/// A longer text is not remembered, in bytes.
const MAX_TEXT: usize = 200;
/// What is beyond the limit.
const OTHER: &str = "other_classes";
/// A failure that was not looked at, with a text that was not seen before.
const UNEXAMINED: &str = "not_examined";

/// What a failure is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) class: Arc<str>,
    /// The client broke it off, or sent something wrong.
    pub(super) is_clients: bool,
}

/// Counts by class.
#[derive(Debug, Default)]
pub(super) struct Classes {
    counts: HashMap<Arc<str>, u64>,
    by_text: HashMap<Box<[u8]>, Kind>,
}

impl Classes {
    /// The one value for the name of a class.
    fn named(&mut self, class: &str) -> Arc<str> {
        if let Some((known, _)) = self.counts.get_key_value(class) {
            return Arc::clone(known);
        }
        let class: Arc<str> = if self.counts.len() < CLASSES { class } else { OTHER }.into();
        self.counts.entry(Arc::clone(&class)).or_default();
        class
    }

    /// A failure that was looked at, with the error text of its attempt.
    pub(super) fn examined(&mut self, text: Option<&[u8]>, class: &str, is_clients: bool) -> Kind {
        let kind = Kind { class: self.named(class), is_clients };
        if let Some(text) = text
            && text.len() <= MAX_TEXT
            && self.by_text.get(text) != Some(&kind)
        {
            if self.by_text.len() >= TEXTS {
                self.by_text.clear();
            }
            self.by_text.insert(text.into(), kind.clone());
        }
        kind
    }

    /// One that was not: what the same text meant the last time.
    pub(super) fn unexamined(&mut self, text: &[u8]) -> Kind {
        match self.by_text.get(text) {
            Some(kind) => kind.clone(),
            None => Kind { class: self.named(UNEXAMINED), is_clients: false },
        }
    }

    /// Counts one.
    pub(super) fn count(&mut self, kind: &Kind) {
        *self.counts.entry(Arc::clone(&kind.class)).or_default() += 1;
    }

    /// All that were counted, the most frequent first.
    pub(super) fn list(&self) -> Vec<(String, u64)> {
        let counted = self.counts.iter().filter(|(_, count)| **count > 0);
        let mut list: Vec<(String, u64)> =
            counted.map(|(class, count)| (class.to_string(), *count)).collect();
        list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        list
    }
}
