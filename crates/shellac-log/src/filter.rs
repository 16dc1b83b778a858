//! Which records of a transaction are shown: `-i` and `-x`, in the order in which they were given.

use shellac_format::{Dialect, TagSet};

use crate::transaction::LogRecord;

/// A set of tags to hide, built as the options come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    hidden: TagSet,
    /// Tags without a name cannot be listed, so only "hide all" hides them.
    hide_unknown: bool,
    touched: bool,
}

impl Filter {
    /// Shows everything.
    pub const fn new() -> Filter {
        Filter { hidden: TagSet::EMPTY, hide_unknown: false, touched: false }
    }

    /// `-i`: shows these tags. As the very first option it hides all others.
    pub fn include(&mut self, tags: TagSet) {
        if !self.touched {
            self.hidden = TagSet::ALL;
            self.hide_unknown = true;
        }
        self.touched = true;
        self.hidden = self.hidden.without(tags);
    }

    /// `-x`: hides these tags.
    pub fn exclude(&mut self, tags: TagSet) {
        self.touched = true;
        self.hidden = self.hidden.union(tags);
    }

    /// The filter for records of one dialect.
    pub fn compile(&self, dialect: Dialect) -> CompiledFilter {
        let mut shown = [false; 256];
        for number in 1..=253 {
            shown[usize::from(number)] = match shellac_format::Tag::from_number(dialect, number) {
                Some(tag) => !self.hidden.contains(tag),
                None => !self.hide_unknown,
            };
        }
        CompiledFilter { shown }
    }
}

/// A [`Filter`] as one answer per tag number.
#[derive(Clone, Debug)]
pub struct CompiledFilter {
    shown: [bool; 256],
}

impl CompiledFilter {
    /// Whether this record is shown.
    #[inline]
    pub const fn shows(&self, record: &LogRecord<'_>) -> bool {
        self.shown[record.number as usize]
    }
}

#[cfg(test)]
mod tests;
