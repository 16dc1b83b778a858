//! Which transactions and records are shown: `-b -c -E`, and `-i -I -x -X` in the order in which they were
//! given.

use std::sync::Arc;

use shellac_format::{ByteSet, Dialect, Side, Tag, TagSet};
use shellac_query::regex::Regex;

use crate::grouper::Compat;
use crate::transaction::{Kind, LogRecord, Reason, Transaction};

/// Whose transactions are wanted: `-b`, `-c` and `-E`.
///
/// Nothing said means everything, which is not the same as both sides: a session has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sides {
    /// `-c`: client requests.
    pub client: bool,
    /// `-b`: what was asked of backends.
    pub backend: bool,
    /// `-E`: client requests that an include made; it comes with `client`.
    pub includes: bool,
}

impl Sides {
    /// Whether nothing was said.
    pub const fn all(self) -> bool {
        !self.client && !self.backend
    }

    /// The side that records must have, when one was chosen.
    pub const fn only(self) -> Option<Side> {
        match (self.client, self.backend) {
            (true, false) => Some(Side::Client),
            (false, true) => Some(Side::Backend),
            _ => None,
        }
    }

    /// Whether a transaction that is this for this reason is wanted.
    pub fn wants(self, kind: Kind, reason: Reason) -> bool {
        if self.all() {
            return true;
        }
        match kind {
            Kind::Request => self.client && (self.includes || reason != Reason::Esi),
            Kind::Backend => self.backend,
            Kind::Raw => true,
            Kind::Session | Kind::Unknown => false,
        }
    }
}

/// What to show, built as the options come.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Whose transactions and records.
    pub sides: Sides,
    /// Whose rules hold; `None`: those of the generation that writes such records.
    pub compat: Option<Compat>,
    hidden: TagSet,
    /// Tags without a name cannot be listed, so only "hide all" hides them.
    hide_unknown: bool,
    touched: bool,
    patterns: Vec<Pattern>,
    /// What payloads of a tag begin with, where that decides.
    starts: Vec<(Tag, ByteSet)>,
}

/// One `-I` or `-X`.
#[derive(Clone, Debug)]
struct Pattern {
    show: bool,
    /// `None`: all, also those without a name.
    tags: Option<TagSet>,
    regex: Regex,
}

impl Filter {
    /// Shows everything.
    pub fn new() -> Filter {
        Filter::default()
    }

    /// `-i`: shows these tags. As the very first option it hides all others.
    pub fn include(&mut self, tags: TagSet) {
        self.begin_with_nothing();
        self.hidden = self.hidden.without(tags);
        self.starts.retain(|(tag, _)| !tags.contains(*tag));
    }

    /// `-x`: hides these tags.
    pub const fn exclude(&mut self, tags: TagSet) {
        self.touched = true;
        self.hidden = self.hidden.union(tags);
    }

    /// `-I`: shows records of these tags (`None`: of any) whose payload matches, whatever else would hide them.
    /// As the very first option it hides all others.
    pub fn include_matching(&mut self, tags: Option<TagSet>, regex: Regex) {
        self.begin_with_nothing();
        self.patterns.push(Pattern { show: true, tags, regex });
    }

    /// `-X`: hides records of these tags (`None`: of any) whose payload matches.
    pub fn exclude_matching(&mut self, tags: Option<TagSet>, regex: Regex) {
        self.touched = true;
        self.patterns.push(Pattern { show: false, tags, regex });
    }

    /// Shows records of this tag whose payload begins with one of these bytes, besides those that are shown already. As the
    /// very first option it hides all others. For who knows what an output looks at; patterns do not go with it.
    pub fn include_starting(&mut self, tag: Tag, bytes: ByteSet) {
        self.begin_with_nothing();
        if self.hidden.contains(tag) {
            self.hidden.remove(tag);
            self.starts.push((tag, bytes));
        } else if let Some((_, starts)) = self.starts.iter_mut().find(|(it, _)| *it == tag) {
            *starts = starts.union(bytes);
        }
    }

    fn begin_with_nothing(&mut self) {
        if !self.touched {
            self.hidden = TagSet::ALL;
            self.hide_unknown = true;
        }
        self.touched = true;
    }

    /// The filter for records of one dialect.
    pub fn compile(&self, dialect: Dialect) -> CompiledFilter {
        let mut shown = [false; 256];
        let mut searched = [false; 256];
        let mut starts = Box::new([ByteSet::ALL; 256]);
        for number in 1..=LAST_NUMBER {
            let tag = Tag::from_number(dialect, number);
            let at = usize::from(number);
            shown[at] = match tag {
                Some(tag) => !self.hidden.contains(tag),
                None => !self.hide_unknown,
            };
            searched[at] = self.patterns.iter().any(|pattern| pattern.is_about(tag));
            if let Some((_, bytes)) = self.starts.iter().find(|(it, _)| tag == Some(*it)) {
                starts[at] = *bytes;
                searched[at] |= *bytes != ByteSet::ALL;
            }
        }
        // Which of several patterns of a kind matches does not matter; that those that show go first does.
        let mut patterns = self.patterns.clone();
        patterns.sort_by_key(|pattern| !pattern.show);
        let sides = match (self.sides.client, self.sides.backend) {
            (false, false) => RecordSides::Any,
            (true, false) => RecordSides::Only(Side::Client),
            (false, true) => RecordSides::Only(Side::Backend),
            // Versions of the older generation ask each record to be on both sides, which none is.
            (true, true) => match self.compat.unwrap_or(Compat::of_dialect(dialect)) {
                Compat::V7 => RecordSides::None,
                Compat::V9 => RecordSides::Any,
            },
        };
        CompiledFilter {
            shown,
            searched,
            starts,
            sides,
            transactions: self.sides,
            patterns: patterns.into(),
        }
    }
}

impl Pattern {
    fn is_about(&self, tag: Option<Tag>) -> bool {
        match (self.tags, tag) {
            (None, _) => true,
            (Some(tags), Some(tag)) => tags.contains(tag),
            (Some(_), None) => false,
        }
    }
}

/// Above it are the marks of a ring.
const LAST_NUMBER: u8 = 253;

/// The sides whose records are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RecordSides {
    Any,
    Only(Side),
    None,
}

/// A [`Filter`] as one answer per tag number, where the number alone decides.
#[derive(Clone, Debug)]
pub struct CompiledFilter {
    shown: [bool; 256],
    /// Tags of which not all records are alike.
    searched: [bool; 256],
    /// What payloads begin with that are shown.
    starts: Box<[ByteSet; 256]>,
    sides: RecordSides,
    transactions: Sides,
    patterns: Arc<[Pattern]>,
}

impl CompiledFilter {
    /// Whether any record with this number can be shown.
    pub const fn may_show(&self, number: u8) -> bool {
        self.shown[number as usize] || self.searched[number as usize]
    }

    /// What payloads of records with this number begin with that can be shown.
    pub fn starts(&self, number: u8) -> ByteSet {
        if self.patterns.is_empty() { self.starts[usize::from(number)] } else { ByteSet::ALL }
    }

    /// Whether records with this number are shown, where the number alone decides.
    pub fn shows_number(&self, number: u8) -> Option<bool> {
        let alone = self.sides == RecordSides::Any && !self.searched[usize::from(number)];
        alone.then_some(self.shown[usize::from(number)])
    }

    /// Whether this record is shown.
    #[inline]
    pub fn shows(&self, record: &LogRecord<'_>) -> bool {
        match self.shows_number(record.number) {
            Some(shown) => shown,
            None => self.shows_after_looking(record),
        }
    }

    fn shows_after_looking(&self, record: &LogRecord<'_>) -> bool {
        if record.number == 0 || record.number > LAST_NUMBER {
            return false;
        }
        match self.sides {
            RecordSides::None => return false,
            RecordSides::Only(side) if record.side != side => return false,
            RecordSides::Only(_) | RecordSides::Any => {}
        }
        let decided = self
            .patterns
            .iter()
            .find(|it| it.is_about(record.tag) && it.regex.is_match(record.payload));
        match decided {
            Some(pattern) => pattern.show,
            None => {
                let at = usize::from(record.number);
                let first = record.payload.first();
                self.shown[at] && first.is_none_or(|&byte| self.starts[at].contains(byte))
            }
        }
    }

    /// Whether this transaction is shown at all.
    pub fn shows_transaction(&self, transaction: &Transaction) -> bool {
        self.transactions.wants(transaction.kind, transaction.reason)
    }
}

#[cfg(test)]
mod tests;
